import type { AuditEntry } from '../../client/entries.ts'
import { openersOf } from '../../client/entrywords.ts'
import { type Command, type Input, type Report, UsageError } from '../command.ts'
import { referralNamed } from '../recipient/naming.ts'
import { connectionDetails } from '../settings.ts'
import { entriesOf } from './asking.ts'
import { getterOf, signInOptions } from './getter.ts'
import { dayOf } from './london.ts'
import { linesOf, tableOf } from './telling.ts'

/** `intake audit`. */
export const audit: Command = {
  operands: '',
  summary: 'Say who did what: who opened a referral, who tried, and who was refused.',
  details: `The newest first, by London's clock, with names as they were at the time. To ask is itself recorded,
without what was asked. The service says that an entry is intact; a copy made by intake audit export is
what tools check.

${connectionDetails}`,
  options: {
    referral: { value: 'REFERRAL', help: 'About this one: its id, or its reference of 8 digits.' },
    since: { value: 'DAY', help: 'today, yesterday, 2026-11-29, or an instant in UTC.' },
    until: { value: 'DAY', help: 'The same; of a day all of it.' },
    refused: { help: 'Only what was refused.' },
    who: { value: 'LABEL', help: 'Only by clients or organisations with this in their name.' },
    action: { value: 'ACTION', help: 'Only this, such as referral.opened.' },
    limit: { value: 'N', help: 'At most so many: 1 to 10000, else 200.' },
    csv: { help: 'Print a table for spreadsheets.' },
    ...signInOptions,
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    if (input.json && input.given('csv')) throw new UsageError('--json or --csv, not both')
    const limit = input.whole('limit', 1, 10_000) ?? 200
    const query = queryOf(input)
    const { entries, more } = await read(input, query, limit)
    const isData = input.given('csv')
    const text = isData ? tableOf(entries) : wordsOf(input, entries, more)
    return { value: { entries, more }, text, isData, failed: entries.some(({ intact }) => !intact) }
  },
}

function queryOf(input: Input): URLSearchParams {
  const now = new Date()
  const [since, until] = [input.text('since'), input.text('until')]
  const referral = input.texts('referral').map(referralNamed)[0]
  const action = input.text('action')
  return new URLSearchParams({
    ...(since !== undefined && { from: dayOf('since', since, now) }),
    ...(until !== undefined && { to: dayOf('until', until, now) }),
    ...(referral !== undefined && { object: referral }),
    ...(action !== undefined && { action }),
    ...(input.given('refused') && { outcome: 'refused' }),
  })
}

/** The newest `limit` that fit, and whether there are more. Names are sought here, and never sent. */
async function read(input: Input, query: URLSearchParams, limit: number) {
  const who = input.text('who')
  const entries: AuditEntry[] = []
  for await (const entry of entriesOf(await getterOf(input), query)) {
    if (who !== undefined && !isBy(entry, who)) continue
    if (entries.length === limit) return { entries, more: true }
    entries.push(entry)
  }
  return { entries, more: false }
}

function isBy({ opening: { actor } }: AuditEntry, who: string): boolean {
  const { client = '', organisation = '' } = actor?.labels ?? {}
  return [client, organisation].some((label) => label.toLowerCase().includes(who.toLowerCase()))
}

/** Whether all about one referral was asked for: of a part nobody may say that nobody opened it. */
function isWhole(input: Input): boolean {
  const narrowing = ['since', 'until', 'refused', 'who', 'action']
  return input.given('referral') && !narrowing.some((name) => input.given(name))
}

function wordsOf(input: Input, entries: readonly AuditEntry[], more: boolean): string {
  if (entries.length === 0) return 'No entry of the access log fits.'
  const lines = [
    ...(isWhole(input) && !more ? [...openersOf(entries), ''] : []),
    ...entries.flatMap(linesOf),
    ...(more ? [`There are more than ${entries.length}: give --limit, or --until.`] : []),
  ]
  return lines.join('\n')
}
