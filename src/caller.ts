/**
 * Who is calling: what opens a transaction, and what an entry of the access log names. `access/`
 * makes callers from tokens, the command line is `administrator`, and what the service does of its
 * own accord is `system`.
 */

/** What a token may be good for: `resource:verb`. */
export const scopes = {
  'referrals:submit': 'Submit sealed referrals for its own organisation',
  'referrals:open': 'Receive sealed referrals for its own recipient keys',
  'matching:evaluate': 'Have blinded match keys evaluated, within a budget',
  'triage:work': 'Claim, renew, release and complete items of the queue',
  'cases:review': 'See which referrals are taken for one person, and judge it',
  'audit:read': 'Read the access log',
} as const

export type Scope = keyof typeof scopes

/** The scopes a kind of client may be granted at all; the directory grants from these. */
export const grantable: Record<'partner' | 'internal' | 'auditor', readonly Scope[]> = {
  partner: ['referrals:submit', 'matching:evaluate'],
  internal: [
    'referrals:submit',
    'referrals:open',
    'matching:evaluate',
    'triage:work',
    'cases:review',
  ],
  auditor: ['audit:read'],
}

/** A client of ours, known by its token. Ids are UUIDs of the directory tables. */
type KnownClient = {
  readonly clientId: string
  readonly organisationId: string
  readonly scopes: ReadonlySet<Scope>
  /** The person an internal app acts for: an opaque id of its own, never a name. */
  person?: string
  /** The recipient keys this client may claim and open for; empty but for internal apps. */
  readonly kids: ReadonlySet<string>
}

export type CallerKind =
  | 'partner'
  | 'internal'
  | 'auditor'
  | 'administrator'
  | 'anonymous'
  | 'system'

/** `request` is the id that the log, the audit entry and the problem document share. */
export type Caller = { readonly request: string } & (
  | ({ readonly kind: 'partner' | 'internal' | 'auditor' } & KnownClient)
  | { readonly kind: 'administrator' | 'anonymous' | 'system' }
)

/** A caller that a token has named: the only kind that any route with a scope sees. */
export type KnownCaller = Extract<Caller, KnownClient>

/** On a route that declares a scope the caller is always known; anything else is a bug. */
export function knownCaller(caller: Caller): KnownCaller {
  if (!('clientId' in caller)) throw new Error('a route that declares no scope asked who calls')
  return caller
}
