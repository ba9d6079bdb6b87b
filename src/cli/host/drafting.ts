/** The draft of the next keyset, as `intake keyset draft` writes it on the host. */
import { Refusal } from '../../errors.ts'
import type { Accepted } from '../../protocol/trust/chain.ts'
import { Keyset } from '../../protocol/trust/keyset.ts'
import { keysetFaults } from '../../protocol/trust/rules.ts'
import { schemaProblems } from '../../referral/problems.ts'
import { refuse } from '../ceremony/signing.ts'

/** Days from the draft on which a new keyset is wanted, and on which this one ends. */
const daysGood = { refresh: 335, end: 365 }

/**
 * The newest keyset with the next number and fresh dates, and over it the members of `changes`. The
 * first keyset is all changes. It names the log that is open, `logOrigin`.
 *
 * @throws Refusal `trust-invalid` for one that no root should be asked to sign
 */
export function nextKeyset(
  newest: Accepted<Keyset> | undefined,
  changes: readonly Partial<Keyset>[],
  { origin, logOrigin }: { readonly origin: string; readonly logOrigin?: string | undefined },
): Keyset {
  if (!newest && changes.length === 0) {
    const detail = 'the first keyset is all changes: make them with `intake keyset changes`'
    throw new Refusal('malformed-request', `--changes is missing: ${detail}`)
  }
  const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString()
  const draft: object = Object.assign(
    {
      ...newest?.payload,
      origin,
      version: (newest?.payload.version ?? 0) + 1,
      ...(newest && { previous: newest.sha256 }),
      revokes: [],
      issuedAt: days(0),
      refreshBy: days(daysGood.refresh),
      expiresAt: days(daysGood.end),
      protocols: ['sealed-referral/1'],
      matching: newest?.payload.matching ?? [],
    },
    ...changes,
  )
  refuse(schemaProblems(Keyset, draft).map(({ pointer, detail }) => `${pointer} ${detail}`))
  const named = draft as Keyset
  // The log that is open is the one that clients are to follow, whichever the keyset before named.
  const log = { ...named.log, origin: logOrigin ?? named.log.origin }
  const keyset = { ...named, log }
  const isOwnLog = named.log.origin.startsWith(`${origin}/`)
  refuse([
    ...keysetFaults(keyset, newest),
    ...(isOwnLog ? [] : [`The log is ${named.log.origin}, and ORIGIN is ${origin}.`]),
  ])
  return keyset
}
