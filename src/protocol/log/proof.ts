/**
 * Inclusion and consistency proofs: RFC 6962 section 2.1, checked as RFC 9162 sections 2.1.3.2 and
 * 2.1.4.2 say. Sizes and indexes are integers up to 2^53 - 1, beyond which nothing is a proof.
 */
import { hashBytes, sameHash, type TreeHasher } from './hash.ts'

/** What an inclusion proof says: that the entry with this hash is entry `index` of the tree. */
export interface Inclusion {
  index: number
  size: number
  leafHash: Uint8Array
  root: Uint8Array
  proof: readonly Uint8Array[]
}

/** Whether an inclusion proof holds: RFC 9162 section 2.1.3.2. */
export function inclusionHolds(hasher: TreeHasher, inclusion: Inclusion): boolean {
  const { index, size, leafHash, root, proof } = inclusion
  if (!isCount(index) || !isCount(size) || index >= size) return false
  if (![leafHash, root, ...proof].every(isHash)) return false
  let position = index
  let last = size - 1
  let hash = leafHash
  for (const neighbour of proof) {
    if (last === 0) return false
    if (position % 2 === 1 || position === last) {
      hash = hasher.node(neighbour, hash)
      ;[position, last] = pastZeroes(position, last)
    } else {
      hash = hasher.node(hash, neighbour)
    }
    position = Math.floor(position / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && sameHash(hash, root)
}

/** What a consistency proof says: that the later tree begins with all of the earlier one. */
export interface Consistency {
  earlier: { size: number; root: Uint8Array }
  later: { size: number; root: Uint8Array }
  proof: readonly Uint8Array[]
}

/**
 * Whether a consistency proof holds: RFC 9162 section 2.1.4.2. Every tree begins with the one
 * without entries, which proves nothing: a proof from size 0 does not hold.
 */
export function consistencyHolds(hasher: TreeHasher, consistency: Consistency): boolean {
  const { earlier, later, proof } = consistency
  if (!isCount(earlier.size) || !isCount(later.size)) return false
  if (earlier.size === 0 || earlier.size > later.size) return false
  if (earlier.size === later.size) return proof.length === 0 && sameHash(earlier.root, later.root)
  if (![earlier.root, later.root, ...proof].every(isHash)) return false
  // A full earlier tree is itself the first subtree, and its root is not repeated.
  const [first, ...rest] = isPowerOfTwo(earlier.size) ? [earlier.root, ...proof] : proof
  if (!first) return false
  let position = earlier.size - 1
  let last = later.size - 1
  while (position % 2 === 1) {
    position = Math.floor(position / 2)
    last = Math.floor(last / 2)
  }
  let earlierHash = first
  let laterHash = first
  for (const hash of rest) {
    if (last === 0) return false
    if (position % 2 === 1 || position === last) {
      earlierHash = hasher.node(hash, earlierHash)
      laterHash = hasher.node(hash, laterHash)
      ;[position, last] = pastZeroes(position, last)
    } else {
      laterHash = hasher.node(laterHash, hash)
    }
    position = Math.floor(position / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && sameHash(earlierHash, earlier.root) && sameHash(laterHash, later.root)
}

/** Up past the levels at which a subtree on the right edge has no neighbour. */
function pastZeroes(position: number, last: number): [number, number] {
  let [at, end] = [position, last]
  while (at % 2 === 0 && at !== 0) {
    at = Math.floor(at / 2)
    end = Math.floor(end / 2)
  }
  return [at, end]
}

function isPowerOfTwo(count: number): boolean {
  let power = 1
  while (power < count) power *= 2
  return power === count
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === hashBytes
}
