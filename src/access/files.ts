/**
 * The files and networks that the configuration names, looked at before anything is started: one that is missing or
 * is not what it should be is a fault of its variable, told with all others.
 */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { openKeyFile } from '../protocol/keyfile.ts'
import { parsePolicy } from '../protocol/log/policy.ts'
import { sha256 } from '../protocol/sodium.ts'
import { readIssuers } from './issuers.ts'
import { isNetwork } from './networks.ts'
import { readSealKey } from './tokenkeys.ts'

/** What of the configuration names files. */
type Named = {
  readonly databaseUrl: string | undefined
  readonly tokenKeyFile: string
  readonly access: {
    readonly publicUrl: string | undefined
    readonly tokenSealFile: string
    readonly trustedIssuersFile: string | undefined
  }
  readonly audit: {
    readonly keyFiles: readonly string[]
    readonly witnessFile: string | undefined
  }
  readonly door: {
    readonly trustedProxies: readonly string[]
    readonly sharedNetworks: readonly string[]
    readonly webhookNetworks: readonly string[]
  }
  readonly duty:
    | {
        readonly smtp: {
          readonly passwordFile: string | undefined
          readonly caFile: string | undefined
        }
      }
    | undefined
  readonly matching: {
    readonly holders: readonly string[]
    readonly keyFiles: readonly string[]
    readonly tls: { readonly key: string; readonly cert: string; readonly ca: string } | undefined
  }
}

/** What is wrong with them, each a sentence that begins with its variable. Never quotes a file. */
export function fileFaults(named: Named): string[] {
  const { databaseUrl, tokenKeyFile, access, audit, door, duty, matching } = named
  const { passwordFile = '', caFile = '' } = duty?.smtp ?? {}
  const { tls, keyFiles, holders } = matching
  const { publicUrl, tokenSealFile, trustedIssuersFile = '' } = access
  const isTrial = publicUrl === undefined
  // A trial makes the key of tokens by itself.
  const needsToken = isTrial && (databaseUrl !== undefined || existsSync(tokenKeyFile))
  const needsSeal = !isTrial || existsSync(tokenSealFile)
  return [
    ...networks('TRUSTED_PROXIES', door.trustedProxies),
    ...networks('SHARED_NETWORKS', door.sharedNetworks),
    ...networks('WEBHOOK_ALLOWED_NETWORKS', door.webhookNetworks),
    ...(needsToken
      ? look('TOKEN_KEY_FILE', tokenKeyFile, 'an Ed25519 key in PEM', isTokenKey)
      : []),
    ...(needsSeal ? look('TOKEN_SEAL_FILE', tokenSealFile, '32 bytes in base64url', isSeal) : []),
    ...audit.keyFiles.flatMap((file) => look('AUDIT_KEY_FILE', file, logKey, isLogKey)),
    ...look('WITNESS_FILE', audit.witnessFile ?? '', 'a C2SP tlog-policy', isPolicy),
    ...look('TRUSTED_ISSUERS', trustedIssuersFile, 'a list of issuers', isIssuers),
    ...look('SMTP_PASSWORD_FILE', passwordFile, 'a password in one line', isLine),
    ...look('SMTP_CA_FILE', caFile, 'certificates in PEM', isCertificate),
    ...keyFiles.flatMap((file) => look('MATCHING_KEY_FILES', file, 'a matching key', isJson)),
    ...(holders.length > 0 && tls
      ? [
          ...look('MATCHING_TLS_KEY_FILE', tls.key, 'a private key in PEM', isPrivateKey),
          ...look('MATCHING_TLS_CERT_FILE', tls.cert, 'a certificate in PEM', isCertificate),
          ...look('MATCHING_TLS_CA_FILE', tls.ca, 'certificates in PEM', isCertificate),
        ]
      : []),
  ]
}

function networks(name: string, named: readonly string[]): string[] {
  if (named.every(isNetwork)) return []
  return [
    `${name} must be addresses or blocks with commas between, such as 192.0.2.7,2001:db8::/32`,
  ]
}

/** `test` answers whether a text is one, or throws. */
function look(name: string, file: string, what: string, test: (text: string) => boolean): string[] {
  // A variable that is missing is told by whoever read it.
  if (file === '') return []
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    return [`${name} is ${file}, and ${reason}`]
  }
  return passes(test, text) ? [] : [`${name} is ${file}, and that is not ${what}`]
}

function passes(test: (text: string) => boolean, text: string): boolean {
  try {
    return test(text)
  } catch {
    return false
  }
}

function isTokenKey(pem: string): boolean {
  const key = pem.includes('PRIVATE KEY') ? createPrivateKey(pem) : createPublicKey(pem)
  return key.asymmetricKeyType === 'ed25519'
}

function isSeal(text: string): boolean {
  return readSealKey(text).length === 32
}

const logKey = 'a key file without a passphrase: `intake keys generate --no-passphrase`'

function isLogKey(text: string): boolean {
  return openKeyFile(text).receiving === undefined
}

function isLine(text: string): boolean {
  return /^\S[^\n]*\n?$/.test(text)
}

function isPolicy(text: string): boolean {
  return [...parsePolicy(sha256, text).witnesses.values()].every(({ url }) => {
    return url !== undefined && URL.canParse(url)
  })
}

function isIssuers(text: string): boolean {
  return readIssuers(text).length > 0
}

function isPrivateKey(pem: string): boolean {
  return createPrivateKey(pem).type === 'private'
}

function isCertificate(pem: string): boolean {
  return new X509Certificate(pem).serialNumber !== ''
}

function isJson(text: string): boolean {
  return typeof JSON.parse(text) === 'object'
}
