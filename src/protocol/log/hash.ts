/**
 * The hashes of a Merkle tree: RFC 6962 section 2.1, the same in RFC 9162 section 2.1.1.
 *
 * A leaf is hashed behind the byte 0x00 and a node behind 0x01, so that no node can be shown as an
 * entry.
 */

/** Returns the 32 bytes of SHA-256, which no later call may change. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** Length of a hash. */
export const hashBytes = 32

/** Hashes the parts of one tree. */
export interface TreeHasher {
  /** The root of a tree without entries: SHA-256 of nothing. */
  empty(): Uint8Array
  /** The leaf hash of one entry. */
  leaf(entry: Uint8Array): Uint8Array
  /** The hash of the node above two hashes. */
  node(left: Uint8Array, right: Uint8Array): Uint8Array
  /**
   * The Merkle Tree Hash over at least one hash, given one after the other. The last one may stand
   * for fewer entries than those before it, which all stand for equally many.
   */
  root(hashes: Uint8Array): Uint8Array
}

/**
 * Hashes with one buffer that is used again and again: what is hashed is copied once, and nothing
 * but the hashes themselves is allocated.
 */
export function treeHasher(sha256: Sha256): TreeHasher {
  let leafBuffer = new Uint8Array(4096)
  const nodeBuffer = new Uint8Array(1 + 2 * hashBytes)
  nodeBuffer[0] = 1

  function leaf(entry: Uint8Array): Uint8Array {
    if (entry.length >= leafBuffer.length) leafBuffer = new Uint8Array(2 * entry.length)
    leafBuffer.set(entry, 1)
    return sha256(leafBuffer.subarray(0, 1 + entry.length))
  }

  function node(left: Uint8Array, right: Uint8Array): Uint8Array {
    nodeBuffer.set(left, 1)
    nodeBuffer.set(right, 1 + hashBytes)
    return sha256(nodeBuffer)
  }

  // Level by level, in place: a hash without a neighbour rises as it is. This is the same tree as
  // the recursion of RFC 6962 makes, which splits at the largest power of two.
  function root(hashes: Uint8Array): Uint8Array {
    // Not `slice`: of the subclass that Node.js reads bytes into it is no copy.
    const row = new Uint8Array(hashes)
    let count = row.length / hashBytes
    while (count > 1) {
      const pairs = count >> 1
      for (let pair = 0; pair < pairs; pair++) {
        const offset = pair * 2 * hashBytes
        nodeBuffer.set(row.subarray(offset, offset + 2 * hashBytes), 1)
        row.set(sha256(nodeBuffer), pair * hashBytes)
      }
      if (count % 2 === 1) {
        row.copyWithin(pairs * hashBytes, (count - 1) * hashBytes, count * hashBytes)
      }
      count = pairs + (count % 2)
    }
    return row.slice(0, hashBytes)
  }

  return { empty: () => sha256(new Uint8Array(0)), leaf, node, root }
}

/** Whether two hashes are the same. All that is hashed here is public: time may depend on it. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let offset = 0; offset < a.length; offset++) {
    if (a[offset] !== b[offset]) return false
  }
  return true
}
