/**
 * From the person in a referral to match values that nobody can read back (docs/PROTOCOL.md,
 * "Match keys" and "Blinding"): the keys are made, stretched and blinded here, the holders of the
 * matching key answer, and each answer must be proved by a key of the keyset. What leaves is
 * blinded: to the service and to the holders, one element is as good as another.
 */
import type { MatchValue } from '../protocol/envelope/envelope.ts'
import type { MatchKey } from '../protocol/matching/matchkeys.ts'
import {
  type Blinding,
  blindMatchKeys,
  finalizeMatchKeys,
} from '../protocol/matching/matchvalues.ts'
import type { Keyset, MatchingEpoch } from '../protocol/trust/keyset.ts'
import type { Readable } from '../referral/reading.ts'
import { BadAnswer, KeysUnmade } from './failure.ts'
import { EvaluationsAnswer, readAnswer } from './schemas.ts'
import type { Transport } from './transport.ts'

/** One epoch of the keyset: the person's values, which may be none, or why they are missing. */
export type Evaluated = { readonly epoch: number } & (
  | { readonly values: MatchValue[]; readonly failure?: undefined }
  | { readonly values?: undefined; readonly failure: Failure }
)

/** What kept values from being made, as it was thrown. */
export type Failure = { readonly thrown: unknown }

/** What the recipe reads of a referral: to be drafted, or opened. */
export type PersonParts = Pick<Readable, 'identity' | 'contact'>

/** As long as an answer is worth waiting for, whoever waits. */
export const answerMsMax = 5_000

/**
 * The match values of a person under each epoch that the keyset lists, the newest first.
 *
 * Never throws: what fails under one epoch is told in its place. Each key takes about 40 ms to
 * stretch, between which others have their turn, and 5 seconds are then waited for all answers.
 */
export async function evaluatePerson(
  transport: Transport,
  { origin, matching }: Pick<Keyset, 'origin' | 'matching'>,
  parts: PersonParts,
): Promise<Evaluated[]> {
  const asked: Promise<Evaluated>[] = []
  for (const parameters of matching.toSorted((a, b) => b.epoch - a.epoch)) {
    const { epoch } = parameters
    try {
      const blinding = await blindingOf(parts, { origin, parameters })
      const answered = evaluate(transport, blinding)
      asked.push(answered.then((values) => ({ epoch, values })).catch(failed(epoch)))
    } catch (thrown) {
      asked.push(Promise.resolve(failed(epoch)(thrown)))
    }
  }
  return Promise.all(asked)
}

function failed(epoch: number): (thrown: unknown) => Evaluated {
  return (thrown) => ({ epoch, failure: { thrown } })
}

/** @throws KeysUnmade whatever it is that fails: nobody else has a part in it */
async function blindingOf(
  parts: PersonParts,
  under: { origin: string; parameters: MatchingEpoch },
): Promise<Blinding> {
  try {
    return await blindInTurns(await keysOf(parts, under.parameters.types), under)
  } catch (cause) {
    throw new KeysUnmade({ cause })
  }
}

/**
 * The recipe knows every script and every country's telephones, more than all else in a page that
 * only seals or only reads: it is loaded when it is first needed.
 */
async function keysOf(parts: PersonParts, types: readonly string[]): Promise<MatchKey[]> {
  const { matchKeys, personOf } = await import('../protocol/matching/matchkeys.ts')
  return matchKeys(personOf(parts), types)
}

/** As `blindMatchKeys`, and a page goes on scrolling, a server answering, between the keys. */
async function blindInTurns(
  keys: readonly MatchKey[],
  { origin, parameters }: { origin: string; parameters: MatchingEpoch },
): Promise<Blinding> {
  const blinded: Blinding[] = []
  for (const key of keys) {
    blinded.push(blindMatchKeys([key], origin, parameters))
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  return {
    epoch: parameters,
    elements: blinded.flatMap(({ elements }) => elements),
    keys: blinded.flatMap(({ keys }) => keys),
  }
}

/** @throws Refusal for an answer that is not by the epoch's holders, and as `Transport.send` */
async function evaluate(transport: Transport, blinding: Blinding): Promise<MatchValue[]> {
  const { epoch, elements } = blinding
  if (elements.length === 0) return []
  const path = '/v1/matching/evaluations'
  const answer = await transport.send({
    method: 'POST',
    path,
    body: { epoch: epoch.epoch, elements },
    // The same elements get the same values. What it may cost twice is a little of the budget.
    repeatable: true,
    withinMs: answerMsMax,
  })
  const evaluated = readAnswer(EvaluationsAnswer, answer, `POST ${path}`)
  if (evaluated.epoch !== epoch.epoch) {
    throw new BadAnswer(`epoch ${epoch.epoch} was asked for, another was answered`)
  }
  return finalizeMatchKeys(blinding, evaluated.answers)
}
