/** What every bench prints, and the few statistics it needs. */

/** Which side of its target a ratio keeps to: what is gained is `at least`, a cost is `at most`. */
type Bound = 'at least' | 'at most'

/** Prints one line: a ratio, its target, and whether it is met. */
export function report(
  name: string,
  ours: number,
  against: number,
  target: number,
  bound: Bound = 'at least',
): void {
  const ratio = rounded(ours / against)
  const met = bound === 'at least' ? ratio >= target : ratio <= target
  const line = { name, ours: rounded(ours), against: rounded(against), ratio, bound, target, met }
  console.log(JSON.stringify(line))
}

/** Prints a figure that stands alone: it is told, and nothing is promised of it. */
export function tell(name: string, ours: number): void {
  const nothing = { against: null, ratio: null, bound: null, target: null, met: null }
  console.log(JSON.stringify({ name, ours: rounded(ours), ...nothing }))
}

/** Prints a count that a promise bounds. @returns whether the promise holds */
export function count(name: string, ours: number, target: number, bound: Bound): boolean {
  const met = bound === 'at least' ? ours >= target : ours <= target
  console.log(JSON.stringify({ name, ours, against: null, ratio: null, bound, target, met }))
  return met
}

/** The middle of `values`, which must not be empty. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** The least of `values`, which must not be empty, that `share` of them do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
