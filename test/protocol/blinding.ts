/**
 * Two epochs of match keys, one with one holder and one with two, everything in them derived from
 * fixed seeds. Stretching is as cheap as Argon2id allows, so that a second implementation keeps up.
 */
import { ristretto255_oprf } from '@noble/curves/ed25519.js'
import { encodeBase64url, type Random } from '../../src/protocol/bytes.ts'
import type { MatchKey } from '../../src/protocol/matching/matchkeys.ts'
import type { Blinding, EvaluationAnswer } from '../../src/protocol/matching/matchvalues.ts'
import { addElements, blindEvaluate, type MatchingKey } from '../../src/protocol/matching/voprf.ts'
import type { MatchingEpoch } from '../../src/protocol/trust/keyset.ts'
import { bytesOf, seedOf } from './world.ts'

/** `DeriveKeyPair` of RFC 9497, section 3.2.1, by noble: a key that is the same in each run. */
export const holder = (name: string): MatchingKey =>
  ristretto255_oprf.voprf.deriveKeyPair(seedOf(name), new Uint8Array())

export const holders = [holder('first holder'), holder('second holder')] as const
export const stranger = holder('no holder')

/** In no order, one of them twice, two with one value under two types, one outside of ASCII. */
export const matchKeys: readonly MatchKey[] = [
  { type: 'T_D', value: 'rahimi|1994-03-07' },
  { type: 'REF_uan', value: '1212-0000-1234-5678' },
  { type: 'N', value: 'amina rahimi' },
  { type: 'P', value: 'amina rahimi' },
  { type: 'T_D', value: 'amina|1994-03-07' },
  { type: 'REF_port', value: 'Ä7/آ' },
  { type: 'T_D', value: 'rahimi|1994-03-07' },
]

export const epochOf = (
  epoch: number,
  keys: readonly MatchingKey[],
  changes: Partial<MatchingEpoch> = {},
): MatchingEpoch => {
  const points = keys.map(({ publicKey }) => publicKey)
  return {
    epoch,
    suite: 'ristretto255-SHA512',
    mode: 'VOPRF',
    recipe: 'match-keys/2',
    holders: points.map(encodeBase64url),
    publicKey: encodeBase64url(points.reduce((a, b) => addElements(a, b))),
    types: ['REF_uan', 'REF_port', 'N', 'P', 'T_D'],
    argon2id: { passes: 1, memoryKiB: 64 },
    ...changes,
  }
}

export const oneHolder = epochOf(1, [holders[0]])
export const twoHolders = epochOf(2, holders)

/** What an honest holder answers. */
export function answerOf(key: MatchingKey, { elements }: Blinding, random?: Random) {
  const evaluation = blindEvaluate(key, elements.map(bytesOf), random)
  return {
    holder: encodeBase64url(key.publicKey),
    elements: evaluation.elements.map(encodeBase64url),
    proof: encodeBase64url(evaluation.proof),
  } satisfies EvaluationAnswer
}
