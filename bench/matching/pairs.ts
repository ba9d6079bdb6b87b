/**
 * Which records the service would compare: in order of arrival, each with earlier ones that share a
 * value, chosen by the same code. Values are not blinded here, for all that the service sees of them
 * is whether two are equal.
 */
import { chooseSharers, sharersScannedMax } from '../../src/matching/evidence.ts'
import type { Evidence } from '../../src/matching/odds.ts'
import type { MatchKey } from '../../src/protocol/matchkeys.ts'

/** Two records by their place in the list, `left` the earlier. */
export type Pair = { readonly left: number; readonly right: number; readonly evidence: Evidence }

/** One record's values by number, ascending, and the types it has. */
type Side = { readonly values: readonly number[]; readonly types: ReadonlySet<string> }

type Numbered = { readonly sides: readonly Side[]; readonly typeOf: readonly string[] }

/** The pairs in order of arrival. Pairs of equal evidence hold the same object. */
export function pairsOf(records: readonly (readonly MatchKey[])[]): Pair[] {
  const numbered = numberValues(records)
  const evidenceOf = evidenceAmong(numbered)
  const holders: number[][] = numbered.typeOf.map(() => [])
  const pairs: Pair[] = []
  for (const [right, { values }] of numbered.sides.entries()) {
    const sharing = values.flatMap((number) =>
      holders[number]!.slice(0, sharersScannedMax).map((left) => ({
        referralId: `${left}`,
        number,
      })),
    )
    const { ids, crowded } = chooseSharers(sharing)
    const common = new Set(crowded)
    for (const id of ids) {
      const left = Number(id)
      pairs.push({ left, right, evidence: evidenceOf(left, right, common) })
    }
    for (const value of values) holders[value]!.push(right)
  }
  return pairs
}

function numberValues(records: readonly (readonly MatchKey[])[]): Numbered {
  const numbers = new Map<string, number>()
  const typeOf: string[] = []
  const numberOf = ({ type, value }: MatchKey): number => {
    const name = `${type} ${value}`
    const known = numbers.get(name)
    if (known !== undefined) return known
    numbers.set(name, typeOf.length)
    return typeOf.push(type) - 1
  }
  const sets = new Map<string, ReadonlySet<string>>()
  const sides = records.map((keys) => {
    const types = [...new Set(keys.map(({ type }) => type))]
    const name = types.sort().join()
    if (!sets.has(name)) sets.set(name, new Set(types))
    return { values: keys.map(numberOf).sort((a, b) => a - b), types: sets.get(name)! }
  })
  return { sides, typeOf }
}

function evidenceAmong({
  sides,
  typeOf,
}: Numbered): (left: number, right: number, crowded: ReadonlySet<number>) => Evidence {
  const known = new Map<string, Evidence>()
  const setNames = new Map(
    [...new Set(sides.map(({ types }) => types))].map((set, at) => [set, at]),
  )
  return (leftAt, rightAt, crowded) => {
    const [left, right] = [sides[leftAt]!, sides[rightAt]!]
    const equal = inBoth(left.values, right.values)
    const agreeing = countTypes(equal)
    const uncrowded = countTypes(equal.filter((value) => !crowded.has(value)))
    const sets = `${setNames.get(left.types)} ${setNames.get(right.types)}`
    const name = `${[...agreeing].sort().join()} ${[...uncrowded].sort().join()} ${sets}`
    const same = known.get(name)
    if (same) return same
    const evidence = { agreeing, uncrowded, left: left.types, right: right.types }
    known.set(name, evidence)
    return evidence
  }

  function countTypes(values: readonly number[]): Map<string, number> {
    const counts = new Map<string, number>()
    for (const value of values) {
      const type = typeOf[value]!
      counts.set(type, (counts.get(type) ?? 0) + 1)
    }
    return counts
  }
}

/** What two ascending lists have in common. */
function inBoth(some: readonly number[], others: readonly number[]): number[] {
  const both: number[] = []
  let at = 0
  for (const value of some) {
    while (at < others.length && others[at]! < value) at += 1
    if (others[at] === value) both.push(value)
  }
  return both
}
