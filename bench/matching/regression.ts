/**
 * Logistic regression with weights that may not fall below zero or rise above a bound of their own,
 * and a small penalty on their squares. The loss is convex: there is one answer, whatever the order of the observations.
 */

/** How often one combination of features was seen with each outcome. Counts may be fractions. */
export type Observation = {
  /** The features that hold, by number, ascending; no number twice. */
  readonly features: readonly number[]
  readonly matches: number
  readonly others: number
}

export type Fitted = { readonly intercept: number; readonly weights: readonly number[] }

const stepsMax = 200
const sweepsMax = 20_000
const settled = 1e-8

/**
 * Minimises the logistic loss by Newton's method: each step minimises the quadratic that touches the
 * loss, within the bounds, by coordinate descent, and goes as far along as the loss falls.
 *
 * @param bounds - of each feature the most that its weight may be, in natural log odds
 * @param penalty - λ of `λ/2 · Σ weight²`; the intercept has none
 * @returns natural log odds
 * @throws Error where it does not settle
 */
export function fitLogistic(
  observations: readonly Observation[],
  bounds: readonly number[],
  penalty: number,
): Fitted {
  const featureCount = bounds.length
  // The intercept is the last weight, and holds always.
  const rows = observations.map((row) => ({ ...row, features: [...row.features, featureCount] }))
  const size = featureCount + 1
  const loss = (weights: Float64Array) => lossOf(rows, weights, penalty)
  let weights = new Float64Array(size)
  for (let step = 0; step < stepsMax; step += 1) {
    const { gradient, curvature } = slopesOf(rows, weights, penalty)
    const direction = boundedStep(weights, bounds, gradient, curvature)
    const next = lower(loss, weights, direction)
    if (!next) {
      return { intercept: weights[featureCount]!, weights: [...weights.subarray(0, featureCount)] }
    }
    weights = next
  }
  throw new Error('the weights do not settle')
}

/** As far along as the loss falls; `undefined` where it does not, or by nothing that shows. */
function lower(
  loss: (weights: Float64Array) => number,
  weights: Float64Array,
  direction: Float64Array,
): Float64Array<ArrayBuffer> | undefined {
  if (direction.every((change) => Math.abs(change) < settled)) return undefined
  const before = loss(weights)
  for (let share = 1; share > settled; share /= 2) {
    const next = Float64Array.from(weights, (weight, at) => weight + share * direction[at]!)
    if (loss(next) < before) return next
  }
  return undefined
}

function lossOf(rows: readonly Observation[], weights: Float64Array, penalty: number): number {
  let loss = 0
  for (let at = 0; at < weights.length - 1; at += 1) loss += (penalty / 2) * weights[at]! ** 2
  for (const { features, matches, others } of rows) {
    let score = 0
    for (const feature of features) score += weights[feature]!
    // log(1 + e^x) without overflow.
    const softplus = Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score)))
    loss += matches * (softplus - score) + others * softplus
  }
  return loss
}

function slopesOf(rows: readonly Observation[], weights: Float64Array, penalty: number) {
  const size = weights.length
  const gradient = weights.map((weight, at) => (at === size - 1 ? 0 : penalty * weight))
  const curvature = Array.from({ length: size }, () => new Float64Array(size))
  for (let at = 0; at < size; at += 1) curvature[at]![at] = at === size - 1 ? 0 : penalty
  for (const { features, matches, others } of rows) {
    let score = 0
    for (const feature of features) score += weights[feature]!
    const probability = 1 / (1 + Math.exp(-score))
    const slope = others * probability - matches * (1 - probability)
    const bend = (matches + others) * probability * (1 - probability)
    for (const one of features) {
      gradient[one]! += slope
      const row = curvature[one]!
      for (const other of features) row[other]! += bend
    }
  }
  return { gradient, curvature }
}

/** The step to the least of the quadratic, among those that leave each weight within its bounds. */
function boundedStep(
  weights: Float64Array,
  bounds: readonly number[],
  gradient: Float64Array,
  curvature: readonly Float64Array[],
): Float64Array {
  const size = weights.length
  const step = new Float64Array(size)
  const slope = gradient.slice()
  for (let sweep = 0; sweep < sweepsMax; sweep += 1) {
    let moved = 0
    for (let at = 0; at < size; at += 1) {
      const row = curvature[at]!
      // A feature that was never seen has no curvature but the penalty's.
      const free = step[at]! - slope[at]! / Math.max(row[at]!, 1e-12)
      const most = (bounds[at] ?? Number.POSITIVE_INFINITY) - weights[at]!
      const next = at === size - 1 ? free : Math.min(most, Math.max(-weights[at]!, free))
      const change = next - step[at]!
      if (change === 0) continue
      step[at] = next
      for (let other = 0; other < size; other += 1) slope[other]! += change * row[other]!
      moved = Math.max(moved, Math.abs(change))
    }
    if (moved < settled / 1000) break
  }
  return step
}
