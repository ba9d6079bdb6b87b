/**
 * Who is calling: what opens a transaction, and what an entry of the access log names. `access/`
 * makes callers from tokens, the command line is `administrator`, and what the service does of its
 * own accord is `system`; what puts entries into the tree of the log, and writes none, is `sequencer`.
 */

/** What a token may be good for: `resource:verb`. */
export const scopes = {
  'referrals:submit': 'Submit sealed referrals for its own organisation',
  'referrals:open': 'Receive sealed referrals for its own recipient keys',
  'matching:evaluate': 'Have blinded match keys evaluated, within a budget',
  'triage:work': 'Claim, renew, release and complete items of the queue',
  'cases:review': 'See which referrals are taken for one person, and judge it',
  'messages:write':
    'Read and write the messages about referrals of its own, or of its recipient keys',
  'cases:erase': 'Erase referrals for good, and hold or free what may not be erased',
  'cases:export': 'Have a case whole, for the person whom it is about to be given a copy',
  'grants:write': 'Let further readers open what its own recipient keys hold, and take that back',
  'webhooks:manage': 'Have its server told what becomes of items, by webhooks',
  'documents:write':
    'Upload sealed documents, and fetch those of referrals that its organisation sent',
  'audit:read': 'Read the access log',
} as const

export type Scope = keyof typeof scopes

/** The scopes a kind of client may be granted at all; the directory grants from these. */
export const grantable: Record<'partner' | 'internal' | 'auditor', readonly Scope[]> = {
  partner: ['referrals:submit', 'matching:evaluate', 'messages:write', 'documents:write'],
  internal: [
    'referrals:submit',
    'referrals:open',
    'matching:evaluate',
    'triage:work',
    'cases:review',
    'messages:write',
    'grants:write',
    'webhooks:manage',
    'documents:write',
    'cases:erase',
    'cases:export',
  ],
  auditor: ['audit:read'],
}

/** What is granted by name only: to nobody who was not thought of. */
export const grantedByName: readonly Scope[] = ['cases:erase', 'cases:export']

/** What a client and its organisation are called. */
export type Labels = { readonly client: string; readonly organisation: string }

/** A client of ours, known by its token. Ids are UUIDs of the directory tables. */
type KnownClient = {
  readonly clientId: string
  readonly organisationId: string
  /** What both are called today: an entry of the access log keeps it. */
  readonly labels: Labels
  readonly scopes: ReadonlySet<Scope>
  /** The person an internal app acts for: an opaque id of its own, never a name. */
  person?: string
  /** The recipient keys this client may claim and open for; empty but for internal apps. */
  readonly kids: ReadonlySet<string>
}

/**
 * The kinds of callers, each with the database role that its transactions have: what that role may see
 * and write stands in `migrations/0001_access.sql`. The administrator connects as the owner and stays it.
 */
export const roleOf = {
  partner: 'intake_partner',
  anonymous: 'intake_partner',
  bearer: 'intake_partner',
  internal: 'intake_internal',
  system: 'intake_internal',
  sequencer: 'intake_sequencer',
  auditor: 'intake_auditor',
  administrator: 'none',
} as const

/** `request` is the id that the log, the audit entry and the problem document share. */
export type Caller = { readonly request: string } & (
  | ({ readonly kind: 'partner' | 'internal' | 'auditor' } & KnownClient)
  | { readonly kind: 'anonymous' | 'system' | 'sequencer' | 'administrator' }
  | ByReceipt
)

/**
 * Somebody without an account: `anonymous` sends a referral, and the hash is that which its envelope names;
 * a `bearer` has shown that it holds the receipt itself.
 */
type ByReceipt = { readonly kind: 'anonymous' | 'bearer'; readonly receipt: Uint8Array }

/** A caller that a token has named: the only kind that any route with a scope sees. */
export type KnownCaller = Extract<Caller, KnownClient>

/** A caller that sends referrals, and may see what became of those it sent. */
export type SendingCaller = KnownCaller | Extract<Caller, ByReceipt>

/**
 * Who a referral is from: an organisation, or whoever holds the receipt with this hash. What one sender
 * stored, no other may read, repeat or amend.
 */
export type Sender =
  | { readonly kind: 'organisation'; readonly id: string }
  | { readonly kind: 'receipt'; readonly hash: Uint8Array }

/** On whose behalf `caller` sends; `undefined` for one that sends nothing. */
export function senderOf(caller: SendingCaller): Sender
export function senderOf(caller: Caller): Sender | undefined
export function senderOf(caller: Caller): Sender | undefined {
  if ('receipt' in caller) return { kind: 'receipt', hash: caller.receipt }
  return 'organisationId' in caller
    ? { kind: 'organisation', id: caller.organisationId }
    : undefined
}

/** On a route that declares a receipt the caller has shown one; anything else is a bug. */
export function bearerOf(caller: Caller): SendingCaller {
  if (caller.kind !== 'bearer') throw new Error('a route that declares no receipt asked for one')
  return caller
}

/** On a route that declares a scope the caller is always known; anything else is a bug. */
export function knownCaller(caller: Caller): KnownCaller {
  if (!('clientId' in caller)) throw new Error('a route that declares no scope asked who calls')
  return caller
}
