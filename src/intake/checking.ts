/**
 * A recipient vouches for the match keys of a referral: it opened it, made the keys again, and what
 * it sends stands in the place of what the referrer sent. Nobody could check them before.
 */
import type { Audit } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Cases } from '../cases/service.ts'
import type { Database } from '../database/connect.ts'
import type { Directory } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import type { Matching } from '../matching/service.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import { headerHash } from '../protocol/envelope/envelope.ts'
import { matchKeysVerify } from '../protocol/matching/matchvalues.ts'
import { requireId } from '../vault/naming.ts'
import type { Referrals } from '../vault/service.ts'
import type { CheckedKeys, MatchKeysRequest } from './schemas.ts'
import { requireSealedTo, requireSigner } from './signing.ts'

type Options = {
  database: Database
  audit: Audit
  directory: Directory
  referrals: Referrals
  matching: Matching
  cases: Cases
  wake: () => void
}

/** What match keys are made from. */
const madeFrom = ['identity', 'contact'] as const

export type Checking = ReturnType<typeof createChecking>

export function createChecking({ database, audit, wake, ...services }: Options) {
  const { directory, referrals, matching, cases } = services

  /** Takes a recipient's match keys for one referral and epoch, and has it paired by them. */
  async function checkMatchKeys(
    caller: KnownCaller,
    name: string,
    request: MatchKeysRequest,
  ): Promise<CheckedKeys> {
    const { epoch, values, signature } = request
    const checked = await database.inTransaction(caller, async (tx) => {
      const recipient = await requireSigner(directory, tx, caller, signature.kid, madeFrom)
      const referralId = await requireId(tx, name)
      await directory.requireMatching(tx, { epoch, values })
      const stored = await referrals.headerOf(tx, referralId, recipient.kid)
      if (!stored) throw new Refusal('not-found', `no referral ${referralId} for that key`)
      await requireSealedTo(directory, tx, recipient, stored.keysetVersion, madeFrom)
      const signingKey = decodeBase64url(recipient.signingKey, 32)
      const bound = headerHash(stored.header)
      if (!matchKeysVerify(bound, { epoch, values }, signature, signingKey)) {
        throw new Refusal('signature-invalid', 'signature is not over these match keys')
      }
      const replaced = await matching.replace(
        tx,
        {
          ...{ referralId, epoch, signer: signature.kid },
          signature: decodeBase64url(signature.value, 64),
        },
        stored.receivedAt,
        values.map(({ type, value }) => ({ type, value: decodeBase64url(value, 16) })),
      )
      if (replaced !== 'same') await cases.reconsider(tx, referralId, replaced === 'other')
      const object = { kind: 'referral', id: referralId } as const
      const details = { epoch, values: values.length, before: replaced }
      await audit.append(tx, caller, {
        ...{ action: 'match-keys.checked', object, recipient: recipient.kid, details },
      })
      return { referralId, epoch, before: replaced }
    })
    if (checked.before !== 'same') wake()
    return checked
  }

  return { checkMatchKeys }
}
