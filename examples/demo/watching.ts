/** The last act: what the access log says of all this, to an auditor who can open nothing. */
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'
import { hiddenOpening } from './tampering.ts'

type Entry = {
  readonly action: string
  readonly outcome: string
  readonly reason?: string
  readonly object?: { readonly id: string }
  readonly opening: {
    readonly actor?: {
      readonly client: string
      readonly labels?: { readonly client: string; readonly organisation: string }
    }
  }
}

/** What the second column of the screen holds. */
const columns = 54

/**
 * Counts who submitted, claimed, opened and was refused.
 *
 * @param newcomers - what to call the clients that came during the demo
 */
export async function whoDidWhat(
  stage: Stage,
  newcomers: ReadonlyMap<string, string>,
): Promise<void> {
  const { url, world } = stage
  act(18, 'Who did what, as the auditor reads it')
  const token = await world.token(world.clients.auditor)
  const entries = await allEntries(url, token)
  const names = new Map([
    [world.clients.casework, 'casework'],
    [world.clients.clinic, 'clinic'],
    [world.referring.lawFirm.clientId, 'law firm'],
    [world.referring.ngo.clientId, 'NGO'],
    ...newcomers,
  ])
  const told = {
    submitted: entries.filter(
      ({ action, outcome }) => action === 'referral.submitted' && outcome === 'permitted',
    ),
    claimed: entries.filter(
      ({ action, outcome }) => action === 'triage.claimed' && outcome === 'permitted',
    ),
    'were handed sealed': entries.filter(
      ({ action, outcome }) => action === 'referral.opened' && outcome === 'permitted',
    ),
    // Those of callers whom no token has named are summed once their minute is over, which may be after the demo.
    'were refused': entries.filter(
      ({ outcome, opening }) => outcome === 'refused' && opening.actor?.client !== undefined,
    ),
  }
  for (const [what, some] of Object.entries(told)) {
    const counts = new Map<string, number>()
    for (const { opening, reason } of some) {
      const who = names.get(opening.actor?.client ?? '') ?? 'paper'
      const name = reason ? `${who} (${reason})` : who
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    const words = [...counts].sort().map(([who, count]) => `${who} ${count}`)
    for (const [at, line] of linesOf(words).entries()) show(at === 0 ? what : '', line)
  }
  const first = told['were handed sealed'].at(-1)?.object?.id
  if (first) show('who opened the first', await openersOf(url, token, first))
  await hiddenOpening(stage, token)
}

/** As many words on each line as fit. */
function linesOf(words: readonly string[]): string[] {
  const lines: string[] = []
  for (const word of words) {
    const joined = lines.length === 0 ? word : `${lines.at(-1)}, ${word}`
    if (joined.length <= columns) lines.pop()
    lines.push(joined.length <= columns ? joined : word)
  }
  return lines
}

/** Who was handed a referral, by the names of then: as `intake audit --referral ID` says it. */
async function openersOf(url: string, token: string, referralId: string): Promise<string> {
  const entries = await allEntries(url, token, `&object=${referralId}&action=referral.opened`)
  const who = entries.flatMap(({ outcome, opening: { actor } }) => {
    const { client, organisation } = actor?.labels ?? {}
    return outcome === 'permitted' ? [`${client} (${organisation})`] : []
  })
  return [...new Set(who)].join(', ')
}

async function allEntries(url: string, token: string, filter = ''): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let cursor = ''; ; ) {
    const page = await fetch(`${url}/v1/audit/entries?limit=200${filter}${cursor}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const { entries: more, next } = (await page.json()) as { entries: Entry[]; next?: string }
    entries.push(...more)
    if (!next) return entries
    cursor = `&cursor=${next}`
  }
}
