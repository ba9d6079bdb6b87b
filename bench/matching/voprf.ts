/**
 * VOPRF: a holder's evaluation of a batch of 16 under one proof, beside the same by @noble/curves and
 * beside the bare scalar multiplications that nobody can leave out; and the client's own cost of
 * blinding a person's match keys. All in one process, in turns.
 */
import { ristretto255_oprf } from '@noble/curves/ed25519.js'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import {
  type Blinding,
  blindMatchKeys,
  finalizeMatchKeys,
} from '../../src/protocol/matching/matchvalues.ts'
import { multiply, multiplyBase } from '../../src/protocol/matching/ristretto.ts'
import { blind, blindEvaluate, generateMatchingKey } from '../../src/protocol/matching/voprf.ts'
import { randomBytes } from '../../src/protocol/sodium.ts'
import type { MatchingEpoch } from '../../src/protocol/trust/keyset.ts'
import { median, report, tell } from '../report.ts'

const batchSize = 16
const rounds = 40
const warmingRounds = 10

const key = generateMatchingKey()

export async function bench(): Promise<void> {
  clientCost()
  voprfRatios()
}

/** Prints the two ratios of a holder's work, the headline last. */
export function voprfRatios(): void {
  const { secretKey, publicKey } = key
  const batch = Array.from({ length: batchSize }, () => blind(randomBytes(32)).blindedElement)
  const { voprf } = ristretto255_oprf
  const times = inTurns({
    ours: () => blindEvaluate(key, batch),
    bare: () => bareMultiplications(secretKey, batch),
    noble: () => voprf.blindEvaluateBatch(secretKey, publicKey, batch),
  })
  report(
    `ms a batch of ${batchSize} with proof: ours, its bare scalar multiplications`,
    times.ours,
    times.bare,
    2.5,
    'at most',
  )
  report(
    `batches of ${batchSize} with proof a second: ours, @noble/curves`,
    1000 / times.ours,
    1000 / times.noble,
    5,
  )
}

/**
 * What RFC 9497 cannot do without: an evaluation of each element, a weight on each, the weighted sum
 * under the key, and the two commitments of the proof.
 */
function bareMultiplications(secretKey: Uint8Array, batch: readonly Uint8Array[]): void {
  const [first = secretKey] = batch
  for (const element of batch) {
    multiply(secretKey, element)
    multiply(secretKey, element)
  }
  multiply(secretKey, first)
  multiply(secretKey, first)
  multiplyBase(secretKey)
}

/** What a referrer's device spends on one person, with the parameters of the documentation. */
function clientCost(): void {
  const holder = encodeBase64url(key.publicKey)
  const epoch: MatchingEpoch = {
    epoch: 1,
    suite: 'ristretto255-SHA512',
    mode: 'VOPRF',
    recipe: 'match-keys/2',
    holders: [holder],
    publicKey: holder,
    types: ['T_D'],
    argon2id: { passes: 2, memoryKiB: 19_456 },
  }
  const keys = Array.from({ length: batchSize }, (_, index) => ({
    type: 'T_D',
    value: `k${index}`,
  }))
  const blinding = blindMatchKeys(keys, 'intake.example.org', epoch)
  const answer = answerOf(blinding)
  const times = inTurns(
    {
      blinding: () => blindMatchKeys(keys, 'intake.example.org', epoch),
      finalizing: () => finalizeMatchKeys(blinding, [{ holder, ...answer }]),
    },
    5,
    1,
  )
  tell(`blinding ${batchSize} match keys, 2 passes over 19 MiB, ms`, times.blinding)
  tell(`verifying and finalizing ${batchSize}, ms`, times.finalizing)
}

function answerOf(blinding: Blinding): { elements: string[]; proof: string } {
  const { elements, proof } = blindEvaluate(
    key,
    blinding.keys.map(({ blindedElement }) => blindedElement),
  )
  return { elements: elements.map(encodeBase64url), proof: encodeBase64url(proof) }
}

/** Milliseconds a call of each, the medians of rounds in which each has its turn. */
function inTurns<Name extends string>(
  acts: Record<Name, () => unknown>,
  counted = rounds,
  warming = warmingRounds,
): Record<Name, number> {
  const names = Object.keys(acts) as Name[]
  const times = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < warming + counted; round += 1) {
    for (const name of names) {
      const begun = performance.now()
      acts[name]()
      if (round >= warming) times.get(name)?.push(performance.now() - begun)
    }
  }
  const medians = names.map((name) => [name, median(times.get(name) ?? [])])
  return Object.fromEntries(medians) as Record<Name, number>
}
