/** Which types a row of the table of weights stands for. Pure. */
import { keyTypes, matchKeyTypes, typesThat } from '../protocol/matching/keytypes.ts'
import type { Evidence } from './odds.ts'

/** The types of reference numbers. */
export const references = typesThat(({ row }) => row === 'REF')

const rows = new Map(
  matchKeyTypes.map(rowOf).map((row) => [row, matchKeyTypes.filter((it) => rowOf(it) === row)]),
)

/**
 * The types that a row of the table stands for. Several have one row where they mean the same: a number
 * of one kind is worth what one of another is, and a name with a word that half a tradition bears
 * what another name is.
 */
export function typesOf(row: string): readonly string[] {
  return rows.get(row) ?? [row]
}

/** Whether both sides have something that a row compares. Of numbers: one of the same kind. */
export function isComparable(row: string, { left, right }: Pick<Evidence, 'left' | 'right'>) {
  const types = typesOf(row)
  const has = (side: ReadonlySet<string>) => types.some((type) => side.has(type))
  if (row !== 'REF') return has(left) && has(right)
  return types.some((type) => left.has(type) && right.has(type))
}

/** A file without its suffix says nothing more where a number agrees. */
export function counts(type: string, agreeing: ReadonlyMap<string, number>): boolean {
  return agreeing.has(type) && !(type === 'FILE' && references.some((it) => agreeing.has(it)))
}

/**
 * How many parts a name has, by how many values there are of each type: with each birth date as many of
 * `T_D` as it has parts, and one of `I_D` and of `P_MD`. 0 where that cannot be told.
 */
export function partsOf(held: ReadonlyMap<string, number>): number {
  const count = (...types: readonly string[]) =>
    types.reduce((sum, type) => sum + (held.get(type) ?? 0), 0)
  const initials = count('I_D', 'I_D01')
  // The greater of the two: `I_D` is among the first that go where a person has more than 40 keys.
  const dates = Math.max(initials, count('P_MD'))
  return initials === 0 ? 0 : Math.floor(count('T_D', 'T_D01') / dates)
}

/** The row of a type: for one that the table does not know, and for a row, itself. */
export function rowOf(type: string): string {
  return keyTypes.get(type)?.row ?? type
}
