/** What is held of two referrals, by whom and why; and the grounds in words. Pure. */
import { type Bit, wordsOf } from '../matching/odds.ts'

/** What may be held of two referrals. `unsure` is a person's word; it keeps the question open. */
export const verdicts = ['same', 'possible', 'unsure', 'different'] as const
/** On whose word: match keys, the referrer that amends its own referral, or a person. */
export const bases = ['keys', 'amendment', 'person'] as const
/** Why a person should look at a case; in words in `schemas.ts`. */
export const flagKinds = [
  ...['long', 'shared', 'replaced', 'full', 'unasked', 'withdrawal', 'message'],
] as const

export type Verdict = (typeof verdicts)[number]
export type FlagKind = (typeof flagKinds)[number]

/** Names a note: the referral that it is about, and its number. */
export type NoteRef = { readonly referralId: string; readonly number: number }

/** Why something is held of two referrals. */
export type Grounds = {
  readonly basis: (typeof bases)[number]
  readonly probability: number | null
  readonly bits: readonly Bit[]
}

/** The grounds, and the note that a person wrote with them. */
export type Reason = Grounds & { readonly note?: NoteRef }

/** What is held, or was. */
export type Judgement = Grounds & {
  readonly id: string
  readonly leftId: string
  readonly rightId: string
  readonly verdict: Verdict
  readonly madeAt: string
  readonly entryId: string
}

/** The other of the two referrals. */
export function otherOf(
  { leftId, rightId }: Pick<Judgement, 'leftId' | 'rightId'>,
  id: string,
): string {
  return leftId === id ? rightId : leftId
}

/** The two referrals. */
export function endsOf({ leftId, rightId }: Pick<Judgement, 'leftId' | 'rightId'>) {
  return [leftId, rightId] as const
}

/** The grounds of a person's word: what keys had found, if anything. */
export function byPerson(found?: Pick<Grounds, 'probability' | 'bits'>): Grounds {
  return { basis: 'person', probability: found?.probability ?? null, bits: found?.bits ?? [] }
}

/** What an entry of the log says of the grounds. */
export function detailsOf({ basis, probability, bits }: Grounds) {
  return {
    basis,
    ...(probability !== null && { probability: probability.toFixed(4) }),
    ...(bits.length > 0 && { bits: bitsText(bits) }),
  }
}

/** Bits as one text; equal for equal ones, whatever the order in which a database returns members. */
export function bitsText(bits: readonly Bit[]): string {
  return bits.map(({ type, because, bits: log2 }) => `${type} ${because} ${log2}`).join(', ')
}

/** An observation with its words. */
export function presentBit(bit: Bit) {
  return { ...bit, words: wordsOf(bit) }
}

/** What agrees, each once, the weightiest first: `names sound alike; birth year equal`. */
export function inWords(bits: readonly Bit[]): string {
  const agreeing = bits.filter(({ because }) => because !== 'missing')
  const ordered = [...agreeing].sort((a, b) => b.bits - a.bits)
  return [...new Set(ordered.map(wordsOf))].join('; ')
}
