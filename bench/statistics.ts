/**
 * Whether two samples are of one distribution: two tests that ask it differently, both without any
 * assumption about the distribution, and for samples of twenty and more. Pure.
 */

/**
 * The Mann–Whitney U test, two-sided, by the normal approximation with corrections for ties and
 * continuity (Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", section 4.1):
 * notices that one sample tends to be larger.
 *
 * @returns p: how often two samples of one distribution would differ at least as much
 */
export function mannWhitney(some: readonly number[], others: readonly number[]): number {
  const [n, m] = [some.length, others.length]
  const { u, ties } = rankTest(some, others)
  const variance = ((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
  const distance = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5)
  return variance === 0 ? 1 : erfc(distance / Math.sqrt(2 * variance))
}

/** How often one of `some` is larger than one of `others`, a tie counting half: 0.5 if alike. */
export function superiority(some: readonly number[], others: readonly number[]): number {
  return rankTest(some, others).u / (some.length * others.length)
}

/** The U statistic of `some`, and the sum of t³ - t over groups of t equal values. */
function rankTest(some: readonly number[], others: readonly number[]) {
  const all = [...some.map((value) => [value, 1]), ...others.map((value) => [value, 0])]
  all.sort(([a = 0], [b = 0]) => a - b)
  const count = all.length
  let rankSum = 0
  let ties = 0
  for (let first = 0; first < count; ) {
    let end = first
    let mine = 0
    for (; end < count && all[end]?.[0] === all[first]?.[0]; end += 1) mine += all[end]?.[1] ?? 0
    // Equal values share the mean of their ranks, which count from 1.
    rankSum += mine * ((first + 1 + end) / 2)
    ties += (end - first) ** 3 - (end - first)
    first = end
  }
  return { u: rankSum - (some.length * (some.length + 1)) / 2, ties }
}

/**
 * The two-sample Kolmogorov–Smirnov test, two-sided, by the limit distribution (Press and others,
 * "Numerical Recipes", section 14.3.3): notices any difference of shape too.
 */
export function kolmogorovSmirnov(some: readonly number[], others: readonly number[]): number {
  const [a, b] = [some, others].map((values) => [...values].sort((x, y) => x - y))
  const [left, right] = [a ?? [], b ?? []]
  let [i, j, distance] = [0, 0, 0]
  while (i < left.length && j < right.length) {
    const value = Math.min(left[i] ?? 0, right[j] ?? 0)
    while (left[i] === value) i += 1
    while (right[j] === value) j += 1
    distance = Math.max(distance, Math.abs(i / left.length - j / right.length))
  }
  const size = (left.length * right.length) / (left.length + right.length)
  return kolmogorovTail(Math.sqrt(size) * distance)
}

/** `2 Σ (-1)^(k-1) exp(-2 k² x²)`; below 0.2 it differs from 1 by less than 10⁻¹². */
function kolmogorovTail(x: number): number {
  if (x < 0.2) return 1
  let sum = 0
  for (let k = 1; k <= 100; k += 1) sum += 2 * (-1) ** (k - 1) * Math.exp(-2 * k * k * x * x)
  return Math.min(1, Math.max(0, sum))
}

/** The complementary error function of x ≥ 0, to 1.2·10⁻⁷ ("Numerical Recipes", 6.2.2). */
function erfc(x: number): number {
  const t = 2 / (2 + x)
  const coefficients = [
    ...[-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806],
    ...[0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277],
  ]
  const polynomial = coefficients.reduceRight((sum, coefficient) => sum * t + coefficient, 0)
  return t * Math.exp(-x * x + polynomial)
}

/**
 * The least that, added to all of `some`, makes the Mann–Whitney test say p < `level`: what a
 * comparison of these two samples would have shown.
 */
export function leastDetected(
  some: readonly number[],
  others: readonly number[],
  level: number,
): number {
  let [low, high] = [0, 1]
  const shown = (shift: number) => {
    return (
      mannWhitney(
        some.map((value) => value + shift),
        others,
      ) < level
    )
  }
  while (!shown(high)) high *= 2
  for (let step = 0; step < 20; step += 1) {
    const middle = (low + high) / 2
    if (shown(middle)) high = middle
    else low = middle
  }
  return high
}
