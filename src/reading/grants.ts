/**
 * Grants: a recipient lets one more reader open what it holds itself, for a while, and takes that back
 * (docs/PROTOCOL.md, "Grants"). The service cannot make a grant, for it has no keys; what it refuses here,
 * the grantee's client refuses by itself as well.
 */
import type { Static } from 'typebox'
import type { Act } from '../audit/entry.ts'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { listedReader, recipientEverSigning } from '../directory/service.ts'
import { type ErrorCode, Refusal } from '../errors.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import { headerHash } from '../protocol/envelope/envelope.ts'
import { type Grant, grantVerifies } from '../protocol/messages/grant.ts'
import type { Recipient } from '../protocol/trust/keyset.ts'
import type { CompartmentName } from '../referral/compartment.ts'
import {
  addGrant,
  grantsOf,
  type Held,
  headerOf,
  heldBy,
  removeGrant,
  requireId,
  requireKid,
} from '../vault/service.ts'
import type { GrantRequest, Grants, GrantsGiven, GrantsRequest } from './grantschemas.ts'
import { requireNow } from './signer.ts'

/** Writes the entry of a part that was refused, while the others stand. */
export type AppendRefusal = (
  tx: Tx,
  refused: Act & { readonly outcome: 'refused'; readonly reason: ErrorCode },
) => Promise<void>

type Asked = GrantsRequest['grants'][number]

/** Takes one grant. The very same again is done already. */
export async function give(
  tx: Tx<KnownCaller>,
  name: string,
  request: GrantRequest,
): Promise<void> {
  const referralId = await requireId(tx, name)
  const granter = await requireGranter(tx, request.grant)
  const held = await heldBy(tx, [referralId], granter.kid)
  await giveOne(tx, { referralId, ...request }, granter, held)
}

/** Takes up to `grantsAtOnceMax` grants of one granter: one that is refused is named, and keeps no other from standing. */
export async function giveSeveral(
  tx: Tx<KnownCaller>,
  { grants }: GrantsRequest,
  appendRefusal: AppendRefusal,
): Promise<Static<typeof GrantsGiven>> {
  const [first] = grants
  if (!first || grants.some(({ grant }) => grant.grantedBy !== first.grant.grantedBy)) {
    throw new Refusal('malformed-request', 'grants are of more than one grantedBy')
  }
  const granter = await requireGranter(tx, first.grant)
  const ids = [...new Set(grants.map(({ referralId }) => referralId))]
  const held = await heldBy(tx, ids, granter.kid)
  const given: Static<typeof GrantsGiven>['grants'] = []
  for (const asked of grants) {
    const { referralId } = asked
    try {
      await giveOne(tx, asked, granter, held)
      given.push({ referralId })
    } catch (refusal) {
      // Nothing of it was written.
      if (!(refusal instanceof Refusal)) throw refusal
      const { code, message: detail } = refusal
      const { kid: recipient } = granter
      const entry = { action: 'grant.given', object: { kind: 'referral', id: referralId } } as const
      await appendRefusal(tx, { ...entry, recipient, outcome: 'refused', reason: code })
      given.push({ referralId, problem: { code, detail } })
    }
  }
  return { grants: given }
}

/** The grants of a referral that are in force, for whoever opens it by one of its keys. */
export async function listGrants(
  tx: Tx<KnownCaller>,
  name: string,
  { recipient }: { readonly recipient: string },
): Promise<Static<typeof Grants>> {
  const id = await requireOpened(tx, name, recipient)
  const grants = await grantsOf(tx, id)
  const details = { grants: grants.length }
  const object = { kind: 'referral', id } as const
  await append(tx, { action: 'grant.listed', object, recipient, details })
  return { grants }
}

/**
 * Deletes the wrap of a grant, whoever gave it. A wrap of sealing is none, and stays.
 *
 * @throws Refusal `not-found` for a referral that `recipient` does not open, and for a key without a grant
 */
export async function revoke(
  tx: Tx<KnownCaller>,
  name: string,
  kid: string,
  { recipient }: { readonly recipient: string },
): Promise<void> {
  const id = await requireOpened(tx, name, recipient)
  if (!(await removeGrant(tx, id, kid))) {
    throw new Refusal('not-found', `no grant to that key for referral ${id}`)
  }
  const object = { kind: 'referral', id } as const
  await append(tx, { action: 'grant.revoked', object, recipient, details: { from: kid } })
}

async function requireOpened(tx: Tx<KnownCaller>, name: string, recipient: string) {
  requireKid(tx, recipient)
  const id = await requireId(tx, name)
  if (await headerOf(tx, id, recipient)) return id
  throw new Refusal('not-found', `no referral ${id} for that key`)
}

/** Only a recipient grants, of this keyset or of one before it, and only by a key of the caller's client. */
async function requireGranter(tx: Tx<KnownCaller>, { grantedBy }: Grant): Promise<Recipient> {
  const granter = await recipientEverSigning(tx, grantedBy)
  if (!granter) {
    throw new Refusal('unknown-signer', 'grant.grantedBy is no signing key of a recipient')
  }
  requireKid(tx, granter.kid)
  return granter
}

async function giveOne(
  tx: Tx<KnownCaller>,
  { referralId, grant, wrap }: Asked,
  granter: Recipient,
  heldBy: ReadonlyMap<string, Held>,
): Promise<void> {
  if (grant.kid !== wrap.kid) {
    throw new Refusal('malformed-request', 'grant.kid is not the key of the wrap')
  }
  const held = heldBy.get(referralId)
  if (!held) throw new Refusal('not-found', `no referral ${referralId} for that key`)
  requireCompartments(grant, held.compartments, 'the granter does not hold')
  const reader = await requireReader(tx, grant)
  const granted = { referralId, headerHash: headerHash(held.header), wrap }
  if (!grantVerifies(granted, grant, decodeBase64url(granter.signingKey, 32))) {
    throw new Refusal('signature-invalid', 'grant.value is not over this grant and wrap')
  }
  requireNow(grant.at, tx.now)
  const endsAt = endOf(tx.now, [grant.until, reader.until, held.endsAt])
  const added = await addGrant(tx, {
    ...{ referralId, kid: grant.kid },
    ...{ encapsulated: decodeBase64url(wrap.encapsulated, 1120) },
    ...{ sealedKeys: decodeBase64url(wrap.sealedKeys) },
    ...{ compartments: grant.compartments, grantedBy: grant.grantedBy },
    ...{ at: grant.at, until: grant.until, signature: decodeBase64url(grant.value, 64) },
    endsAt,
  })
  if (added === 'other') {
    throw new Refusal('already-granted', 'that key has a wrap of this referral')
  }
  const isSigned = endsAt?.getTime() === Date.parse(grant.until ?? '')
  const details = {
    ...{ to: grant.kid, compartments: grant.compartments.join(' ') },
    ...(grant.until !== undefined && { until: grant.until }),
    // Where its reader or its giver ends before.
    ...(endsAt && !isSigned && { ends: endsAt.toISOString() }),
    ...(added === 'same' && { repeated: true }),
  }
  const act = { object: { kind: 'referral', id: referralId }, recipient: granter.kid } as const
  if (added === 'replaced') {
    await append(tx, { action: 'grant.revoked', ...act, details: { from: grant.kid } })
  }
  await append(tx, { action: 'grant.given', ...act, details })
}

async function requireReader(tx: Tx, grant: Grant) {
  const reader = await listedReader(tx, grant.kid)
  if (!reader) {
    const detail = 'grant.kid is neither in the newest keyset nor in the newest directory'
    throw new Refusal('unknown-recipient-key', detail)
  }
  requireCompartments(grant, reader.compartments, 'the key of grant.kid is not listed for')
  return reader
}

function requireCompartments(
  { compartments }: Grant,
  held: readonly CompartmentName[],
  words: string,
): void {
  const lacking = compartments.filter((name) => !held.includes(name))
  if (lacking.length === 0) return
  throw new Refusal('recipient-lacks-compartments', `${words} ${lacking.join(', ')}`)
}

/** The earliest of these ends. @throws Refusal `malformed-request` if it has come */
function endOf(now: Date, ends: readonly (string | null | undefined)[]): Date | undefined {
  const given = ends.filter((end) => typeof end === 'string').map((end) => Date.parse(end))
  if (given.length === 0) return undefined
  const end = Math.min(...given)
  // Not turned round: an end that is no moment, a leap second or the 30th of February, has come.
  if (end > now.getTime()) return new Date(end)
  throw new Refusal('malformed-request', 'the grant, its reader or its granter has ended')
}
