import type { Evidence } from '../../src/matching/odds.ts'
import { partsOf } from '../../src/matching/rows.ts'
import type { MatchKey } from '../../src/protocol/matching/matchkeys.ts'

/** Two by their plain keys, as the service sees them where there is nobody else. */
export function evidenceBetween(one: readonly MatchKey[], other: readonly MatchKey[]): Evidence {
  const equal = one.filter(({ type, value }) => {
    return other.some((key) => key.type === type && key.value === value)
  })
  const [left, right, agreeing] = [one, other, equal].map(countTypes) as [Counts, Counts, Counts]
  return {
    ...{ agreeing, uncrowded: agreeing, uncommon: new Set(agreeing.keys()) },
    parts: Math.min(partsOf(left), partsOf(right)),
    left: new Set(left.keys()),
    right: new Set(right.keys()),
  }
}

type Counts = ReadonlyMap<string, number>

function countTypes(keys: readonly MatchKey[]): Counts {
  const counts = new Map<string, number>()
  for (const { type } of keys) counts.set(type, (counts.get(type) ?? 0) + 1)
  return counts
}
