// Goal: that the API document says what the service does, so that others may generate from it.
// Method: a validator of JSON Schema that is not ours judges bodies by the document, the service judges
// them by its code, and the two must agree.
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { scopes } from '../../src/caller.ts'
import { problems } from '../../src/http/problems.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, refer, sealed } from '../helpers/referral.ts'

const built = await build(t)
const { world, url } = built
const worker = await callerOf(world, url, world.clients.casework)
const auditor = await callerOf(world, url, world.clients.auditor)
const recipient = world.recipients.casework.receiving.kid

const response = await fetch(`${url}/openapi.json`)
const document = JSON.parse(await response.text())
type Operation = {
  operationId: string
  description: string
  tags: string[]
  security: unknown[]
  parameters?: { name: string; schema: unknown }[]
  responses: Record<string, { $ref?: string; description?: string }>
}
const operations: Operation[] = Object.values(document.paths).flatMap((path) =>
  Object.values(path as Record<string, Operation>),
)

const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(document, 'document')
/** Whether a body is as the document says. */
const fits = (name: string, body: unknown, place = 'schemas') =>
  ajv.getSchema(`document#/components/${place}/${name}`)!(body) as boolean

t.test(
  'is served to anybody, and is the published one but for the name of the service',
  async (t) => {
    t.equal(response.status, 200)
    t.match(response.headers.get('content-type'), /^application\/json/)
    const published = JSON.parse(readFileSync('openapi/openapi.json', 'utf8'))
    t.equal(document.servers[1].variables.origin.default, world.origin)
    t.same({ ...document, servers: published.servers }, published)
  },
)

t.test('each operation has a tag and words, and refuses by the one problem', async (t) => {
  const tags = document.tags.map(({ name }: { name: string }) => name)
  const used = new Set(operations.flatMap((operation) => operation.tags))
  t.same([...used].sort(), [...tags].sort())
  for (const { operationId, description, security, responses } of operations) {
    const needed = Object.keys(security[0] ?? {})[0] ?? 'nothing'
    const words: Record<string, RegExp> = {
      oauth2: /Needs the scope `/,
      receipt: /Needs a receipt/,
    }
    t.match(description, words[needed] ?? /Open to all, without a token\.$/, operationId)
    const { '4XX': refusal, '5XX': failure, ...answers } = responses
    t.same([refusal, failure], Array(2).fill({ $ref: '#/components/responses/Problem' }))
    for (const { description } of Object.values(answers)) t.ok(description, operationId)
  }
  const { oauth2 } = document.components.securitySchemes
  const flow = oauth2.flows.clientCredentials
  t.same(flow.scopes, scopes)
  const asked = operations.flatMap(({ security }) =>
    (security as { oauth2?: string[] }[]).flatMap(({ oauth2: needed = [] }) => needed),
  )
  t.same(
    [...new Set(asked)].sort(),
    Object.keys(scopes).sort(),
    'each scope is asked for somewhere',
  )
  t.ok(Object.hasOwn(document.paths, flow.tokenUrl), 'and is to be had here')
  t.same(document.components.schemas.ProblemCode.enum, Object.keys(problems).sort())
})

t.test('every reference leads somewhere, and every component is led to', async (t) => {
  const named = new Set<string>()
  for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/([\w-]+\/\w+)/g)) {
    named.add(name!)
  }
  const { securitySchemes: _, ...components } = document.components
  const names = Object.entries(components as Record<string, object>).flatMap(([place, parts]) =>
    Object.keys(parts).map((name) => `${place}/${name}`),
  )
  t.same([...named].sort(), names.sort())
})

t.test('a refusal is as the document says', async (t) => {
  const refusals = [
    await worker('GET', '/v1/nowhere'),
    await worker('POST', '/v1/triage/claims', { recipient, max: 'all' }),
    await auditor('POST', '/v1/triage/claims', { recipient, max: 1, leaseSeconds: 60 }),
  ]
  for (const { status, body } of refusals) t.ok(fits('Problem', body), `${status}`)
})

t.test('members that depend on others are refused by the document as by the service', async (t) => {
  const completions = [
    { outcome: 'accepted' },
    { outcome: 'declined' },
    { outcome: 'declined', reason: 'no_capacity' },
    { outcome: 'accepted', reason: 'no_capacity' },
    { outcome: 'unopenable', step: 'signature' },
    { outcome: 'unopenable' },
    { outcome: 'redirected', step: 'signature' },
    { outcome: 'unopenable', step: 'signature', reason: 'no_capacity' },
  ]
  for (const completion of completions) {
    const { referralId } = await refer(built)
    const claimed = await worker('POST', '/v1/triage/claims', {
      recipient,
      max: 1,
      leaseSeconds: 60,
    })
    const [claim] = claimed.body.claims
    t.ok(fits('Claims', claimed.body), 'what is claimed')
    const body = { fence: claim.fence, referrals: [referralId], ...completion }
    const { status } = await worker('POST', `/v1/triage/claims/${claim.claimId}/completion`, body)
    t.equal(status, fits('CompletionRequest', body) ? 200 : 400, JSON.stringify(completion))
  }

  const values = [{ type: 'REF', value: 'A'.repeat(22) }]
  const searches = [
    {},
    { reference: '00000000' },
    { epoch: 1 },
    { values },
    { epoch: 1, values },
    { reference: '00000000', epoch: 1 },
    { reference: '00000000', values },
    { reference: '00000000', epoch: 1, values },
  ]
  for (const body of searches) {
    const { status } = await worker('POST', '/v1/cases/search', body)
    t.equal(status === 400, !fits('SearchRequest', body), JSON.stringify(body))
  }
})

t.test('an opaque object has a form, by which the service refuses and answers', async (t) => {
  const { lawFirm } = world.referring
  const partner = await callerOf(world, url, lawFirm.clientId)
  const whole = sealed(world)
  const { header, compartments, wraps, signature } = whole
  const { narrative: _, ...fewer } = compartments
  const envelopes: [string, object][] = [
    ['a member more', { ...whole, note: 'a word' }],
    ['a member of the header more', { ...whole, header: { ...header, note: 'a word' } }],
    ['no such region', { ...whole, header: { ...header, region: 'nowhere' } }],
    ['a compartment less', { ...whole, compartments: fewer }],
    ['no wraps', { ...whole, wraps: [] }],
    ['a wrap cut short', { ...whole, wraps: [{ ...wraps[0], encapsulated: 'AAAA' }] }],
    ['no signature', { header, compartments, wraps }],
    ['a key that is none', { ...whole, signature: { ...signature, kid: 'a key' } }],
  ]
  const put = (envelope: object) => partner('PUT', `/v1/referrals/${header.referralId}`, envelope)
  for (const [what, envelope] of envelopes) {
    const { status } = await put(envelope)
    t.ok([400, 422].includes(status), `${what}: ${status}`)
    t.notOk(fits('Envelope', envelope, 'x-forms'), what)
  }
  t.equal((await put(whole)).status, 201)
  t.ok(fits('Envelope', whole, 'x-forms'))

  const path = `/v1/referrals/${header.referralId}?recipient=${recipient}`
  const { body } = await worker('GET', path)
  const { properties } = document.components.schemas.ReleasedReferral
  const formOf = (schema: { description?: string }) =>
    /`#\/components\/x-forms\/(\w+)`/.exec(schema.description ?? '')?.[1]
  const opaque = Object.keys(properties).filter((name) => formOf(properties[name]))
  const sealedParts = ['compartments', 'sealedHashes', 'wrapHashes', 'wrap', 'signature']
  t.same(opaque, [...sealedParts, 'grant', 'withdrawal'])
  for (const name of opaque.filter((name) => name in body)) {
    t.ok(fits(formOf(properties[name])!, body[name], 'x-forms'), name)
  }
})

/** Calls with a receipt that one referral was sent under. */
async function bearer(): Promise<typeof worker> {
  const keys = receiptKeysOfNobody()
  await sendPublicly(url, sealedByReceipt(world, keys))
  const headers = { authorization: `Receipt ${encodeBase64url(keys.accessTag)}` }
  return async (method, path) => {
    const response = await fetch(url + path, { method, headers })
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
}

t.test('a cursor that no page gave is refused by every list that takes one', async (t) => {
  const lists: Record<string, [typeof worker, string]> = {
    listItems: [worker, '/v1/triage/items?state=waiting&'],
    listClaims: [worker, '/v1/triage/claims?'],
    listReviews: [worker, '/v1/cases/reviews?'],
    exportCase: [worker, `/v1/cases/${(await refer(built)).acknowledgement.reference}/export?`],
    listHolds: [worker, '/v1/referrals/holds?'],
    listUnchecked: [worker, '/v1/matching/unchecked?'],
    listAuditEntries: [auditor, '/v1/audit/entries?'],
    listExposure: [auditor, `/v1/audit/exposure?kid=${recipient}&`],
    readReceipt: [await bearer(), '/v1/receipt?'],
  }
  const taking = operations.filter(({ parameters = [] }) =>
    parameters.some(({ name }) => name === 'cursor'),
  )
  t.same(taking.map(({ operationId }) => operationId).sort(), Object.keys(lists).sort())
  t.match(document.components.schemas.Cursor.description, /`malformed-request`/)
  for (const [call, path] of Object.values(lists)) {
    const { status, body } = await call('GET', `${path}cursor=${newId()}`)
    t.match({ status, body }, { status: 400, body: { code: 'malformed-request' } }, path)
  }
})
