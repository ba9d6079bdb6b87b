/**
 * A recipient that opened a referral states the urgency that the rules give for its answers, which the
 * service cannot read: a client that sealed less than that, or a removal that has come nearer since, keeps
 * nobody at the end of the queue. The highest stated stands, and none lowers an item.
 */
import type { Audit } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import type { Directory } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import { headerHash } from '../protocol/envelope/envelope.ts'
import { urgencyVerifies } from '../protocol/envelope/urgency.ts'
import type { Header } from '../referral/header.ts'
import { readsOf } from '../referral/rules.ts'
import { mostUrgent } from '../referral/urgency.ts'
import type { Triage } from '../triage/service.ts'
import { keepStatement, requireId, standingUrgency } from '../vault/naming.ts'
import type { Referrals } from '../vault/service.ts'
import type { StatedUrgency, UrgencyRequest } from './schemas.ts'
import { requireSealedTo, requireSigner } from './signing.ts'

type Options = {
  database: Database
  audit: Audit
  directory: Directory
  referrals: Referrals
  triage: Triage
}

/** A statement is of now: one that was kept back could raise an item long after. */
const clockDiffersMsMax = 5 * 60_000

export type Stating = ReturnType<typeof createStating>

export function createStating({ database, audit, directory, referrals, triage }: Options) {
  /** Takes a recipient's word on the urgency of one referral. Safe to repeat. */
  function stateUrgency(
    caller: KnownCaller,
    name: string,
    { signature, ...statement }: UrgencyRequest,
  ): Promise<StatedUrgency> {
    return database.inTransaction(caller, async (tx) => {
      const recipient = await requireSigner(directory, tx, caller, signature.kid, readsOf)
      const referralId = await requireId(tx, name)
      const stored = await referrals.headerOf(tx, referralId, recipient.kid)
      if (!stored) throw new Refusal('not-found', `no referral ${referralId} for that key`)
      await requireSealedTo(directory, tx, recipient, stored.keysetVersion, readsOf)
      const signingKey = decodeBase64url(recipient.signingKey, 32)
      if (!urgencyVerifies(headerHash(stored.header), statement, signature, signingKey)) {
        throw new Refusal('signature-invalid', 'signature is not over this statement of urgency')
      }
      requireNow(statement.at, tx.now)
      const { urgency: sealed } = parseCanonical(stored.header) as Header
      const before = await standingUrgency(tx, referralId, sealed)
      const urgency = mostUrgent(before, statement.urgency)
      if (urgency !== before) {
        const signed = { signer: signature.kid, signature: decodeBase64url(signature.value, 64) }
        await keepStatement(tx, { referralId, ...statement, ...signed })
        await triage.raise(tx, referralId, urgency)
      }
      const object = { kind: 'referral', id: referralId } as const
      const { rules, urgency: stated } = statement
      const details = { rules, stated, before }
      await audit.append(tx, caller, {
        ...{ action: 'urgency.stated', object, recipient: recipient.kid, details },
      })
      return { referralId, before, urgency }
    })
  }

  return { stateUrgency }
}

function requireNow(at: string, now: Date): void {
  const differsMs = Math.abs(Date.parse(at) - now.getTime())
  if (differsMs <= clockDiffersMsMax) return
  const detail = 'at is over 5 minutes from the clock of the service, which `Date` shows'
  throw new Refusal('clock-differs', detail)
}
