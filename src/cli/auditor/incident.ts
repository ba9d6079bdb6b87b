import type { AuditEntry } from '../../client/entries.ts'
import { timesOf, whoOf } from '../../client/entrywords.ts'
import type { Exposure } from '../../client/exposure.ts'
import { type Command, type Input, type Report, UsageError } from '../command.ts'
import { connectionDetails } from '../settings.ts'
import { breachReport } from './article33.ts'
import { entriesOf, exposureOf, keysIn } from './asking.ts'
import type { BoundClient } from './bound.ts'
import { type Get, getterOf, signInOptions } from './getter.ts'
import { dayOf } from './london.ts'

/** A recipient key, as the newest keyset that names it calls it, and what it opens. */
export type NamedKey = {
  readonly kid: string
  readonly label?: string
  readonly compartments?: readonly string[]
  /** Whether the newest keyset names it: then new referrals are sealed to it. */
  readonly isNamed: boolean
}

/** What was handed out of one referral in the time that is asked about. */
export type Handed = {
  readonly referralId: string
  readonly reference?: string
  readonly times: number
  readonly first: string
  readonly last: string
  /** Escaped. */
  readonly to: readonly string[]
}

/** How often a client did one thing, or was kept from it. */
export type Act = { readonly action: string; readonly outcome: string; readonly times: number }

export type Incident = {
  /** A key that was lost, or a client whose credential was stolen. */
  readonly lost: 'key' | 'client'
  readonly from: string
  readonly to: string
  readonly madeAt: string
  readonly keysetVersion: number
  readonly keys: readonly NamedKey[]
  readonly clients: readonly BoundClient[]
  readonly couldOpen: Exposure['referrals']
  readonly handedOut: readonly Handed[]
  /** Openings for a key of this client by one whose name was removed from the log. */
  readonly unnamed: number
  /** Of a client. */
  readonly acts: readonly Act[]
}

/** `intake audit incident`. */
export const auditIncident: Command = {
  operands: '',
  summary: 'Say what a lost recipient key or a stolen credential could open, and did.',
  details: `Written as UK GDPR Article 33(3) asks for it, for the report to the ICO. What only a person can say
stands in brackets. A key opens whatever was sealed to it before the end of --to, since whenever; --from
and --to bound what the service handed out for it. A client could ask for what its keys open while it
was let in; --from and --to bound what it did. You sign in as INTAKE_CLIENT: --client is the other one.

${connectionDetails}`,
  options: {
    ...signInOptions,
    kid: { value: 'KID', help: 'The recipient key that was lost.' },
    client: { value: 'CLIENT', help: 'The id of the client whose credential was stolen.' },
    from: { value: 'DAY', help: 'today, yesterday, 2026-11-29, or an instant in UTC.' },
    to: { value: 'DAY', help: 'The same; of a day all of it.' },
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const { subject, from, to } = askedBy(input)
    const get = await getterOf(signedInByEnvironment(input))
    const bounds = { from, to }
    const exposed = await exposureOf(get, new URLSearchParams({ ...subject, ...bounds }))
    const kids = subject.kid === undefined ? (exposed.clients[0]?.kids ?? []) : [subject.kid]
    const told = await toldBy(get, new URLSearchParams(bounds), kids, subject.client)
    const { entries, ...counted } = told
    const incident: Incident = {
      lost: subject.kid === undefined ? 'client' : 'key',
      ...bounds,
      madeAt: new Date().toISOString(),
      ...(await namedKeys(get, kids)),
      clients: exposed.clients,
      couldOpen: exposed.referrals,
      handedOut: handedOut(entries, exposed.referrals),
      ...counted,
    }
    const failed = entries.some(({ intact }) => !intact)
    return { value: incident, text: breachReport(incident, failed), failed }
  },
}

type Subject =
  | { readonly kid: string; readonly client?: never }
  | { readonly kid?: never; readonly client: string }

/** What is asked about. @throws UsageError unless it is one key or one client, in a time that has an end */
function askedBy(input: Input): { subject: Subject; from: string; to: string } {
  const [kid, client, now] = [input.text('kid'), input.text('client'), new Date()]
  const from = dayOf('from', input.needed('from'), now)
  const to = dayOf('to', input.needed('to'), now)
  if (from.slice(0, 10) > to.slice(0, 10)) throw new UsageError('--from is after --to')
  if (kid !== undefined && client === undefined) {
    if (/^[A-Za-z0-9_-]{22}$/.test(kid)) return { subject: { kid }, from, to }
    throw new UsageError('--kid is the id of a recipient key: 22 letters, digits, - or _')
  }
  if (client === undefined || kid !== undefined) {
    throw new UsageError('name what was lost: --kid KID, or --client CLIENT')
  }
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(client))
    return { subject: { client }, from, to }
  throw new UsageError('--client is the id of a client, not its name: intake admin client list')
}

/** `--client` of this command is not who signs in. */
function signedInByEnvironment(input: Input): Input {
  return { ...input, text: (name) => (name === 'client' ? undefined : input.text(name)) }
}

/** What the log tells of the time: all that was handed out for the keys, or all that the client did. */
async function toldBy(
  get: Get,
  bounds: URLSearchParams,
  kids: readonly string[],
  client: string | undefined,
): Promise<{ entries: AuditEntry[]; acts: Act[]; unnamed: number }> {
  const openings: AuditEntry[] = []
  const handing = { action: 'referral.opened', outcome: 'permitted' }
  for await (const entry of entriesOf(get, withMembers(bounds, handing))) {
    if (entry.recipient !== undefined && kids.includes(entry.recipient)) openings.push(entry)
  }
  if (client === undefined) return { entries: openings, acts: [], unnamed: 0 }
  const counts = new Map<string, Act>()
  for await (const entry of entriesOf(get, withMembers(bounds, { actor: client }))) {
    const { action, outcome } = entry
    const times = (counts.get(`${action} ${outcome}`)?.times ?? 0) + timesOf(entry)
    counts.set(`${action} ${outcome}`, { action, outcome, times })
  }
  return {
    entries: openings.filter(({ opening }) => opening.actor?.client === client),
    acts: [...counts.values()].sort((a, b) => b.times - a.times),
    unnamed: openings.filter(({ opening }) => !opening.actor).length,
  }
}

function withMembers(bounds: URLSearchParams, members: Record<string, string>): URLSearchParams {
  return new URLSearchParams([...bounds, ...Object.entries(members)])
}

/** Each key as the newest keyset that names it does; the versions are walked back until all are found. */
async function namedKeys(get: Get, kids: readonly string[]) {
  const newest = await keysIn(get)
  const keys = new Map<string, NamedKey>()
  for (let { version, recipients } = newest; ; ) {
    for (const { kid, label, compartments } of recipients) {
      if (!kids.includes(kid) || keys.has(kid)) continue
      keys.set(kid, { kid, label, compartments, isNamed: version === newest.version })
    }
    if (keys.size === kids.length || version <= 1) break
    ;({ version, recipients } = await keysIn(get, version - 1))
  }
  const named = kids.map((kid) => keys.get(kid) ?? { kid, isNamed: false })
  return { keysetVersion: newest.version, keys: named }
}

/** What was handed out of each referral, the newest first. */
function handedOut(entries: readonly AuditEntry[], known: Exposure['referrals']): Handed[] {
  const references = new Map(known.map(({ referralId, reference }) => [referralId, reference]))
  const handed = new Map<string, Handed>()
  for (const entry of entries) {
    const referralId = entry.object?.id ?? ''
    const { times = 0, last = entry.at, to = [] } = handed.get(referralId) ?? {}
    const reference = references.get(referralId)
    handed.set(referralId, {
      referralId,
      ...(reference !== undefined && { reference }),
      ...{ times: times + 1, first: entry.at, last },
      to: [...new Set([...to, whoOf(entry)])],
    })
  }
  return [...handed.values()]
}
