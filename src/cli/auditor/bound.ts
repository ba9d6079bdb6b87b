/** Clients and the recipient keys that they are bound to, in words. */
import type { Exposure } from '../../client/exposure.ts'
import { londonTime } from '../../client/london.ts'
import { shown } from '../../referral/shown.ts'

export type BoundClient = Exposure['clients'][number]

/** `Casework app (The charity)`, escaped. */
export function nameOf({ labels }: BoundClient): string {
  return `${shown(labels.client)} (${shown(labels.organisation)})`
}

/** Since when, as the log says. */
export function boundFrom({ addedAt }: BoundClient): string {
  return addedAt === undefined
    ? 'since a time that the log does not say'
    : `since ${londonTime(addedAt)}`
}

/** Whether its scopes hand out referrals: one by its id, or with a claim. */
export function mayAsk({ scopes }: BoundClient): boolean {
  return scopes.includes('referrals:open') || scopes.includes('triage:work')
}
