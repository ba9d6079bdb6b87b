/**
 * The schemas of the API document by name: whoever generates a client gets one type for each, not a
 * copy for each place. A name is the one under which the code exports the schema; parts of exported
 * schemas are named here.
 */
import * as Type from 'typebox'
import * as proven from '../audit/provenschemas.ts'
import * as audit from '../audit/schemas.ts'
import * as caseExport from '../cases/exportschemas.ts'
import * as cases from '../cases/schemas.ts'
import * as directory from '../directory/schemas.ts'
import * as erasure from '../erasure/schemas.ts'
import * as intake from '../intake/schemas.ts'
import * as matching from '../matching/schemas.ts'
import * as messages from '../messages/schemas.ts'
import * as proof from '../proof/schemas.ts'
import * as acknowledgement from '../protocol/envelope/acknowledgement.ts'
import * as envelope from '../protocol/envelope/envelope.ts'
import * as released from '../protocol/envelope/released.ts'
import * as grant from '../protocol/messages/grant.ts'
import * as message from '../protocol/messages/message.ts'
import * as grants from '../reading/grantschemas.ts'
import * as reading from '../reading/schemas.ts'
import * as format from '../referral/format.ts'
import * as header from '../referral/header.ts'
import * as attempts from '../triage/attemptsschemas.ts'
import * as handover from '../triage/handoverschemas.ts'
import * as parking from '../triage/parkingschemas.ts'
import * as triage from '../triage/schemas.ts'
import * as several from '../triage/severalschemas.ts'
import * as urgency from '../triage/urgencyschemas.ts'
import * as watching from '../triage/watchingschemas.ts'
import * as vault from '../vault/schemas.ts'
import * as webhooks from '../webhooks/schemas.ts'
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
const entry = audit.EntriesPage.properties.entries.items

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
  ...erasure,
  ...intake,
  ...proof,
  ...matching,
  ...reading,
  ...messages,
  ...grants,
  ...vault,
  ...triage,
  ...several,
  ...parking,
  ...handover,
  ...attempts,
  ...watching,
  ...urgency,
  ...webhooks,
  ...cases,
  ...proven,
  ...caseExport,
  ...audit,
  ProofAction: proof.ChallengeRequest.properties.action,
  Evaluation: matching.EvaluationAnswers.properties.answers.items,
  Claim: triage.Claims.properties.claims.items,
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
  ListedCase: cases.Found.properties.cases.items,
  KeptNote: cases.Notes.properties.notes.items,
  PossibleMatch: cases.PossibleMatches.properties.possibleMatches.items,
  Review: cases.Reviews.properties.reviews.items,
  Entry: entry,
  EntryDetails: entry.properties.opening.properties.details,
  EntryOutcome: audit.EntriesQuery.properties.outcome,
  Action: audit.EntriesQuery.properties.action,
  Problem,
  Fault,
  ProblemCode: Problem.properties.code,
}

/**
 * What is sealed, signed, another program's, or a list of what has its own type, and so no use in parts: to whoever generates a client each is
 * one opaque object, and its form stands beside the schemas, where generators make no types of it.
 */
const opaque = new Set([
  'ActivationRequest',
  'ApiDocument',
  'AskedWithdrawal',
  'AskedWithdrawals',
  'Aside',
  'AsideRequest',
  'Attempts',
  'Challenge',
  'CaseExport',
  'ChangesPage',
  'CompartmentHashes',
  'Completions',
  'CompletionsRequest',
  'EndpointRequest',
  'EntryDetails',
  'Envelope',
  'Erased',
  'Exposure',
  'GivenUp',
  'Grant',
  'GrantRequest',
  'Grants',
  'GrantsGiven',
  'GrantsRequest',
  'HandoverRequest',
  'Holds',
  'ItemParkingRequest',
  'KeysetReference',
  'MessageAcknowledgement',
  'MessageEnvelope',
  'Messages',
  'Openings',
  'ParkingRequest',
  'ProvenEntry',
  'ReferralAccess',
  'ReleasedCompartments',
  'ReplayRequest',
  'ReplyTo',
  'RotationRequest',
  'Signature',
  'Summary',
  'UrgencySetting',
  'WakingRequest',
  'WebhookEndpoint',
  'WebhookEndpoints',
  'Wrap',
  'WrapHashes',
  'WrapsPage',
])

const Opaque = {
  type: 'object',
  additionalProperties: true,
  description:
    'An object to be kept and handed on whole, as it came: what the SDK or `intake` seals, signs, opens or ' +
    'checks (docs/PROTOCOL.md), a challenge for a library of ALTCHA, a document, many of something at once, or an act on the queue in a member or three. Each place names the JSON ' +
    'Schema of its form, which stands in this document under `x-forms` in `components`. What a request ' +
    'brings otherwise is refused.',
}

/** Which members of an object depend on others. */
const conditions: Readonly<Record<string, object>> = {
  ClaimCompletion: triage.completionConditions,
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

type Named = { readonly name: string; readonly schema: Json }

const byContent = new Map<string, Named>()
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
  const forms: Record<string, Json> = {}

  /** @param isForm - whether `node` is of the form of an opaque object, of which nothing is left out */
  function refer(node: unknown, isForm: boolean): unknown {
    if (Array.isArray(node)) return node.map((item) => refer(item, isForm))
    if (!isObject(node)) return node
    const found = byContent.get(identify(node))
    if (!found) return referWithin(node, isForm)
    const { name, schema } = found
    const { description } = node
    const own = description !== schema.description ? description : undefined
    if (isForm) return referTo('x-forms', found, own)
    if (!opaque.has(name)) return referTo('schemas', found, own)
    const { $ref } = referTo('x-forms', found)
    schemas.Opaque ??= Opaque
    const words = typeof description === 'string' ? `${description.replace(/\.$/, '')}. ` : ''
    return { $ref: '#/components/schemas/Opaque', description: `${words}Its form: \`${$ref}\`.` }
  }

  function referTo(place: 'schemas' | 'x-forms', { name, schema }: Named, description?: unknown) {
    const components = place === 'schemas' ? schemas : forms
    components[name] ??= { ...referWithin(schema, place === 'x-forms'), ...conditions[name] }
    return {
      $ref: `#/components/${place}/${name}`,
      ...(description !== undefined && { description }),
    }
  }

  function referWithin(node: Json, isForm: boolean): Json {
    const members = Object.entries(node).map(([name, value]) => {
      // Generators make a type of each enum, and none of a constant.
      const isConstant = name === 'enum' && Array.isArray(value) && value.length === 1
      return isConstant ? ['const', value[0]] : [name, refer(value, isForm)]
    })
    return Object.fromEntries(members)
  }

  const { components, ...rest } = refer(document, false) as { components: Json }
  const all = { ...components, schemas: sorted(schemas), 'x-forms': sorted(forms) }
  return { ...rest, components: all } as unknown as Document
}

function sorted(schemas: Readonly<Record<string, Json>>): Json {
  return Object.fromEntries(
    Object.entries(schemas).sort(([one], [other]) => (one < other ? -1 : 1)),
  )
}
