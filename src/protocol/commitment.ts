/** Commitments of the access log: docs/PROTOCOL.md, "Entries of the access log". */

import { concat, encodeBase64url, label } from './bytes.ts'
import { canonicalBytes } from './canonical.ts'
import { hash } from './sodium.ts'

/**
 * Binds an entry to a value that the entry does not show: whoever is later given `salt` and `value`
 * can tell that nothing was exchanged, and whoever is not can guess nothing.
 *
 * @param name - what is committed to, `actor` or `details`, so that one cannot be shown as another
 * @param salt - 32 random bytes, used once
 */
export function auditCommitment(name: string, salt: Uint8Array, value: unknown): string {
  return encodeBase64url(hash(label(`audit ${name}`), concat(salt, canonicalBytes(value))))
}
