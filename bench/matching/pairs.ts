/**
 * Which records the service would compare: in order of arrival, each with earlier ones that share a
 * value, chosen by the same code. Values are not blinded here, for all that the service sees of them
 * is whether two are equal.
 */
import { chooseSharers, sharersScannedMax } from '../../src/matching/evidence.ts'
import type { Evidence } from '../../src/matching/odds.ts'
import { partsOf } from '../../src/matching/rows.ts'
import type { MatchKey } from '../../src/protocol/matching/matchkeys.ts'

/** Two records by their place in the list, `left` the earlier. */
export type Pair = { readonly left: number; readonly right: number; readonly evidence: Evidence }

/** One record's values by number, ascending, and the types it has. */
type Side = {
  readonly values: readonly number[]
  readonly types: ReadonlySet<string>
  readonly parts: number
}

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
    const { ids, crowded, uncommon } = chooseSharers(sharing)
    const shared = { crowded: new Set(crowded), uncommon: new Set(uncommon) }
    for (const id of ids) {
      const left = Number(id)
      pairs.push({ left, right, evidence: evidenceOf(left, right, shared) })
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
    const held = new Map<string, number>()
    for (const { type } of keys) held.set(type, (held.get(type) ?? 0) + 1)
    const values = keys.map(numberOf).sort((a, b) => a - b)
    return { values, types: sets.get(name)!, parts: partsOf(held) }
  })
  return { sides, typeOf }
}

/** The numbers of the values that a crowd shares, and of those that hardly anybody does. */
type Shared = Record<'crowded' | 'uncommon', ReadonlySet<number>>

function evidenceAmong({
  sides,
  typeOf,
}: Numbered): (left: number, right: number, shared: Shared) => Evidence {
  const known = new Map<string, Evidence>()
  const setNames = new Map(
    [...new Set(sides.map(({ types }) => types))].map((set, at) => [set, at]),
  )
  return (leftAt, rightAt, { crowded, uncommon }) => {
    const [left, right] = [sides[leftAt]!, sides[rightAt]!]
    const equal = inBoth(left.values, right.values)
    const agreeing = countTypes(equal)
    const uncrowded = countTypes(equal.filter((value) => !crowded.has(value)))
    const sets = `${setNames.get(left.types)} ${setNames.get(right.types)}`
    const rare = equal.filter((value) => uncommon.has(value)).map((value) => typeOf[value]!)
    const parts = Math.min(left.parts, right.parts)
    const types = [agreeing, uncrowded, new Set(rare)].map((it) => [...it].sort().join())
    const name = `${types.join(' ')} ${parts} ${sets}`
    const same = known.get(name)
    if (same) return same
    const sidesHave = { left: left.types, right: right.types }
    const evidence = { agreeing, uncrowded, uncommon: new Set(rare), parts, ...sidesHave }
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
