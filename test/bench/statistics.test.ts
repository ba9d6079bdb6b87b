// The p-values are those of SciPy 1.17.1: `mannwhitneyu(…, method='asymptotic')`, and
// `special.kolmogorov(sqrt(n m / (n + m)) * D)` with D of `ks_2samp`.
import t from 'tap'
import {
  kolmogorovSmirnov,
  leastDetected,
  mannWhitney,
  superiority,
} from '../../bench/statistics.ts'

/** Hollander and Wolfe's permeability constants, as in R's `?wilcox.test`. */
const permeability = {
  atTerm: [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
  earlier: [1.15, 0.88, 0.9, 0.74, 1.21],
}

/** ISO C's example of a generator, of which each value's last three digits count. */
function generated(seed: number, count: number): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state % 1000
  })
}
const [some, others] = [generated(1, 200), generated(7, 150)]
const later = (by: number) => others.map((value) => value + by)
const coarse = [
  some.map((value) => Math.floor(value / 100)),
  others.map((value, index) => Math.floor(value / 100) + (index % 3 === 0 ? 1 : 0)),
] as const

const cases = [
  ['a textbook', permeability.atTerm, permeability.earlier, 0.2446236051, 0.1813004499, 0.7],
  ['two of one distribution', some, others, 0.8984898715, 0.4911285711, 0.496],
  ['one a little later', some, later(80), 0.0082258052, 0.0206469586, 0.4174666667],
  ['many ties', ...coarse, 0.1389655295, 0.0813637915, 0.4540166667],
  ['one much later', some, later(500), 4.1725967e-33, 1.1269817e-22, 0.1257],
] as const

for (const [name, left, right, whitney, smirnov, larger] of cases) {
  t.test(`${name}: both tests say what SciPy says`, async (t) => {
    t.ok(near(mannWhitney(left, right), whitney), `Mann and Whitney ${mannWhitney(left, right)}`)
    t.ok(near(mannWhitney(right, left), whitney), 'and the same the other way round')
    t.ok(near(kolmogorovSmirnov(left, right), smirnov), 'Kolmogorov and Smirnov')
    t.ok(near(superiority(left, right), larger), 'how often one is larger')
  })
}

t.test('samples that are all one value are alike', async (t) => {
  const same = Array(30).fill(1)
  t.equal(mannWhitney(same, same), 1)
  t.equal(kolmogorovSmirnov(same, same), 1)
})

t.test('the least that would show just shows', async (t) => {
  const least = leastDetected(some, others, 0.01)
  const shifted = (by: number) => some.map((value) => value + by)
  t.ok(mannWhitney(shifted(least), others) < 0.01)
  t.ok(mannWhitney(shifted(least - 2), others) >= 0.01)
})

function near(value: number, expected: number): boolean {
  return Math.abs(value / expected - 1) < 1e-6
}
