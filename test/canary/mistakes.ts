/**
 * What people and programs send by mistake: plaintext, everywhere that it can be typed. Each row is
 * a request that must be refused, and that must leave nothing of what it carried.
 */
import type { Draft, Envelope } from '../../src/client/index.ts'
import { newId } from '../../src/protocol/uuid.ts'

export type Mistake = {
  readonly name: string
  readonly by: 'lawFirm' | 'casework' | 'auditor' | 'bearer' | 'nobody'
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is if it is text. */
  readonly body?: unknown
}

/** What a mistake is made of: a good envelope, the answers in the clear, and two words. */
export type Typed = {
  readonly envelope: Envelope
  readonly draft: Draft
  readonly word: string
  /** Of small letters, for it stands where only they may. */
  readonly small: string
}

/** Envelopes with plaintext in them or beside them. */
export function spoiltEnvelopes({ envelope, draft, word, small }: Typed): Mistake[] {
  const { header, compartments, wraps, signature } = envelope
  const { identity } = draft.referral
  const encoded = Buffer.from(JSON.stringify(draft)).toString('base64url')
  const rows: Record<string, unknown> = {
    'the draft instead of an envelope': draft,
    'the draft beside the envelope': { ...envelope, ...draft },
    'a name as a property': { ...envelope, [word]: word },
    'a name in the header': { ...envelope, header: { ...header, [word]: word } },
    'a compartment in the clear': { ...envelope, compartments: { ...compartments, identity } },
    'all compartments in the clear': { ...envelope, compartments: draft.referral },
    'a name as a compartment': { ...envelope, compartments: { ...compartments, [word]: word } },
    'a name in a compartment': { ...envelope, compartments: { ...compartments, legal: word } },
    'plaintext in base64url': { ...envelope, compartments: { ...compartments, clinical: encoded } },
    'a name as the region': { ...envelope, header: { ...header, region: word } },
    'a name as the day': { ...envelope, header: { ...header, respondBy: word } },
    'a name as the origin': { ...envelope, header: { ...header, origin: small } },
    'a name as the signer': { ...envelope, header: { ...header, signer: word } },
    'a name as a recipient': { ...envelope, header: { ...header, sealedTo: [word] } },
    'a name as a commitment': { ...envelope, header: { ...header, commitments: { legal: word } } },
    'a name in a wrap': { ...envelope, wraps: wraps.map((wrap) => ({ ...wrap, [word]: word })) },
    'a name as a match value': {
      ...envelope,
      matching: { epoch: 1, values: [{ type: 'REF_uan', value: word }] },
    },
    'a name as the signature': { ...envelope, signature: { ...signature, value: word } },
    'a name as a receipt': { ...envelope, receipt: word },
    'a list': [draft],
    'only a name': JSON.stringify(word),
  }
  const path = `/v1/referrals/${newId()}`
  const put = { by: 'lawFirm', method: 'PUT', path } as const
  return Object.entries(rows).map(([name, body]) => ({ ...put, name, body }))
}

/** Requests that are not even such. */
export function strangeRequests({ envelope, draft, word }: Typed): Mistake[] {
  const put = { by: 'lawFirm', method: 'PUT', path: `/v1/referrals/${newId()}` } as const
  const text = JSON.stringify(draft)
  const form = 'application/x-www-form-urlencoded'
  return [
    { ...put, name: 'JSON that breaks off', body: text.slice(0, -9) },
    { ...put, name: 'JSON that breaks at a name', body: `{"familyName": ${word}}` },
    { ...put, name: 'a prototype', body: `{"__proto__": ${text}}` },
    { ...put, name: 'far too much', body: JSON.stringify({ [word]: `${word} `.repeat(30_000) }) },
    { ...put, name: 'prose', body: word, headers: { 'content-type': 'text/plain' } },
    { ...put, name: 'a form', body: `name=${word}`, headers: { 'content-type': form } },
    { ...put, name: 'a name as the type', body: text, headers: { 'content-type': word } },
    { ...put, name: 'a name as the token', headers: { authorization: `Bearer ${word}` } },
    { ...put, name: 'a name as the id', path: `/v1/referrals/${word}`, body: envelope },
    { ...put, name: 'a story as the id', path: `/v1/referrals/${word.repeat(9)}` },
    { ...put, name: 'a name in a header', headers: { 'x-name': word }, body: draft },
    { ...put, name: 'nobody knows who', by: 'nobody', body: draft },
    { ...put, name: 'a name as the path', path: `/v1/${word}/${word}`, body: draft },
    { ...put, name: 'a path that is none', path: `/v1/referrals/%${word}` },
    { ...put, name: 'another method', method: 'POST', body: draft },
    ...[[word], [text.slice(0, 60)], Array(40).fill(word)].map((elements) => ({
      ...{ ...put, name: 'names for elements', method: 'POST', path: '/v1/matching/evaluations' },
      body: { epoch: 1, elements },
    })),
  ]
}

/** What a recipient or an auditor mistypes; `claimId` and `fence` are of a claim that stands. */
export function mistypedWork(
  { envelope, draft, word, small }: Typed,
  { claimId, fence }: { claimId: string; fence: number },
): Mistake[] {
  const get = { by: 'casework', method: 'GET' } as const
  const post = { by: 'casework', method: 'POST' } as const
  const { referralId } = envelope.header
  const claim = `/v1/triage/claims/${claimId}`
  const ended = { fence, referrals: [referralId] }
  const query = encodeURIComponent(word)
  const one = `/v1/referrals/${referralId}`
  const audit = { by: 'auditor', method: 'GET' } as const
  return [
    { ...get, name: 'a name as the recipient', path: `${one}?recipient=${query}` },
    { ...get, name: 'a name as a parameter', path: `${one}?${query}=${query}` },
    { ...get, name: 'a name as a problem', path: `/problems/${small}` },
    { ...get, name: 'a name as a version', path: `/v1/keyset/${query}` },
    { ...post, name: 'a claim for a name', path: '/v1/triage/claims', body: { recipient: word } },
    { ...post, name: 'a name in a renewal', path: `${claim}/renewal`, body: { fence, [word]: 1 } },
    { ...post, name: 'a name as a claim', path: `/v1/triage/claims/${query}/release`, body: {} },
    {
      ...{ ...post, name: 'a story as the outcome', path: `${claim}/completion` },
      body: { ...ended, outcome: word },
    },
    {
      ...{ ...post, name: 'a story as the reason', path: `${claim}/completion` },
      body: { ...ended, outcome: 'declined', reason: word },
    },
    {
      ...{ ...post, name: 'a name as the step', path: `${claim}/completion` },
      body: { ...ended, outcome: 'unopenable', step: small },
    },
    {
      ...{ ...post, name: 'the answers beside the outcome', path: `${claim}/completion` },
      body: { ...ended, ...draft, outcome: 'accepted' },
    },
    { ...audit, name: 'a name as an action', path: `/v1/audit/entries?action=${query}` },
    { ...audit, name: 'a name as an actor', path: `/v1/audit/entries?actor=${query}` },
    { ...audit, name: 'a name as an object', path: `/v1/audit/entries?object=${query}` },
    { ...audit, name: 'a name as a cursor', path: `/v1/audit/entries?cursor=${query}` },
  ]
}

type Parameter = { readonly in: string; readonly name: string; readonly required?: boolean }
type Operation = {
  readonly operationId: string
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: object
}

/** All that a published document says can be called: `GET /v1/receipt`, and so on. */
export type Published = { readonly paths: Readonly<Record<string, Record<string, Operation>>> }

/**
 * A name in every place of every operation, by somebody who may call it: as each part of the path, as each parameter and
 * header, as one more, and as the body. What is added to the published document is tried without a line here.
 */
export function typedEverywhere({ paths }: Published, word: string): Mistake[] {
  return Object.entries(paths).flatMap(([template, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) =>
      typedInto(template, method.toUpperCase(), operation, word),
    ),
  )
}

function typedInto(
  template: string,
  method: string,
  { operationId, security, parameters = [], requestBody }: Operation,
  word: string,
): Mistake[] {
  const named = (place: string) => parameters.filter((one) => one.in === place)
  const pathWith = (typed?: string) =>
    template.replaceAll(/\{(\w+)\}/g, (_, name) => (name === typed ? word : newId()))
  const good = { by: callerOf(security), method, path: pathWith() }
  const one = (place: string, changes: Partial<Mistake>): Mistake => ({
    ...{ ...good, name: `${operationId}: ${place}`, ...changes },
  })
  return [
    ...named('path').map(({ name }) => one(name, { path: pathWith(name) })),
    ...[...named('query').map(({ name }) => name), word].map((name) =>
      one(name, { path: `${good.path}?${name}=${word}` }),
    ),
    ...named('header').map(({ name }) => one(name, { headers: { [name]: word } })),
    ...(requestBody ? [{ [word]: word }, JSON.stringify(word), word] : []).map((body) =>
      one('the body', { body }),
    ),
  ]
}

/** Somebody who may call it, as far as the scope goes. */
function callerOf(security: Operation['security']): Mistake['by'] {
  if (security.length === 0) return 'nobody'
  if (security.some(({ receipt }) => receipt)) return 'bearer'
  const scopes = security.flatMap(({ oauth2 = [] }) => oauth2)
  if (scopes.includes('audit:read')) return 'auditor'
  return scopes.includes('referrals:submit') ? 'lawFirm' : 'casework'
}
