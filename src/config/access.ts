/** Where callers reach the service, and who may vouch for them. */
import { safeOriginOf } from '../protocol/address.ts'
import type { Environment } from './server.ts'

export type AccessConfig = {
  /** `https://intake.example.org`. `undefined`: a trial, reached where it listens, on the loopback address. */
  readonly publicUrl: string | undefined
  /** 32 bytes in base64url, under which the keys of access tokens are sealed. */
  readonly tokenSealFile: string
  /** JSON: outside issuers of access tokens, and for whom each may speak. */
  readonly trustedIssuersFile: string | undefined
}

/** @param isLoopback - whether the service listens on the loopback address */
export function readAccess(
  environment: Environment,
  dataFolder: string,
  isLoopback: boolean,
  faults: string[],
): AccessConfig {
  const named = environment.PUBLIC_URL || undefined
  const publicUrl = named === undefined ? undefined : safeOriginOf(named)
  if (named !== undefined && publicUrl === undefined) {
    faults.push(
      'PUBLIC_URL must be https:// and a host, without a path: https://intake.example.org',
    )
  }
  if (named === undefined && !isLoopback) {
    faults.push(
      'PUBLIC_URL must be set where HOST is not the loopback address: callers sign for it',
    )
  }
  if (named !== undefined && !environment.TOKEN_SEAL_FILE) {
    faults.push('TOKEN_SEAL_FILE must be set beside PUBLIC_URL: the same file on all replicas')
  }
  return {
    publicUrl: publicUrl ?? named,
    tokenSealFile: environment.TOKEN_SEAL_FILE || `${dataFolder}/token-seal.key`,
    trustedIssuersFile: environment.TRUSTED_ISSUERS || undefined,
  }
}
