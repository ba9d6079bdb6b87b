/** Stored referrals as they leave the service for one reader. */
import type { Tx } from '../database/connect.ts'
import { compartmentsOf } from '../directory/service.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import type { Released } from '../protocol/envelope/released.ts'
import type { Grant } from '../protocol/messages/grant.ts'
import type { MessageEnvelope } from '../protocol/messages/message.ts'
import { openStates } from '../referral/codes/state.ts'
import type { CompartmentName } from '../referral/compartment.ts'
import type { Header } from '../referral/header.ts'
import type { GrantRow } from './grant-store.ts'
import type { ReleasedReferral } from './schemas.ts'
import { selectWrapped } from './store.ts'
import { deleteUnopened } from './unopened-store.ts'

type Row = Awaited<ReturnType<typeof selectWrapped>>[number]

/**
 * What the holder of `kid` may have of each of `ids`: its compartments, its wrap, and of all parts
 * the hashes that the signature covers, as they were signed. Referrals without a wrap for `kid`
 * are left out. With what comes from people without an account, room is made for more of it.
 *
 * @param chosen - of its compartments these and no others
 */
export async function release(
  tx: Tx,
  ids: readonly string[],
  kid: string,
  chosen?: readonly CompartmentName[],
): Promise<ReleasedReferral[]> {
  const rows = await selectWrapped(tx, ids, kid, chosen)
  // A page is sealed under a version or two: each is asked for once.
  const versions = [...new Set(rows.map(({ keysetVersion }) => keysetVersion))]
  const byReceipt = rows.filter(({ receiptHash }) => receiptHash !== null)
  const [held] = await Promise.all([
    Promise.all(
      versions.map(async (version) => {
        return [version, await compartmentsOf(tx, version, kid)] as const
      }),
    ),
    deleteUnopened(
      tx,
      byReceipt.map(({ id }) => id),
    ),
  ])
  const sealed = new Map(held)
  return rows.map((row) => present(row, kid, sealed.get(row.keysetVersion) ?? []))
}

/**
 * What one reader gets of a referral.
 *
 * @param sealed - the compartments that the wraps of sealing give to `kid`; a grant says its own
 */
export function present(
  row: Row,
  kid: string,
  sealed: readonly CompartmentName[],
): ReleasedReferral {
  const grant = grantOf(row, kid)
  return {
    referralId: row.id,
    reference: row.reference,
    receivedAt: row.receivedAt,
    state: row.state,
    header: parseCanonical(row.header) as Header,
    compartments: compartmentsIn(row, grant?.compartments ?? sealed),
    sealedHashes: parseCanonical(row.sealedHashes) as Released['sealedHashes'],
    wrapHashes: parseCanonical(row.wrapHashes) as Record<string, string>,
    wrap: {
      kid,
      encapsulated: encodeBase64url(row.encapsulated),
      sealedKeys: encodeBase64url(row.sealedKeys),
    },
    ...(row.matchingHash && { matchingHash: encodeBase64url(row.matchingHash) }),
    ...(row.receiptHash && { receipt: encodeBase64url(row.receiptHash) }),
    signature: { kid: row.signer, value: encodeBase64url(row.signature) },
    ...(grant && { grant }),
    unread: row.unread,
    answered: !(openStates as readonly string[]).includes(row.state),
    ...(row.withdrawalAskedAt !== null && { withdrawalAskedAt: row.withdrawalAskedAt }),
    ...withdrawalFor(kid, row),
  }
}

/** Why it was withdrawn, where that was sealed to `kid`: to whom it was not, it is of no use. */
function withdrawalFor(kid: string, { withdrawal }: Row): { withdrawal?: MessageEnvelope } {
  if (!withdrawal) return {}
  const envelope = parseCanonical(withdrawal) as MessageEnvelope
  return envelope.header.sealedTo.includes(kid) ? { withdrawal: envelope } : {}
}

/** Of the compartments that were read those that are granted, by name. */
function compartmentsIn({ names, lengths, sealed }: Row, granted: readonly CompartmentName[]) {
  const compartments: Released['compartments'] = {}
  let from = 0
  for (const [place, name] of names.entries()) {
    const end = from + (lengths[place] ?? 0)
    if (granted.includes(name)) compartments[name] = encodeBase64url(sealed.subarray(from, end))
    from = end
  }
  return compartments
}

/** The grant by which `kid` has its wrap; none of a wrap of sealing. */
function grantOf(row: Row, kid: string): Grant | undefined {
  const { grantedCompartments, grantedBy, grantedAt, grantedUntil, grantSignature } = row
  if (!grantedCompartments || grantedBy === null || grantedAt === null || !grantSignature) {
    return undefined
  }
  return presentGrant({
    ...{ kid, grantedBy, compartments: grantedCompartments, signature: grantSignature },
    ...{ at: grantedAt, until: grantedUntil },
  })
}

/** A grant as it was signed. */
export function presentGrant({ compartments, until, signature, ...grant }: GrantRow): Grant {
  return {
    ...grant,
    compartments: [...compartments],
    ...(until !== null && { until }),
    value: encodeBase64url(signature),
  }
}
