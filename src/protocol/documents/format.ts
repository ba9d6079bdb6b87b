/**
 * The form of a sealed file (docs/PROTOCOL.md, "Documents"): the header of a stream of libsodium's
 * `crypto_secretstream_xchacha20poly1305`, then chunks of equal length, the last of them padded.
 */
import { concat, label, utf8 } from '../bytes.ts'
import { sodium } from '../sodium.ts'

/** What one chunk holds. A service sees how many there are, and so the size up to this. */
export const chunkBytes = 65_536
/** 16 of the authenticator, and one of the sealed tag. */
export const sealedChunkBytes = chunkBytes + 17
export const streamHeaderBytes = 24

/** A service takes as much for one referral as this many of the largest files that it takes. */
export const largestPerReferral = 5

/** The tags of the stream that occur: the last chunk has the second, each before it the first. */
export const tags = { chunk: 0, last: 3 } as const

/** One file of one referral, and the key that opens it. */
export type SealedFile = {
  readonly referralId: string
  readonly documentId: string
  /** 32 random bytes, for this file only. */
  readonly key: Uint8Array
}

/** How long the sealed file is, of a file of `size` bytes: at least one byte of padding is in the last chunk. */
export function sealedBytesOf(size: number): number {
  return streamHeaderBytes + (Math.floor(size / chunkBytes) + 1) * sealedChunkBytes
}

/** Whether a sealed file may be so long. */
export function isSealedLength(bytes: number): boolean {
  return bytes > streamHeaderBytes && (bytes - streamHeaderBytes) % sealedChunkBytes === 0
}

/** What the first chunk is bound to; each later one is bound to the one before by the stream itself. */
export function boundTo({ referralId, documentId }: SealedFile): Uint8Array {
  return concat(label('document'), utf8(referralId), Uint8Array.of(0), utf8(documentId))
}

/** Of Node.js: no browser has it, nor its types. */
type Hash = { update(bytes: Uint8Array): unknown; copy(): Hash; digest(): Uint8Array }
type Node = {
  getBuiltinModule?(name: 'crypto'): {
    createHash(name: 'sha256'): Hash
  }
}

/** SHA-256 of what comes piece by piece. That of Node.js, where there is one, takes a fifth of the time. */
export function createSha256() {
  const { process } = globalThis as { process?: Node }
  const hash = process?.getBuiltinModule?.('crypto').createHash('sha256')
  if (hash) {
    return {
      add: (bytes: Uint8Array) => void hash.update(bytes),
      end: () => new Uint8Array(hash.copy().digest()),
    }
  }
  const state = sodium.crypto_hash_sha256_init()
  return {
    add: (bytes: Uint8Array) => sodium.crypto_hash_sha256_update(state, bytes),
    end: () => sodium.crypto_hash_sha256_final(state),
  }
}
