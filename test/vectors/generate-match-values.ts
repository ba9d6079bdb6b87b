/**
 * Writes match-values-1.json: `node test/vectors/generate-match-values.ts`. Only for a new recipe of
 * blinding: a change of what stands there means that no value stored before is ever met again.
 */
import { writeFileSync } from 'node:fs'
import type { ErrorCode } from '../../src/errors.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import {
  blindMatchKeys,
  type EvaluationAnswer,
  finalizeMatchKeys,
  matchKeysSignedBytes,
  signMatchKeys,
} from '../../src/protocol/matching/matchvalues.ts'
import { randomScalar } from '../../src/protocol/matching/ristretto.ts'
import type { MatchingKey } from '../../src/protocol/matching/voprf.ts'
import type { MatchingEpoch } from '../../src/protocol/trust/keyset.ts'
import {
  answerOf,
  holders,
  matchKeys,
  oneHolder,
  stranger,
  twoHolders,
} from '../protocol/blinding.ts'
import { bytesOf, fixedRandom, hex, keys, origin, seedOf } from '../protocol/world.ts'

const one = blinded(oneHolder, [holders[0]])
const two = blinded(twoHolders, holders)
const statement = { epoch: two.epoch.epoch, values: two.values }
const headerHash = seedOf('header hash')

const vectors = {
  note: 'Byte strings are hex where the protocol has raw bytes, base64url where it writes text. `r` is the random scalar of a proof.',
  origin,
  matchKeys,
  epochs: [one, two],
  mustFail: mustFail(),
  statement: {
    signer: { kid: keys.caseworkSigning.kid, seed: hex(keys.caseworkSigning.secretKey) },
    headerHash: hex(headerHash),
    jcs: new TextDecoder().decode(canonicalBytes(statement)),
    signedBytes: hex(matchKeysSignedBytes(headerHash, statement)),
    signature: signMatchKeys(headerHash, statement, keys.caseworkSigning).value,
  },
}

function blinded(epoch: MatchingEpoch, secrets: readonly MatchingKey[]) {
  const blinding = blindMatchKeys(matchKeys, origin, epoch, fixedRandom(`blinds ${epoch.epoch}`))
  const proved = secrets.map((key, index) => {
    const random = fixedRandom(`proof ${epoch.epoch} ${index}`)
    const r = hex(randomScalar(fixedRandom(`proof ${epoch.epoch} ${index}`)))
    return { secretKey: hex(key.secretKey), r, answer: answerOf(key, blinding, random) }
  })
  return {
    epoch,
    keys: blinding.keys.map(({ type, input, blind, blindedElement }) => ({
      type,
      input: hex(input),
      blind: hex(blind),
      blindedElement: hex(blindedElement),
    })),
    holders: proved,
    values: finalizeMatchKeys(
      blinding,
      proved.map(({ answer }) => answer),
    ),
  }
}

/** Answers to the second epoch's elements that a client must refuse, each by its code. */
function mustFail(): { name: string; code: ErrorCode; answers: EvaluationAnswer[] }[] {
  const blinding = blindMatchKeys(matchKeys, origin, twoHolders, fixedRandom('blinds 2'))
  const [first, second] = two.holders.map(({ answer }) => answer) as [Answer, Answer]
  const replaced = (answer: Answer, index: number, element: string) => ({
    ...answer,
    elements: answer.elements.with(index, element),
  })
  const proof = bytesOf(second.proof)
  const forged = answerOf(stranger, blinding, fixedRandom('forged'))
  const unreduced = encodeBase64url(new Uint8Array(32).fill(0xff))
  return [
    { name: 'one holder is missing', code: 'batch-mismatch', answers: [first] },
    { name: 'one holder twice', code: 'batch-mismatch', answers: [first, first] },
    { name: 'a holder unknown', code: 'batch-mismatch', answers: [first, forged] },
    {
      name: 'an element too few',
      code: 'batch-mismatch',
      answers: [first, { ...second, elements: second.elements.slice(1) }],
    },
    {
      name: 'the identity',
      code: 'element-invalid',
      answers: [first, replaced(second, 1, encodeBase64url(new Uint8Array(32)))],
    },
    {
      name: 'an element that is none',
      code: 'element-invalid',
      answers: [replaced(first, 0, unreduced), second],
    },
    {
      name: 'a scalar of the proof not reduced',
      code: 'scalar-invalid',
      answers: [first, { ...second, proof: encodeBase64url(proof.fill(0xff, 32)) }],
    },
    {
      name: 'evaluated under another key, with its proof',
      code: 'proof-invalid',
      answers: [first, { ...forged, holder: second.holder }],
    },
    {
      name: 'the proofs of two holders exchanged',
      code: 'proof-invalid',
      answers: [
        { ...first, proof: second.proof },
        { ...second, proof: first.proof },
      ],
    },
    {
      name: 'an element of another place',
      code: 'proof-invalid',
      answers: [first, replaced(second, 0, second.elements[1] ?? '')],
    },
  ]
}

type Answer = ReturnType<typeof answerOf>

writeFileSync(
  new URL('match-values-1.json', import.meta.url),
  `${JSON.stringify(vectors, null, 1)}\n`,
)
