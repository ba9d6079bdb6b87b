/**
 * Writes the example referrals: one file for each row of `referrals/rows.csv`, with what was invented
 * around the row in `referrals/people.ts` and `referrals/accounts.ts`. The same rows give the same
 * files.
 *
 *     node examples/make-referrals.ts
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Draft, DraftReferral } from '../src/referral/draft.ts'
import { type Account, accounts } from './referrals/accounts.ts'
import { type Person, people } from './referrals/people.ts'
import { regionOfPlace } from './regions.ts'

const folder = fileURLToPath(new URL('./referrals/', import.meta.url))

const sources = {
  self: { file: 'telephone', channel: 'detained_person_phone' },
  lawyer: { file: 'law-firm', channel: 'legal_representative' },
  ngo: { file: 'ngo', channel: 'partner_ngo' },
} as const

type Source = keyof typeof sources
type Answers = Required<DraftReferral>

interface Row {
  person: string
  source: Source
  given: string
  family: string
  born: string | undefined
  file: string
  phone: string
  country: string
}

/** The drafts by file name, without writing them. */
export function makeReferrals(): Map<string, Draft> {
  const rows = readRows()
  const count = { self: 0, lawyer: 0, ngo: 0 }
  const drafts = rows.map((row): [string, Draft] => {
    count[row.source] += 1
    const number = String(count[row.source]).padStart(2, '0')
    return [`${sources[row.source].file}-${number}.json`, draftOf(row, initialOf(row, rows))]
  })
  return new Map(drafts)
}

function readRows(): Row[] {
  const [, ...lines] = readFileSync(`${folder}rows.csv`, 'utf8').trim().split('\n')
  return lines.map((line) => {
    const [e = '', src, given = '', sur = '', y, m, d, ref = '', phone = '', country = ''] =
      line.split(',')
    return {
      person: e,
      source: src as Source,
      given: capitalised(given),
      family: capitalised(sur),
      born: y ? `${y}-${m}-${d}` : undefined,
      file: ref,
      phone: phone.replace(/^0/, '+44'),
      country,
    }
  })
}

/** The rows hold file numbers without their letter, which is the initial of a person's first row. */
function initialOf({ person }: Row, rows: Row[]): string {
  return rows.find((row) => row.person === person)?.family[0] ?? 'X'
}

function draftOf(row: Row, initial: string): Draft {
  const person = people[row.person]
  const account = accounts[`${row.person} ${row.source}`]
  if (!person || !account) throw new Error(`nothing is told of ${row.person} by ${row.source}`)
  const { urgency } = account
  return {
    channel: sources[row.source].channel,
    region: account.regionUnknown ? 'unknown' : regionOfPlace[person.place],
    ...(urgency && { urgency }),
    referral: account.dropped
      ? {
          identity: { familyName: row.family, givenNames: row.given },
          referrer: referrerOf(row),
          narrative: { story: account.story },
        }
      : referralOf(row, person, account, initial),
  }
}

function referralOf(row: Row, person: Person, account: Account, initial: string): DraftReferral {
  const told = account.answers ?? {}
  return {
    interpreting: { ...interpretingOf(row, person), ...told.interpreting },
    identity: { ...identityOf(row, person, initial), ...told.identity },
    contact: {
      ...(row.phone && { phone: row.phone }),
      ...(person.wing && { extension: person.wing }),
      ...told.contact,
    },
    consent: { ...consentOf(row, person), ...told.consent },
    referrer: referrerOf(row),
    detention: {
      // Who says where the person is, says since when.
      ...(told.detention?.places ? {} : stayOf(person)),
      segregation: 'none',
      acdt: { open: row.source === 'self' ? 'no' : 'unknown' },
      ...told.detention,
    },
    legal: { ...legalOf(row), ...told.legal },
    clinical: { ...clinicalOf(row, person), ...told.clinical },
    narrative: { story: account.story, ...told.narrative },
    documents: { ...told.documents },
  }
}

function interpretingOf({ given, source }: Row, person: Person): Answers['interpreting'] {
  const own = {
    iso639_3: person.language,
    spoken: 'first',
    needsInterpreter: person.interpreter,
  } as const
  const english = {
    iso639_3: 'eng',
    spoken: person.interpreter === 'no' ? 'fluent' : 'some',
    needsInterpreter: person.interpreter,
  } as const
  return {
    callName: given.split(' ')[0] ?? given,
    languages: [own, english],
    safeToLeaveMessage: source === 'self' ? 'no' : 'unknown',
    ...(source === 'self' && { bestTime: 'After 14:00, before roll-call at 17:30.' }),
  }
}

function identityOf(row: Row, person: Person, initial: string): Answers['identity'] {
  const random = seeded(Number(row.person))
  const fours = () => String(Math.floor(random() * 10_000)).padStart(4, '0')
  const uan = [fours(), fours(), fours(), fours()].join('-')
  const identifiers = [
    ...(row.file ? [{ type: 'home_office_file' as const, value: `${initial}${row.file}` }] : []),
    ...(row.source === 'lawyer' ? [{ type: 'uan' as const, value: uan }] : []),
  ]
  return {
    familyName: row.family,
    givenNames: row.given,
    ...(person.nameInOwnScript &&
      row.source !== 'lawyer' && { nameInOwnScript: person.nameInOwnScript }),
    ...(row.born && { dateOfBirth: { date: row.born } }),
    gender: person.gender,
    nationalities: [row.country],
    ...(identifiers.length > 0 && { identifiers }),
  }
}

function consentOf({ source }: Row, person: Person): Answers['consent'] {
  const spoken = person.interpreter === 'yes' ? 'interpreter' : 'verbal'
  const how = source === 'lawyer' ? 'written' : spoken
  return {
    personKnows: 'yes',
    given: [
      { to: 'assessment', answer: 'given', how, on: '2026-11-20' },
      { to: 'records_request', answer: 'given', how, on: '2026-11-20' },
      { to: 'contact_home_office', answer: source === 'lawyer' ? 'refused' : 'not_asked' },
    ],
    capacityConcern: source === 'self' ? 'not_asked' : 'none',
  }
}

function stayOf({ place, prison, wing, detainedSince }: Person): Answers['detention'] {
  const stay = { place, ...(prison && { prison }), ...(wing && { wing }), from: detainedSince }
  return { places: [stay], detainedSince }
}

const firms = ['Harbour Lane Solicitors', 'Northgate Immigration Law', 'Ashdown & Reed']
const charities = ['Open Gate Visitors', 'Lantern Casework', 'The Thursday Visitors']

function referrerOf({ person, source, given, family }: Row): Answers['referrer'] {
  const random = seeded(Number(person))
  const number = 100 + Math.floor(random() * 900)
  const pick = <Item>(items: Item[]) => items[number % items.length] as Item
  if (source === 'self') {
    return { role: 'Detained person', name: `${given} ${family}`, typedBy: 'Caseworker, telephone' }
  }
  if (source === 'ngo') {
    return {
      reference: `V-2026-${number}`,
      role: 'Visitor coordinator',
      organisation: pick(charities),
      email: 'coordinator@visitors.example',
    }
  }
  return {
    reference: `${number}/26`,
    role: 'Solicitor',
    organisation: pick(firms),
    regulatorNumber: `SRA ${number}${number}`,
    phone: `+442079460${number}`,
    email: `matter-${number}@law.example`,
  }
}

function legalOf(row: Row): Answers['legal'] {
  if (row.source === 'self') return { representative: 'unknown', removal: 'no' }
  if (row.source === 'ngo') return { representative: 'unknown', removal: 'unknown' }
  const firm = referrerOf(row).organisation
  return { representative: { ...(firm && { firm }), legalAid: 'yes' }, removal: 'no' }
}

/** The safety questions: a person is asked them on the telephone; others may have no answer. */
function clinicalOf({ source }: Row, { gender }: Person): Answers['clinical'] {
  const answer = source === 'self' ? 'no' : 'unknown'
  return {
    requested: 'not_asked',
    torture: 'unknown',
    selfHarm: answer,
    suicidalThoughts: answer,
    pregnancy: gender === 'man' ? 'no' : answer,
    foodRefusalSince: answer,
    fluidRefusalSince: answer,
    remoteAssessmentPossible: 'unknown',
  }
}

function capitalised(name: string): string {
  return name.replace(/(^|[ -])([a-z])/g, (_, before, letter) => before + letter.toUpperCase())
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

if (import.meta.main) {
  for (const [file, draft] of makeReferrals()) {
    writeFileSync(folder + file, `${JSON.stringify(draft, null, 2)}\n`)
  }
  const biome = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'))
  execFileSync(process.execPath, [biome, 'format', '--write', folder], { stdio: 'inherit' })
}
