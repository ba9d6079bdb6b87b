/**
 * Opens a sealed file piece by piece. What it returns may be kept under another name, and not be used or shown before
 * `end` has returned: only then is it known that this is the whole file, and the one that was named.
 */
import { Refusal } from '../../errors.ts'
import { equalBytes } from '../bytes.ts'
import { sodium } from '../sodium.ts'
import {
  boundTo,
  createSha256,
  type SealedFile,
  sealedChunkBytes,
  streamHeaderBytes,
  tags,
} from './format.ts'
import type { Sealed } from './seal.ts'

/** A sealed file as whoever sent it names it. */
export type NamedFile = SealedFile & Sealed

/**
 * Makes what opens one file.
 *
 * @returns `push`, which takes the next bytes of the sealed file and returns what they hold, and `end`, to be called
 *   once there are no more
 * @throws Refusal, from both: `document-exchanged` for another file than was named, `document-altered` for one whose
 *   chunks were changed or stand in another order, `document-truncated` for one without its end
 */
export function createDocumentOpener(file: NamedFile) {
  const sha256 = createSha256()
  const held = new Uint8Array(sealedChunkBytes)
  let heldBytes = 0
  let state: ReturnType<typeof begin> | undefined
  let chunks = 0
  let size = 0
  let isEnded = false

  function opened(chunk: Uint8Array): Uint8Array {
    if (isEnded || !state) throw altered('goes on behind its end')
    const bound = chunks === 0 ? boundTo(file) : null
    const pulled = sodium.crypto_secretstream_xchacha20poly1305_pull(state, chunk, bound)
    if (!pulled) throw chunks === 0 ? exchanged() : altered(`differs from its chunk ${chunks} on`)
    chunks += 1
    isEnded = pulled.tag === tags.last
    if (!isEnded && pulled.tag !== tags.chunk) throw altered('has a tag that no file has')
    const bytes = isEnded ? unpadded(pulled.message) : pulled.message
    size += bytes.length
    // Its sender, who knows the key, and the service together could go on without end.
    if (size > file.size) throw altered('has another size than was said')
    return bytes
  }

  return {
    push(bytes: Uint8Array): Uint8Array[] {
      sha256.add(bytes)
      const done: Uint8Array[] = []
      for (let at = 0; at < bytes.length; ) {
        const wanted = state ? sealedChunkBytes : streamHeaderBytes
        const part = bytes.subarray(at, at + wanted - heldBytes)
        held.set(part, heldBytes)
        at += part.length
        heldBytes += part.length
        if (heldBytes < wanted) break
        heldBytes = 0
        if (state) done.push(opened(held))
        else state = begin(held.subarray(0, streamHeaderBytes), file.key)
      }
      return done
    },
    end(): void {
      if (!isEnded) throw new Refusal('document-truncated', 'the file ends before its last chunk')
      if (heldBytes > 0) throw altered('goes on behind its end')
      if (!equalBytes(sha256.end(), file.sha256)) throw exchanged()
      if (size !== file.size) throw altered('has another size than was said')
    },
  }
}

function begin(header: Uint8Array, key: Uint8Array) {
  return sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key)
}

/** ISO/IEC 7816-4, as libsodium pads: a byte 0x80, then zeros. */
function unpadded(padded: Uint8Array): Uint8Array {
  try {
    return sodium.unpad(padded, padded.length)
  } catch (cause) {
    throw altered('has no padding at its end', cause)
  }
}

function altered(words: string, cause?: unknown): Refusal {
  return new Refusal('document-altered', `the file ${words}`, { cause })
}

function exchanged(): Refusal {
  return new Refusal('document-exchanged', 'this is another file than was named')
}
