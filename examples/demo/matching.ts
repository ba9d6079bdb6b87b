/** Acts 7 and 8: three organisations refer one person, and a pair that a person must judge. */
import type { Draft } from '../../src/client/index.ts'
import { act, hex, show } from './screen.ts'
import type { Stage } from './stage.ts'

type Name = 'telephone' | 'lawFirm' | 'ngo'

const organisations: Record<Name, string> = {
  telephone: 'casework',
  lawFirm: 'law firm',
  ngo: 'NGO',
}

type Known = { readonly given: string; readonly family: string; readonly born: string }

/** One man, as three people heard his name; each got the Home Office's number of him. */
const spelt: readonly (Known & { readonly by: Name })[] = [
  { by: 'telephone', given: 'Muhammad', family: 'Yousefzai', born: '1994-03-11' },
  { by: 'lawFirm', given: 'Mohammed', family: 'Yusufzai', born: '1994-03-11' },
  { by: 'ngo', given: 'Yousafzai', family: 'Mohamad', born: '1994-11-03' },
]
const fileNumber = 'Y7654321'

/** Alike, and no number to tell by: the same woman, or her cousin? */
const alike: readonly (Known & { readonly by: Name })[] = [
  { by: 'lawFirm', given: 'Semira', family: 'Tesfay', born: '1990-06-20' },
  { by: 'ngo', given: 'Samira', family: 'Tesfai', born: '1990-06-22' },
]

/** Refers one person three times; shows what the server compared, and what became of the queue. */
export async function threeSpellings(stage: Stage): Promise<void> {
  act(7, 'Three organisations refer one man, and none learns of the others')
  const ids = await referAll(stage, spelt, fileNumber)
  for (const { by, given, family, born } of spelt) {
    show(organisations[by], `${given} ${family}, born ${born}`)
  }
  const { superuser } = stage
  const values = await superuser<{ type: string; value: Uint8Array; referrals: number }[]>`
    select type, value, count(*)::int as referrals from match_value
    where referral_id = any (${ids}::uuid[])
    group by type, value order by count(*) desc, type not like 'REF%', type, value`
  for (const { type, value, referrals } of values.slice(0, 3)) {
    show(`server saw ${type}`, `${hex(value)} ${'×'.repeat(referrals)}`)
  }
  const shared = values.filter(({ referrals }) => referrals > 1).length
  show('and', `${values.length - 3} more values, ${shared} in all that two or three share; no name`)
  await paired(stage)
  const cases = await casesOf(stage, ids)
  const items = await stage.superuser`
    select from triage_item where case_id = any (${cases}::uuid[])
      and completed_at is null and merged_into is null`
  show('a moment later', `${cases.length} case of 3 referrals, ${items.length} item on the queue`)
  if (cases.length !== 1 || items.length !== 1) throw new Error('they are not one')
}

/** Refers two who may be one; a person is asked, judges, and takes it back. */
export async function doubtfulPair(stage: Stage): Promise<void> {
  act(8, 'Two who may be one: a person is asked, decides, and takes it back')
  const ids = await referAll(stage, alike)
  for (const { by, given, family, born } of alike) {
    show(organisations[by], `${given} ${family}, born ${born}`)
  }
  await paired(stage)
  const due = await queueOf(stage, ids)
  const casework = stage.reader('casework')
  const [first = '', second = ''] = await casesOf(stage, ids)
  const { possibleMatches } = await casework.possibleMatches(first)
  const asked = possibleMatches.find(({ otherId }) => otherId === second)
  if (!asked) throw new Error('nobody is asked')
  show('asked, at odds of', `${Math.round((asked.probability ?? 0) * 100)} in 100`)
  const agreeing = asked.bits.filter(({ because }) => because !== 'missing')
  for (const { words, bits } of agreeing.sort((a, b) => b.bits - a.bits)) {
    show(`${bits.toFixed(1)} bits`, words)
  }
  const merged = await casework.decide(first, second, 'same')
  show('casework decides: same', `${(await queueOf(stage, ids)).length} item on the queue`)
  await casework.split(merged.caseId, [ids[1] ?? ''], 'unsure')
  const again = await queueOf(stage, ids)
  const restored = JSON.stringify(again) === JSON.stringify(due)
  show('and takes it back', `${again.length} items, due when they were: ${restored ? 'yes' : 'no'}`)
  if (!restored) throw new Error('the queue is not as it was')
}

async function referAll(
  stage: Stage,
  people: readonly (Known & { readonly by: Name })[],
  number?: string,
): Promise<string[]> {
  const ids: string[] = []
  for (const person of people) {
    const referrer = stage.referrer(person.by)
    const { referralId } = await referrer.submit(await referrer.seal(draftOf(person, number)))
    ids.push(referralId)
  }
  return ids
}

function draftOf({ given, family, born, by }: Known & { by: Name }, number?: string): Draft {
  const identifiers = number ? [{ type: 'home_office_file' as const, value: number }] : []
  return {
    channel: by === 'lawFirm' ? 'legal_representative' : 'partner_ngo',
    region: 'unknown',
    referral: {
      identity: {
        ...{ givenNames: given, familyName: family, dateOfBirth: { date: born } },
        ...(number && { identifiers }),
      },
    },
  }
}

/** Pairing comes after the answer: at most a second. */
export async function paired({ superuser }: Stage): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    const waiting = await superuser`select from pairing`
    if (waiting.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('pairing takes too long')
}

/** The cases of these referrals, each once. */
export async function casesOf({ superuser }: Stage, ids: readonly string[]): Promise<string[]> {
  const rows = await superuser<{ id: string }[]>`
    select distinct case_id as id from referral_case
    where referral_id = any (${ids as string[]}::uuid[]) order by case_id`
  return rows.map(({ id }) => id)
}

/** When each of these is due on the queue, item by item. */
export async function queueOf({ superuser }: Stage, ids: readonly string[]) {
  return superuser<{ due: Date }[]>`
    select due_at as due from triage_item
    where referral_ids && ${ids as string[]}::uuid[]
      and completed_at is null and merged_into is null
    order by due_at`
}
