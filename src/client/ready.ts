/**
 * What of the SDK answers at once and needs cryptography, which takes some milliseconds to load: until
 * then each throws and says so. Whatever returns a promise waits by itself.
 */
import { openKeyFile as openFile, sealKeyFile as sealFile } from '../protocol/keyfile.ts'
import {
  generateRecipientKey as generateReceiving,
  generateSigningKey as generateSigning,
} from '../protocol/keys.ts'
import { openClientKey as openClient } from '../protocol/partner/clientkey.ts'
import { isReady, ready as loaded } from '../protocol/sodium.ts'
import type { conform as conformTo } from './conform.ts'

/** Resolves when the cryptography is loaded. */
export const ready: Promise<void> = loaded

/**
 * Reads a key file, and checks that each public key is that of its secret.
 *
 * @throws Refusal `passphrase-wrong` if it is missing or does not open the file, `key-file-invalid`
 *   if the text is not a key file or its halves do not belong together; Error before `ready`
 */
export const openKeyFile = onceReady(openFile)

/**
 * Reads the file of the key by which a client signs in.
 *
 * @throws Refusal as `openKeyFile`; Error before `ready`
 */
export const openClientKey = onceReady(openClient)

/** Writes a key file, sealed under the passphrase unless that is `undefined`. @throws Error before `ready` */
export const sealKeyFile = onceReady(sealFile)

/** A new X-Wing key pair, to receive with. @throws Error before `ready` */
export const generateRecipientKey = onceReady(generateReceiving)

/** A new Ed25519 key pair, to sign with. @throws Error before `ready` */
export const generateSigningKey = onceReady(generateSigning)

/**
 * All that a service or a reader would say against an envelope; nothing if it conforms. Loaded with the
 * first call: whoever writes a client needs it, and whoever uses one does not.
 */
export async function conform(
  ...judged: Parameters<typeof conformTo>
): Promise<ReturnType<typeof conformTo>> {
  const [conforming] = await Promise.all([import('./conform.ts'), loaded])
  return conforming.conform(...judged)
}

function onceReady<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    if (isReady()) return call(...args)
    throw new Error('the cryptography is not loaded yet: `await ready` first')
  }
}
