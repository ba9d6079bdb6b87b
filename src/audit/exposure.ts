/**
 * Who could have opened what. The log says who did; who could is what the wraps and the directory of
 * clients say, so both are read here, under a role that sees no sealed column of either.
 */
import type { Static } from 'typebox'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { page } from '../database/page.ts'
import { Refusal } from '../errors.ts'
import {
  type BoundRow,
  type Reach,
  selectBound,
  selectOpenable,
  selectSealedTo,
} from './exposure-store.ts'
import type { Exposure, ReferralAccess } from './schemas.ts'
import { append } from './service.ts'
import type { Bound } from './store.ts'

/**
 * For whom a referral was sealed, and who is bound to those keys.
 *
 * @param name - its id or reference
 * @throws Refusal `not-found`
 */
export async function referralAccess(
  tx: Tx<KnownCaller>,
  name: string,
): Promise<Static<typeof ReferralAccess>> {
  const sealed = await selectSealedTo(tx, name)
  if (!sealed) throw new Refusal('not-found', 'there is no referral of that id or reference')
  const bound = await selectBound(tx, { kids: sealed.recipients.map(({ kid }) => kid) })
  const recipients = sealed.recipients.map(({ kid, holds }) => {
    const clients = bound.filter(({ kids }) => kids.includes(kid)).map(presentBound)
    return { kid, holds, clients }
  })
  await append(tx, { action: 'audit.traced', object: { kind: 'referral', id: sealed.referralId } })
  return { ...sealed, recipients }
}

export type ExposureAsked = {
  readonly kid?: string
  readonly client?: string
  readonly from?: Bound
  readonly to?: Bound
  readonly cursor?: string
}

/**
 * A page of the referrals that a recipient key opens or a client could ask for, by age.
 *
 * @throws Refusal `not-found`; `malformed-request` unless it is one of both that is asked about
 */
export async function exposure(
  tx: Tx<KnownCaller>,
  { cursor, ...asked }: ExposureAsked,
  limit: number,
): Promise<Static<typeof Exposure>> {
  const { clients, reach, object } = await subjectOf(tx, asked)
  const { rows, ...rest } = await page(
    { limit, ...(cursor !== undefined && { cursor }) },
    (after, count) => selectOpenable(tx, reach, after, count),
    ({ receivedAt, referralId }) => ({ at: receivedAt, id: referralId }),
  )
  const referrals = rows.filter(({ counts }) => counts).map(({ counts: _, ...row }) => row)
  await append(tx, { action: 'audit.traced', object, details: { referrals: referrals.length } })
  return { clients: clients.map(presentBound), referrals, ...rest }
}

type Subject = {
  readonly clients: BoundRow[]
  readonly reach: Reach
  readonly object: { readonly kind: 'key' | 'client'; readonly id: string }
}

/** Of a key the time that is asked about has no beginning: who has it opens old wraps as well as new ones. */
async function subjectOf(tx: Tx, asked: Omit<ExposureAsked, 'cursor'>): Promise<Subject> {
  const { kid, client, from, to } = asked
  if (kid !== undefined && client === undefined) {
    const clients = await selectBound(tx, { kids: [kid] })
    const opened = await selectOpenable(tx, { kids: [kid] }, undefined, 1)
    if (clients.length + opened.length === 0) {
      throw new Refusal('not-found', 'no referral is sealed to that key, and no client bound to it')
    }
    return { clients, reach: { kids: [kid], ...(to && { to }) }, object: { kind: 'key', id: kid } }
  }
  if (client === undefined || kid !== undefined) {
    throw new Refusal('malformed-request', 'name either kid or client')
  }
  const [bound] = await selectBound(tx, { client })
  if (!bound) throw new Refusal('not-found', 'there is no client of that id')
  const { addedAt, disabledAt } = bound
  const reach = {
    kids: isOpener(bound) ? bound.kids : [],
    ...(from && { from }),
    ...(to && { to }),
    ...(addedAt !== null && { addedAt }),
    ...(disabledAt !== null && { disabledAt }),
  }
  return { clients: [bound], reach, object: { kind: 'client', id: client } }
}

/** What hands out sealed referrals: by their id, and with a claim. */
function isOpener({ scopes }: BoundRow): boolean {
  return scopes.includes('referrals:open') || scopes.includes('triage:work')
}

function presentBound(row: BoundRow) {
  const { clientLabel, organisationLabel, addedAt, disabledAt, ...bound } = row
  return {
    ...bound,
    labels: { client: clientLabel, organisation: organisationLabel },
    ...(addedAt !== null && { addedAt }),
    ...(disabledAt !== null && { disabledAt }),
  }
}
