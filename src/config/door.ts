/** The door for people without an account: which pages use it, from where people come, and how much is taken. */
import { safeOriginOf } from '../protocol/address.ts'
import type { Environment } from './server.ts'
import { integer, list } from './values.ts'

export type DoorConfig = {
  /** The origins of the pages that may call the open routes from a browser. */
  readonly formOrigins: readonly string[]
  /** Whose forwarded headers are believed: addresses and blocks. Nobody's, if empty. */
  readonly trustedProxies: readonly string[]
  /** Where many people leave through one address, each for the base price: addresses and blocks. */
  readonly sharedNetworks: readonly string[]
  /** Inward networks to which webhooks may be posted all the same: addresses and blocks. */
  readonly webhookNetworks: readonly string[]
  /** At most so many referrals of people without an account wait to be opened (src/intake/ceiling.ts). */
  readonly unopenedMax: number
  /** Where people ring when the service cannot take a referral, as they dial it. */
  readonly telephone: string | undefined
}

export function readDoor(environment: Environment, faults: string[]): DoorConfig {
  const named = list(environment.FORM_ORIGINS)
  const formOrigins = named.map(safeOriginOf).filter((origin) => origin !== undefined)
  if (formOrigins.length < named.length) {
    faults.push(
      'FORM_ORIGINS must be origins of pages with commas between: https://refer.example.org',
    )
  }
  const telephone = environment.REFER_TELEPHONE || undefined
  if (telephone !== undefined && !/^\+?[0-9][0-9 ()-]{2,29}$/.test(telephone)) {
    faults.push('REFER_TELEPHONE must be a number as people dial it: 020 7946 0000')
  }
  return {
    formOrigins,
    trustedProxies: list(environment.TRUSTED_PROXIES),
    sharedNetworks: list(environment.SHARED_NETWORKS),
    webhookNetworks: list(environment.WEBHOOK_ALLOWED_NETWORKS),
    telephone,
    // More than are held in the United Kingdom at once. 2 GB at the longest bodies, and 4 GB at twice as many.
    unopenedMax: integer(environment, 'UNOPENED_MAX', 5_000, 1, 100_000, faults),
  }
}
