/** The door for people without an account: which pages use it, and from where people come. */
import { safeOriginOf } from '../protocol/address.ts'
import type { Environment } from './server.ts'

export type DoorConfig = {
  /** The origins of the pages that may call the open routes from a browser. */
  readonly formOrigins: readonly string[]
  /** Whose forwarded headers are believed: addresses and blocks. Nobody's, if empty. */
  readonly trustedProxies: readonly string[]
  /** Where many people leave through one address, each for the base price: addresses and blocks. */
  readonly sharedNetworks: readonly string[]
}

export function readDoor(environment: Environment, faults: string[]): DoorConfig {
  const named = list(environment.FORM_ORIGINS)
  const formOrigins = named.map(safeOriginOf).filter((origin) => origin !== undefined)
  if (formOrigins.length < named.length) {
    faults.push(
      'FORM_ORIGINS must be origins of pages with commas between: https://refer.example.org',
    )
  }
  return {
    formOrigins,
    trustedProxies: list(environment.TRUSTED_PROXIES),
    sharedNetworks: list(environment.SHARED_NETWORKS),
  }
}

/** What stands between commas. */
export function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
