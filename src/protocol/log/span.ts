/** Which parts of a tree prove something about it: RFC 6962 sections 2.1.1 and 2.1.2. */

/** The entries from `start` up to `end`, which is not one of them. */
export interface Span {
  start: number
  end: number
}

/**
 * The subtrees whose hashes are the inclusion proof of entry `index` in a tree of `size` entries:
 * PATH of RFC 6962 section 2.1.1, from the leaf's neighbour up.
 */
export function inclusionSpans(index: number, size: number): Span[] {
  const spans: Span[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    if (index < middle) {
      spans.push({ start: middle, end })
      end = middle
    } else {
      spans.push({ start, end: middle })
      start = middle
    }
  }
  return spans.reverse()
}

/**
 * The subtrees whose hashes prove that a tree of `size` entries begins with one of `earlier`, from 1
 * up to `size`: PROOF of RFC 6962 section 2.1.2.
 */
export function consistencySpans(earlier: number, size: number): Span[] {
  const spans: Span[] = []
  let start = 0
  let end = size
  while (earlier < end) {
    const middle = start + splitOf(end - start)
    if (earlier <= middle) {
      spans.push({ start: middle, end })
      end = middle
    } else {
      spans.push({ start, end: middle })
      start = middle
    }
  }
  // The earlier tree's own root is known to whoever checks.
  if (start > 0) spans.push({ start, end })
  return spans.reverse()
}

/** The largest power of two below `count`, which is at least 2. */
function splitOf(count: number): number {
  let power = 1
  while (power * 2 < count) power *= 2
  return power
}
