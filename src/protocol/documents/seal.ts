/** Seals a file piece by piece, so that one of any size takes the memory of two chunks. */
import { concat, type Random } from '../bytes.ts'
import { randomBytes, sodium } from '../sodium.ts'
import {
  boundTo,
  chunkBytes,
  createSha256,
  type SealedFile,
  streamHeaderBytes,
  tags,
} from './format.ts'

/** What is known of a sealed file at its end. */
export type Sealed = {
  /** Of the file, in bytes. */
  readonly size: number
  /** SHA-256 of all that was returned. */
  readonly sha256: Uint8Array
}

/** A key for one file. */
export function newDocumentKey(): Uint8Array {
  return randomBytes(32)
}

/**
 * Makes what seals one file. Never seal another file, or the same again after it may have changed, under the same key.
 *
 * @returns `push`, which takes the next bytes of the file, of any number, and returns what is sealed by now; and `end`,
 *   which returns the rest
 */
export function createDocumentSealer(file: SealedFile, random: Random = randomBytes) {
  const header = random(streamHeaderBytes)
  // Both ways of the stream begin from its header; the other function would draw the header itself.
  const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, file.key)
  const sha256 = createSha256()
  const held = new Uint8Array(chunkBytes)
  let size = 0
  let bound: Uint8Array | null = boundTo(file)

  function sealed(chunk: Uint8Array, tag: number): Uint8Array {
    const bytes = sodium.crypto_secretstream_xchacha20poly1305_push(state, chunk, bound, tag)
    const out = bound ? concat(header, bytes) : bytes
    bound = null
    sha256.add(out)
    return out
  }

  return {
    push(bytes: Uint8Array): Uint8Array[] {
      const done: Uint8Array[] = []
      for (let at = 0; at < bytes.length; ) {
        const part = bytes.subarray(at, at + chunkBytes - (size % chunkBytes))
        held.set(part, size % chunkBytes)
        at += part.length
        size += part.length
        if (size % chunkBytes === 0) done.push(sealed(held, tags.chunk))
      }
      return done
    },
    end(): Sealed & { readonly last: Uint8Array } {
      const last = sealed(sodium.pad(held.subarray(0, size % chunkBytes), chunkBytes), tags.last)
      return { last, size, sha256: sha256.end() }
    },
  }
}
