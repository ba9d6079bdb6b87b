/**
 * The schemas of the API document by name: whoever generates a client gets one type for each, not a
 * copy for each place. A name is the one under which the code exports the schema; parts of exported
 * schemas are named here.
 */
import { Type } from 'typebox'
import * as audit from '../audit/schemas.ts'
import * as cases from '../cases/schemas.ts'
import * as directory from '../directory/schemas.ts'
import * as intake from '../intake/schemas.ts'
import * as matching from '../matching/schemas.ts'
import * as proof from '../proof/schemas.ts'
import * as acknowledgement from '../protocol/envelope/acknowledgement.ts'
import * as envelope from '../protocol/envelope/envelope.ts'
import * as released from '../protocol/envelope/released.ts'
import * as grant from '../protocol/messages/grant.ts'
import * as message from '../protocol/messages/message.ts'
import * as reading from '../reading/schemas.ts'
import * as format from '../referral/format.ts'
import * as header from '../referral/header.ts'
import * as triage from '../triage/schemas.ts'
import * as health from './health.ts'
import { problems } from './problems.ts'

const Fault = Type.Object({ pointer: Type.String(), detail: Type.String() })

/** RFC 9457, with the members that are ours. */
export const Problem = Type.Object({
  type: Type.String({ format: 'uri-reference' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.Optional(
    Type.String({ description: 'Names fields, ids and limits; never a value.' }),
  ),
  instance: Type.Optional(Type.String({ format: 'uri', description: 'The id to ask us about.' })),
  code: Type.Optional(Type.Enum(Object.keys(problems).sort())),
  stored: Type.Optional(Type.Boolean({ description: 'Whether anything of the request was kept.' })),
  retry: Type.Optional(Type.Enum(['never', 'later', 'after-refresh'])),
  next: Type.Optional(Type.String({ description: 'The next step, in words.' })),
  errors: Type.Optional(Type.Array(Fault)),
})

const judgement = cases.Case.properties.judgements.items

/** Of two equal schemas the first gives the name. */
const named: Readonly<Record<string, unknown>> = {
  ...format,
  ...acknowledgement,
  ...envelope,
  ...released,
  ...grant,
  ...message,
  ...header,
  Channel: header.Header.properties.channel,
  Region: header.Header.properties.region,
  Urgency: header.Header.properties.urgency,
  CompartmentHashes: header.Header.properties.commitments,
  ReleasedCompartments: released.Released.properties.compartments,
  WrapHashes: released.Released.properties.wrapHashes,
  ...health,
  ...directory,
  ...intake,
  ...proof,
  ...matching,
  ...reading,
  ...triage,
  ...cases,
  ...audit,
  ReceiptState: intake.ReceiptStates.properties.referrals.items,
  ProofAction: proof.ChallengeRequest.properties.action,
  Evaluation: matching.EvaluationAnswers.properties.answers.items,
  Claim: triage.Claims.properties.claims.items,
  Item: triage.ItemsPage.properties.items.items,
  ItemState: triage.ItemsQuery.properties.state,
  Outcome: triage.Completion.properties.outcome,
  DeclineReason: triage.CompletionRequest.properties.reason,
  OpeningStep: triage.CompletionRequest.properties.step,
  CaseReferral: cases.Case.properties.referrals.items,
  CaseFlag: cases.Case.properties.flags.items,
  Judgement: judgement,
  Verdict: judgement.properties.verdict,
  Bit: judgement.properties.bits.items,
  FlagKind: cases.Case.properties.flags.items.properties.kind,
  FoundCase: cases.Found.properties.cases.items,
  SplitCase: cases.Split.properties.cases.items,
  KeptNote: cases.Notes.properties.notes.items,
  PossibleMatch: cases.PossibleMatches.properties.possibleMatches.items,
  Review: cases.Reviews.properties.reviews.items,
  Entry: audit.EntriesPage.properties.entries.items,
  EntryOutcome: audit.EntriesQuery.properties.outcome,
  Action: audit.EntriesQuery.properties.action,
  Problem,
  Fault,
  ProblemCode: Problem.properties.code,
}

/** Which members of an object depend on others. */
const conditions: Readonly<Record<string, object>> = {
  CompletionRequest: triage.completionConditions,
  SearchRequest: cases.searchConditions,
}

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** As @fastify/swagger writes it: a map's values alone, without the pattern of its names. */
function written(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema), (_, value) => {
    if (!isObject(value?.patternProperties)) return value
    const { patternProperties, ...rest } = value
    return { ...rest, additionalProperties: Object.values(patternProperties)[0] }
  })
}

/** Two schemas that differ in their description alone are one type. */
function identify({ description: _, ...schema }: Json): string {
  return JSON.stringify(schema)
}

const byContent = new Map<string, { name: string; schema: Json }>()
for (const [name, value] of Object.entries(named)) {
  // A module of schemas exports limits and functions as well.
  if (!isObject(value) || !('type' in value || 'enum' in value)) continue
  const schema = written(value)
  const content = identify(schema)
  if (!byContent.has(content)) byContent.set(content, { name, schema })
}

/** `document` with each named schema once, in its components, and a reference wherever it stood. */
export function withComponents<Document extends object>(document: Document): Document {
  const schemas: Record<string, Json> = {}

  function refer(node: unknown): unknown {
    if (Array.isArray(node)) return node.map(refer)
    if (!isObject(node)) return node
    const found = byContent.get(identify(node))
    if (!found) return referWithin(node)
    const { name, schema } = found
    schemas[name] ??= { ...referWithin(schema), ...conditions[name] }
    const { description } = node
    const isOwn = description !== undefined && description !== schema.description
    return { $ref: `#/components/schemas/${name}`, ...(isOwn && { description }) }
  }

  function referWithin(node: Json): Json {
    const members = Object.entries(node).map(([name, value]) => {
      // Generators make a type of each enum, and none of a constant.
      const isConstant = name === 'enum' && Array.isArray(value) && value.length === 1
      return isConstant ? ['const', value[0]] : [name, refer(value)]
    })
    return Object.fromEntries(members)
  }

  const { components, ...rest } = refer(document) as { components: Json }
  const sorted = Object.entries(schemas).sort(([one], [other]) => (one < other ? -1 : 1))
  const all = { ...components, schemas: Object.fromEntries(sorted) }
  return { ...rest, components: all } as unknown as Document
}
