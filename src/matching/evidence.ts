/** From equal values to evidence: which types of two referrals agree, within one epoch. Pure. */
import { encodeBase64url } from '../protocol/bytes.ts'
import { bearersMax, candidatesPerValueMax, type Judged, judge } from './odds.ts'
import { partsOf } from './rows.ts'

export type ValueOfEpoch = {
  readonly epoch: number
  readonly type: string
  readonly value: Uint8Array
}

/** Another referral, and what the keys say of it. */
export type Candidate = Judged & { readonly referralId: string }

/** What the keys say of two referrals; without odds where they share no value. */
export type Compared = Pick<Judged, 'verdict'> & Partial<Pick<Judged, 'odds' | 'sure'>>

/** Of those who share a value so many are looked at, to keep the ones that agree in most. */
export const sharersScannedMax = 200

/** A referral that shares a value, by the number of the value. */
export type Sharing = { readonly referralId: string; readonly number: number }

/**
 * Whom to compare: for each value at most `candidatesPerValueMax`, those that share most other values, then
 * the oldest. `crowded` are the numbers of the values that more share, `uncommon` of those that hardly
 * anybody does.
 *
 * @param rows - for each value those that share it, the oldest first
 */
export function chooseSharers(rows: readonly Sharing[]): {
  ids: string[]
  crowded: readonly number[]
  uncommon: readonly number[]
} {
  const shares = new Map<string, number>()
  const byValue = new Map<number, string[]>()
  for (const { referralId, number } of rows) {
    shares.set(referralId, (shares.get(referralId) ?? 0) + 1)
    const sharers = byValue.get(number)
    if (sharers) sharers.push(referralId)
    else byValue.set(number, [referralId])
  }
  const chosen = [...byValue.values()].flatMap((ids) =>
    // The sort is stable: among equals the oldest stay in front.
    ids.sort((a, b) => (shares.get(b) ?? 0) - (shares.get(a) ?? 0)).slice(0, candidatesPerValueMax),
  )
  const numbered = (isWanted: (sharers: number) => boolean) =>
    [...byValue].flatMap(([number, { length }]) => (isWanted(length) ? [number] : []))
  const crowded = numbered((sharers) => sharers > candidatesPerValueMax)
  const uncommon = numbered((sharers) => sharers <= bearersMax)
  return { ids: [...new Set(chosen)], crowded, uncommon }
}

/** Of one referral, epoch and type: how many values it has, and shares. */
export type Agreement = {
  readonly referralId: string
  /** When the service received it, in milliseconds: its id is of its referrer's choice. */
  readonly at: number
  readonly epoch: number
  readonly type: string
  readonly held: number
  readonly agreeing: number
  /** Those of them that no crowd shares. */
  readonly uncrowded: number
  /** Those of them that hardly anybody else has. */
  readonly uncommon: number
}

/** The evidence about each other referral, under the epoch that speaks most for it. */
export function weigh(
  own: readonly Pick<ValueOfEpoch, 'epoch' | 'type'>[],
  rows: readonly Agreement[],
): Candidate[] {
  const left = new Map<number, Map<string, number>>()
  for (const { epoch, type } of own) {
    const held = left.get(epoch) ?? new Map<string, number>()
    left.set(epoch, held.set(type, (held.get(type) ?? 0) + 1))
  }
  const pairs = new Map<string, Agreement[]>()
  for (const row of rows) {
    if (!left.has(row.epoch)) continue
    const pair = `${row.referralId} ${row.epoch}`
    pairs.set(pair, [...(pairs.get(pair) ?? []), row])
  }
  const times = new Map(rows.map(({ referralId, at }) => [referralId, at]))
  const timeOf = ({ referralId }: Candidate) => times.get(referralId) ?? 0
  const best = new Map<string, Candidate>()
  for (const types of pairs.values()) {
    const [{ referralId, epoch }] = types as [Agreement]
    const counted = (of: (row: Agreement) => number) =>
      new Map(types.filter((row) => of(row) > 0).map((row) => [row.type, of(row)] as const))
    const [ours, theirs] = [left.get(epoch) ?? new Map(), counted(({ held }) => held)]
    const judged = judge({
      agreeing: counted(({ agreeing }) => agreeing),
      uncrowded: counted(({ uncrowded }) => uncrowded),
      uncommon: new Set(counted(({ uncommon }) => uncommon).keys()),
      parts: Math.min(partsOf(ours), partsOf(theirs)),
      left: new Set(ours.keys()),
      right: new Set(theirs.keys()),
    })
    const before = best.get(referralId)
    if (before && likelier(before, judged) <= 0) continue
    best.set(referralId, { referralId, ...judged })
  }
  return [...best.values()].sort(
    // Among equals the older, so that one pairing is as good as its repetition.
    (a, b) => likelier(a, b) || timeOf(a) - timeOf(b) || (a.referralId < b.referralId ? -1 : 1),
  )
}

const ranks = ['match', 'possible', 'none']

/** An order: those that may be merged come first, by what merges them; then others, by all that agrees. */
export function likelier(a: Judged, b: Judged): number {
  const score = ({ verdict, odds, sure }: Judged) => (verdict === 'match' ? sure : odds).score
  return ranks.indexOf(a.verdict) - ranks.indexOf(b.verdict) || score(b) - score(a)
}

/** Whether two lists hold the same values of one epoch, in any order. */
export function sameValues(
  some: readonly { readonly type: string; readonly value: Uint8Array }[],
  others: readonly { readonly type: string; readonly value: Uint8Array }[],
): boolean {
  const texts = (values: typeof some) =>
    values.map(({ type, value }) => `${type} ${encodeBase64url(value)}`).sort()
  return texts(some).join() === texts(others).join()
}
