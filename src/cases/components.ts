/** Which referrals are connected: the connected components of a graph of links. Pure. */

export type Link = { readonly leftId: string; readonly rightId: string }

/**
 * The connected components of `ids` under `links`, each in the order of `ids`, and ordered by their
 * first. A link with an end outside `ids` connects nothing.
 */
export function components(ids: readonly string[], links: readonly Link[]): string[][] {
  const neighbours = new Map<string, string[]>(ids.map((id) => [id, []]))
  for (const { leftId, rightId } of links) {
    const [left, right] = [neighbours.get(leftId), neighbours.get(rightId)]
    if (!left || !right) continue
    left.push(rightId)
    right.push(leftId)
  }
  const found = new Map<string, number>()
  let count = 0
  for (const id of ids) {
    if (found.has(id)) continue
    const waiting = [id]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (found.has(next)) continue
      found.set(next, count)
      waiting.push(...(neighbours.get(next) ?? []))
    }
    count += 1
  }
  const parts = Array.from({ length: count }, (): string[] => [])
  for (const id of ids) parts[found.get(id) ?? count]?.push(id)
  return parts
}
