/**
 * Goal: for every operation of the OpenAPI document and every kind of caller, one status is right.
 * Method: the operations are walked; what each caller should get stands in a table of its own below,
 * so that an operation which nobody thought about fails here by having no row.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { grantable } from '../../src/caller.ts'
import { encodeBase64url, utf8 } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import { signUrgency } from '../../src/protocol/envelope/urgency.ts'
import { wrapKeys } from '../../src/protocol/envelope/wrap.ts'
import { signMatchKeys } from '../../src/protocol/matching/matchvalues.ts'
import { blind } from '../../src/protocol/matching/voprf.ts'
import { signGrant } from '../../src/protocol/messages/grant.ts'
import { randomBytes } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { messageOn, replyKeys } from '../helpers/message.ts'
import { noteOn } from '../helpers/note.ts'
import { keysetReference, onHost, publishKeyset } from '../helpers/publish.ts'
import { asBearer, receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { refer, sealed } from '../helpers/referral.ts'
import { signIn } from '../helpers/signin.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { tokenForge } from '../helpers/token.ts'
import { addVolunteer } from '../helpers/volunteer.ts'
import { withdrawalOf } from '../helpers/withdrawal.ts'

const built = await build(t)
const { world, url, app } = built
const { lawFirm, ngo, telephone } = world.referring
const kids = {
  casework: world.recipients.casework.receiving.kid,
  clinic: world.recipients.clinic.receiving.kid,
}
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

const forge = tokenForge(await readFile(join(built.folder, 'token-key.pem'), 'utf8'), world.origin)

type Known = 'partner' | 'casework' | 'clinic' | 'reader' | 'auditor'
/** A client of casework's key that may open, and neither claims nor judges nor grants. */
const readOnly = await onHost(built, (host) =>
  host.addClient({
    organisationId: telephone.organisationId,
    ...{ label: 'Read only', kind: 'internal', scopes: ['referrals:open'] },
    kids: [kids.casework],
  }),
)
const clientIds: Record<Known, string> = {
  partner: lawFirm.clientId,
  casework: world.clients.casework,
  clinic: world.clients.clinic,
  reader: readOnly,
  auditor: world.clients.auditor,
}

/** Somebody to grant to. */
const { grantee: reader } = await addVolunteer(built, ['clinical'])

/** Two clients that were good until the host shut them out. */
const shutOut = await onHost(built, async (host) => {
  const addClient = (organisationId: string) =>
    host.addClient({
      organisationId,
      label: 'Shut out',
      kind: 'internal',
      scopes: [...grantable.internal],
      kids: [kids.casework],
    })
  const organisationId = await host.addOrganisation('Closed')
  const [client, ofOrganisation] = [
    await addClient(telephone.organisationId),
    await addClient(organisationId),
  ]
  await host.disableClient(client)
  await host.disableOrganisation(organisationId)
  return { client, ofOrganisation }
})

/** Each as a partner's or our own server calls: signed in by its own key. */
const signedIn = {
  partner: await signIn(built, clientIds.partner, { isBound: false }),
  casework: await signIn(built, clientIds.casework),
  clinic: await signIn(built, clientIds.clinic),
  reader: await signIn(built, clientIds.reader),
  auditor: await signIn(built, clientIds.auditor),
}

const valid = lawFirm.clientId
const nobodies: Record<string, string | undefined> = {
  'no token': undefined,
  'a token of garbage': 'Bearer garbage',
  'half a token': `Bearer ${forge.token(valid).split('.').slice(0, 2).join('.')}`,
  'another scheme': `Basic ${Buffer.from('a:b').toString('base64')}`,
  'an expired token': bearer({ claims: { exp: Math.floor(Date.now() / 1000) - 1 } }),
  'a token of another issuer': bearer({ claims: { iss: 'https://intake.example.org' } }),
  'a token for another audience': bearer({ claims: { aud: 'https://intake.example.org' } }),
  'a token of no client': `Bearer ${forge.token(newId())}`,
  'a token whose client is no id': `Bearer ${forge.token("' or true --")}`,
  'a token of another type': bearer({ header: { typ: 'JWT' } }),
  'a token of no type': bearer({ header: { typ: undefined } }),
  'a token without a signature': bearer({ signed: () => '' }),
  'a token by alg none': bearer({ header: { alg: 'none' }, signed: () => '' }),
  'a token by the public key as a secret': bearer({
    header: { alg: 'HS256' },
    signed: forge.hmacWithPublicKey,
  }),
  'a token signed for another': changedToken(),
  'a stolen token, without its key': `Bearer ${signedIn.casework.token}`,
  'a stolen token, without a proof': `DPoP ${signedIn.casework.token}`,
  'a token that nothing binds, as one that is bound': `DPoP ${signedIn.partner.token}`,
  ...Object.fromEntries(
    ['iss', 'aud', 'exp', 'iat', 'sub', 'client_id', 'jti'].map((claim) => [
      `a token without ${claim}`,
      bearer({ without: [claim] }),
    ]),
  ),
}

function bearer(parts: Parameters<typeof forge.token>[1]): string {
  return `Bearer ${forge.token(valid, parts)}`
}

function changedToken(): string {
  const [header, , signature] = forge.token(valid).split('.')
  const claims = forge.token(world.clients.casework).split('.')[1]
  return `Bearer ${header}.${claims}.${signature}`
}

type Request = {
  method: string
  path: string
  body?: unknown
  /** Beside those of a body in JSON. */
  headers?: Readonly<Record<string, string>>
}
type Case = { request: (who: Known) => Request | Promise<Request>; expected: Expected }
type Expected = Record<Known, number>

const none = { partner: 403, casework: 403, clinic: 403, reader: 403, auditor: 403 }
const all = (status: number): Expected => ({
  ...{ partner: status, casework: status, clinic: status },
  ...{ reader: status, auditor: status },
})
const workers = (status: number) => ({ ...none, casework: status, clinic: status })
/** Workers, and who may only open. */
const openers = (status: number) => ({ ...workers(status), reader: status })

const put = (envelope: ReturnType<typeof sealed>, id = envelope.header.referralId) => ({
  method: 'PUT',
  path: `/v1/referrals/${id}`,
  body: envelope,
})
const signerOf = (who: Known) => (who === 'partner' ? lawFirm.signing : telephone.signing)
/** A referral without an account, whose withdrawal was asked for. */
async function askedId(): Promise<string> {
  const keys = receiptKeysOfNobody()
  const { referralId } = (await sendPublicly(url, sealedByReceipt(world, keys))).body
  await asBearer(url, keys, 'POST', { referralId })
  return referralId
}
const kidOf = (who: Known) => (who === 'clinic' ? kids.clinic : kids.casework)

async function sendAs(who: Known, request: Request) {
  return send(await signedIn[who].headers(request.method, request.path), request)
}

async function send(
  authorization: string | Record<string, string> | undefined,
  { method, path, body, headers: own }: Request,
) {
  const headers = typeof authorization === 'string' ? { authorization } : authorization
  const response = await fetch(url + path, {
    method,
    headers: {
      ...headers,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...own,
    },
    ...(body !== undefined && { body: own ? String(body) : JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: await response.text() }
}

async function claimAs(who: 'casework' | 'clinic') {
  await refer(built)
  const { body } = await send(`Bearer ${forge.token(clientIds[who])}`, {
    method: 'POST',
    path: '/v1/triage/claims',
    body: { recipient: kidOf(who), max: 1, leaseSeconds: 60 },
  })
  return JSON.parse(body).claims[0]
}

/** A write under a claim of the caller's own, or of the other worker's. */
function underClaim(verb: string, body: Record<string, unknown>, whose: 'own' | 'other') {
  return async (who: Known) => {
    const holder = (who === 'clinic') === (whose === 'own') ? 'clinic' : 'casework'
    const { claimId, fence, referrals } = await claimAs(holder)
    const [{ referralId }] = referrals
    const path = `/v1/triage/claims/${claimId}/${verb}`
    const answers = verb === 'completion' && { outcome: 'accepted', referrals: [referralId] }
    return { method: 'POST', path, body: { fence, ...body, ...answers } }
  }
}

/** An act without a claim on an item of its own. */
function onItem(verb: string, body: object) {
  return async () => {
    const { referralId } = await refer(built)
    const [item] = await sql`select id from triage_item where referral_id = ${referralId}`
    return { method: 'POST', path: `/v1/triage/items/${item?.id}/${verb}`, body }
  }
}

/** Taking back what was completed: by the caller's own client, or by the other worker's. */
function completedBy(whose: 'own' | 'other') {
  return async (who: Known) => {
    const holder = (who === 'clinic') === (whose === 'own') ? 'clinic' : 'casework'
    const completion = await underClaim('completion', {}, 'own')(holder)
    await sendAs(holder, completion)
    const itemId = completion.path.split('/')[4]
    return { method: 'POST', path: `/v1/triage/items/${itemId}/reopening` }
  }
}

/** A person's word on an item of its own. */
async function urgencyOf() {
  const referred = await refer(built)
  const { referralId } = referred
  const [item] = await sql`select id from triage_item where referral_id = ${referralId}`
  const body = { urgency: 'urgent', note: noteOn(world, referred) }
  return { method: 'POST', path: `/v1/triage/items/${item?.id}/urgency`, body }
}

/** A message about a referral of the caller's own organisation, or of another; or an answer to it. */
function messaging(whose: 'own' | 'other', rest: string, method = 'GET') {
  return async (who: Known) => {
    const by = whose === 'other' ? ngo : who === 'partner' ? lawFirm : telephone
    const one = await refer(built, by)
    const message = messageOn(world, one, undefined, { signer: by.signing })
    const path = `/v1/referrals/${one.referralId}/messages${rest}`
    return { method, path, ...(method === 'POST' && { body: message }) }
  }
}
async function answering(): Promise<{ message: ReturnType<typeof messageOn>; path: string }> {
  const one = await refer(built, ngo, { replyTo: replyKeys().replyTo })
  const signer = world.recipients.casework.signing
  const message = messageOn(world, one, undefined, { from: 'recipient', signer })
  return { message, path: `/v1/referrals/${one.referralId}/messages` }
}
async function delivering() {
  const { message, path } = await answering()
  const sent = { method: 'POST', path: `${path}?recipient=${kids.casework}`, body: message }
  await sendAs('casework', sent)
  const query = `recipient=${kids.casework}&way=letter&language=amh`
  return { method: 'POST', path: `${path}/${message.header.messageId}/delivery?${query}` }
}

/** The same completion, as one of several. */
function amongSeveral(whose: 'own' | 'other') {
  return async (who: Known) => {
    const { path, body } = await underClaim('completion', {}, whose)(who)
    const claimId = path.split('/')[4]
    const completions = [{ claimId, ...body }]
    return { method: 'POST', path: '/v1/triage/completions', body: { completions } }
  }
}

const evaluation = (epoch: number) => {
  const { blindedElement } = blind(utf8('REF|A1234567'))
  const body = { epoch, elements: [encodeBase64url(blindedElement)] }
  return { method: 'POST', path: '/v1/matching/evaluations', body }
}

/** The shortest sealed file. */
const sealedBytes = 65_577

function beginningOf(documentId: string, referralId: string): Request {
  const [referral, document] = [referralId, documentId].map((id) => btoa(id))
  const metadata = `referral ${referral},document ${document}`
  const headers = { 'upload-length': String(sealedBytes), 'upload-metadata': metadata }
  return { method: 'POST', path: '/v1/documents', headers }
}

async function beginning(documentId: string, referralId?: string) {
  return beginningOf(documentId, referralId ?? (await refer(built, telephone)).referralId)
}

function pieceOf(documentId: string): Request {
  const type = 'application/offset+octet-stream'
  const headers = { 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': type }
  return { method: 'PATCH', path: `/v1/documents/${documentId}`, body: 'a piece', headers }
}

/** One that is stored whole. */
async function documentOf(referralId: string): Promise<string> {
  const id = newId()
  await mkdir(join(built.folder, 'documents'), { recursive: true })
  await writeFile(join(built.folder, 'documents', id), new Uint8Array(sealedBytes))
  await sql`insert into document (id, referral_id, bytes, begun_at, stored_at)
            values (${id}, ${referralId}, ${sealedBytes}, now(), now())`
  return id
}

/** Of the casework recipient, or of the clinic, which does not hold what keys are made from. */
async function checkKeys(by: 'casework' | 'clinic') {
  const { envelope, referralId } = await refer(built, ngo)
  const statement = { epoch: 1, values: [] }
  const bound = headerHash(canonicalBytes(envelope.header))
  const signature = signMatchKeys(bound, statement, world.recipients[by].signing)
  const path = `/v1/referrals/${referralId}/match-keys`
  return { method: 'PUT', path, body: { ...statement, signature } }
}

function closing(referralId: string) {
  return { method: 'POST', path: `/v1/referrals/${referralId}/closing?recipient=${kids.casework}` }
}

function erasing(referralId: string) {
  return { method: 'POST', path: `/v1/referrals/${referralId}/erasure` }
}

function holding(method: 'PUT' | 'DELETE', referralId: string) {
  const reason = method === 'PUT' ? '?reason=inquiry' : ''
  return { method, path: `/v1/referrals/${referralId}/hold${reason}` }
}

async function held(): Promise<string> {
  const { referralId } = await refer(built, ngo)
  await sendAs('casework', holding('PUT', referralId))
  return referralId
}
/** A grant to the volunteer, of a new referral. */
async function grantBy(by: 'casework' | 'clinic') {
  const { envelope, referralId } = await refer(built, ngo)
  const bound = headerHash(canonicalBytes(envelope.header))
  const wrap = wrapKeys(new Map([['clinical', randomBytes(32)]]), reader, bound, randomBytes)
  const granted = { referralId, headerHash: bound, wrap }
  const terms = { compartments: ['clinical'] as const }
  const grant = signGrant(granted, terms, world.recipients[by].signing, new Date())
  return { method: 'POST', path: `/v1/referrals/${referralId}/grants`, body: { grant, wrap } }
}

const grants = (who: Known, referralId: string) => ({
  method: 'GET',
  path: `/v1/referrals/${referralId}/grants?recipient=${kidOf(who)}`,
})

async function stateUrgency(by: 'casework' | 'clinic') {
  const { envelope, referralId } = await refer(built, ngo)
  const statement = { rules: 1, urgency: 'immediate', at: new Date().toISOString() } as const
  const bound = headerHash(canonicalBytes(envelope.header))
  const signature = signUrgency(bound, statement, world.recipients[by].signing)
  const path = `/v1/referrals/${referralId}/urgency`
  return { method: 'PUT', path, body: { ...statement, signature } }
}

async function caseOf(referralId: string): Promise<string> {
  const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
  return row?.case_id
}
async function oldestEntry(): Promise<string> {
  const [row] = await sql`select entry_id as id from audit_index where index = 0`
  return row?.id
}
async function newCase(): Promise<string> {
  return caseOf((await refer(built, ngo)).referralId)
}
async function splitting() {
  const { referralId } = await refer(built, ngo)
  const path = `/v1/cases/${await caseOf(referralId)}/split`
  return { method: 'POST', path, body: { referrals: [referralId], decision: 'unsure' } }
}
const onCase = (method: string, rest: string, body?: unknown) => async () => ({
  ...{ method, path: `/v1/cases/${await newCase()}${rest}` },
  ...(body !== undefined && { body }),
})

/** What is done with an endpoint of one's own, and with that of the other worker. */
function ofEndpoint(method: string, rest: string, body?: unknown, status = 200) {
  const on = (whose: 'own' | 'other') => async (who: Known) => {
    const owner = (who === 'clinic') === (whose === 'own') ? 'clinic' : 'casework'
    // A client has ten at most.
    await sql`delete from webhook_endpoint`
    const made = await sendAs(owner, {
      ...{ method: 'POST', path: '/v1/webhooks/endpoints' },
      body: { url: 'https://hooks.example.org/queue' },
    })
    const path = `/v1/webhooks/endpoints/${JSON.parse(made.body).endpointId}${rest}`
    return { method, path, ...(body !== undefined && { body }) }
  }
  return {
    own: { request: on('own'), expected: workers(status) },
    other: { request: on('other'), expected: workers(404) },
  }
}

const get = (path: string) => () => ({ method: 'GET', path })
const open = async (who: Known, id?: string, kid = kidOf(who)) => ({
  method: 'GET',
  path: `/v1/referrals/${id ?? (await refer(built, ngo)).referralId}?recipient=${kid}`,
})

const table: Record<string, Record<string, Case>> = {
  isAlive: { always: { request: get('/livez'), expected: all(200) } },
  isReady: { always: { request: get('/readyz'), expected: all(200) } },
  getApiDocument: { always: { request: get('/openapi.json'), expected: all(200) } },
  explainProblem: {
    'an unknown code': { request: get('/problems/no-such-thing'), expected: all(404) },
  },
  issueToken: {
    'without an assertion': {
      request: () => ({ method: 'POST', path: '/oauth/token' }),
      expected: all(400),
    },
  },
  readTokenKeys: { always: { request: get('/oauth/jwks'), expected: all(200) } },
  readOpenidConfiguration: {
    always: { request: get('/oauth/.well-known/openid-configuration'), expected: all(200) },
  },
  readAuthorizationServer: {
    always: { request: get('/.well-known/oauth-authorization-server/oauth'), expected: all(200) },
  },
  getKeyset: { newest: { request: get('/v1/keyset'), expected: all(200) } },
  getKeysetVersion: {
    'a known one': { request: get('/v1/keyset/1'), expected: all(200) },
    'an unknown one': { request: get('/v1/keyset/99'), expected: all(404) },
  },
  getDirectory: { newest: { request: get('/v1/directory'), expected: openers(200) } },
  submitReferral: {
    own: {
      request: (who) => put(sealed(world, { signer: signerOf(who) })),
      expected: { ...none, partner: 201, casework: 201, clinic: 201 },
    },
    'signed by another organisation': {
      request: () => put(sealed(world, { signer: ngo.signing })),
      expected: { ...none, partner: 422, casework: 422, clinic: 422 },
    },
    "another organisation's id": {
      request: async (who) => {
        const { referralId } = await refer(built, ngo)
        return put(sealed(world, { signer: signerOf(who), referralId }))
      },
      expected: { ...none, partner: 409, casework: 409, clinic: 409 },
    },
  },
  getChallenge: {
    'for any body': {
      request: () => ({
        ...{ method: 'POST', path: '/v1/public/challenges' },
        body: { action: 'submit', bodySha256: 'A'.repeat(43) },
      }),
      expected: all(200),
    },
  },
  submitWithoutAccount: {
    'without a proof of work': {
      request: () => {
        const body = sealedByReceipt(world, receiptKeysOfNobody())
        return { method: 'PUT', path: `/v1/public/referrals/${body.header.referralId}`, body }
      },
      expected: all(403),
    },
  },
  withdrawReferral: {
    'of its own': {
      request: async (who) => {
        const by = who === 'partner' ? lawFirm : telephone
        const { envelope, referralId } = await refer(built, by)
        const body = withdrawalOf(world, envelope, { signer: by.signing })
        return { method: 'POST', path: `/v1/referrals/${referralId}/withdrawal`, body }
      },
      expected: { ...none, partner: 200, casework: 200, clinic: 200 },
    },
    "of another organisation's": {
      request: async () => {
        const { envelope, referralId } = await refer(built, ngo)
        const body = withdrawalOf(world, envelope, { signer: ngo.signing })
        return { method: 'POST', path: `/v1/referrals/${referralId}/withdrawal`, body }
      },
      expected: { ...none, partner: 404, casework: 404, clinic: 404 },
    },
  },
  listAskedWithdrawals: {
    'for its own key': {
      request: (who) => get(`/v1/referrals/withdrawals?recipient=${kidOf(who)}`)(),
      expected: workers(200),
    },
    "for another's key": {
      request: (who) => {
        const other = who === 'clinic' ? kids.casework : kids.clinic
        return get(`/v1/referrals/withdrawals?recipient=${other}`)()
      },
      expected: none,
    },
  },
  decideWithdrawal: {
    'that its bearer asked for': {
      request: async (who) => {
        const path = `/v1/referrals/${await askedId()}/withdrawal/confirmation`
        return { method: 'POST', path: `${path}?recipient=${kidOf(who)}` }
      },
      expected: workers(200),
    },
    'that nobody asked for': {
      request: async (who) => {
        const { referralId } = await refer(built)
        const path = `/v1/referrals/${referralId}/withdrawal/confirmation`
        return { method: 'POST', path: `${path}?recipient=${kidOf(who)}` }
      },
      expected: workers(404),
    },
  },
  askToWithdraw: {
    'with a token': {
      request: async () => {
        const path = '/v1/receipt/withdrawal'
        return { method: 'POST', path, body: { referralId: sentId } }
      },
      expected: all(401),
    },
  },
  readOpenings: {
    'of its own': {
      request: async (who) => {
        const { referralId } = await refer(built, who === 'partner' ? lawFirm : telephone)
        return { method: 'GET', path: `/v1/referrals/${referralId}/openings` }
      },
      expected: { ...none, partner: 200, casework: 200, clinic: 200 },
    },
    "of another organisation's": {
      request: async () => {
        const { referralId } = await refer(built, ngo)
        return { method: 'GET', path: `/v1/referrals/${referralId}/openings` }
      },
      expected: { ...none, partner: 404, casework: 404, clinic: 404 },
    },
  },
  readOpeningsByReceipt: {
    'with a token': {
      request: () => get(`/v1/receipt/referrals/${sentId}/openings`)(),
      expected: all(401),
    },
  },
  readReceipt: { 'with a token': { request: get('/v1/receipt'), expected: all(401) } },
  listOwnReferrals: {
    'of its own': {
      request: get('/v1/referrals'),
      expected: { ...none, partner: 200, casework: 200, clinic: 200 },
    },
  },
  readOwnReferral: {
    'of its own': {
      request: async (who) => {
        const { referralId } = await refer(built, who === 'partner' ? lawFirm : telephone)
        return { method: 'GET', path: `/v1/referrals/${referralId}/state` }
      },
      expected: { ...none, partner: 200, casework: 200, clinic: 200 },
    },
    "of another organisation's": {
      request: async () => {
        const { referralId } = await refer(built, ngo)
        return { method: 'GET', path: `/v1/referrals/${referralId}/state` }
      },
      expected: { ...none, partner: 404, casework: 404, clinic: 404 },
    },
  },
  sendMessage: {
    'about its own': {
      request: messaging('own', '', 'POST'),
      expected: { ...none, partner: 201, casework: 201, clinic: 201 },
    },
    "about another organisation's": {
      request: messaging('other', '', 'POST'),
      expected: { ...none, partner: 404, casework: 404, clinic: 404 },
    },
    'as a recipient': {
      request: async () => {
        const { message, path } = await answering()
        return { method: 'POST', path: `${path}?recipient=${kids.casework}`, body: message }
      },
      expected: { ...none, casework: 201 },
    },
  },
  listMessages: {
    'about its own': {
      request: messaging('own', ''),
      expected: { ...none, partner: 200, casework: 200, clinic: 200 },
    },
    "about another organisation's": {
      request: messaging('other', ''),
      expected: { ...none, partner: 404, casework: 404, clinic: 404 },
    },
    'as a recipient': {
      request: (who) => messaging('other', `?recipient=${kidOf(who)}`)(who),
      expected: workers(200),
    },
    'as another recipient': {
      request: (who) =>
        messaging('other', `?recipient=${who === 'clinic' ? kids.casework : kids.clinic}`)(who),
      expected: none,
    },
  },
  deliverMessage: {
    'a reply': { request: delivering, expected: { ...none, casework: 204 } },
  },
  sendMessageByReceipt: {
    'with a token': {
      request: async () => {
        // Stored before: of the bearers one is given its acknowledgement again.
        const path = `/v1/receipt/messages?referral=${sentId}`
        const request = { method: 'POST', path, body: ownMessage }
        await send(shown(sent), request)
        return request
      },
      expected: all(401),
    },
  },
  listMessagesByReceipt: {
    'with a token': {
      request: () => get(`/v1/receipt/messages?referral=${sentId}`)(),
      expected: all(401),
    },
  },
  closeReferral: {
    'one that was answered': {
      request: async () => {
        const { referralId } = await refer(built, ngo)
        await sql`update triage_item set completed_at = now(), completed_late = false,
                  outcome = 'redirected' where referral_id = ${referralId}`
        await sql`update referral set state = 'redirected' where id = ${referralId}`
        return closing(referralId)
      },
      expected: { ...none, casework: 204, clinic: 403 },
    },
    'one without an answer': {
      request: async () => closing((await refer(built, ngo)).referralId),
      expected: { ...none, casework: 409, clinic: 403 },
    },
    'an unknown one': {
      request: () => closing(newId()),
      expected: { ...none, casework: 404, clinic: 403 },
    },
  },
  eraseReferral: {
    'one of anybody’s': {
      request: async () => erasing((await refer(built, ngo)).referralId),
      expected: workers(200),
    },
    'one under a legal hold': {
      request: async () => erasing(await held()),
      expected: workers(409),
    },
    'an unknown one': { request: () => erasing(newId()), expected: workers(404) },
  },
  placeHold: {
    'on one of anybody’s': {
      request: async () => holding('PUT', (await refer(built, ngo)).referralId),
      expected: workers(204),
    },
    'on an unknown one': { request: () => holding('PUT', newId()), expected: workers(404) },
  },
  liftHold: {
    'of one of anybody’s': {
      request: async () => holding('DELETE', await held()),
      expected: workers(204),
    },
    'of an unknown one': { request: () => holding('DELETE', newId()), expected: workers(404) },
  },
  listHolds: {
    'of everybody’s': { request: get('/v1/referrals/holds'), expected: workers(200) },
  },
  openReferral: {
    'for its own key': { request: (who) => open(who), expected: openers(200) },
    'for the key of another': {
      request: (who) => open(who, undefined, who === 'clinic' ? kids.casework : kids.clinic),
      expected: none,
    },
    'an unknown one': { request: (who) => open(who, newId()), expected: openers(404) },
    'by its reference': {
      request: async (who) => open(who, (await refer(built, ngo)).acknowledgement.reference),
      expected: openers(200),
    },
    'by a reference of nobody': { request: (who) => open(who, '00000000'), expected: openers(404) },
    'one without a wrap for it, by its reference': {
      request: async (who) => {
        const referralId = await referWithoutClinic()
        const [row] = await sql`select reference from referral where id = ${referralId}`
        return open(who, row?.reference)
      },
      expected: { ...openers(200), clinic: 404 },
    },
    'one without a wrap for it': {
      request: async (who) => open(who, await referWithoutClinic()),
      expected: { ...openers(200), clinic: 404 },
    },
  },
  giveGrant: {
    'by its own key': {
      request: async (who) => grantBy(who === 'clinic' ? 'clinic' : 'casework'),
      expected: workers(204),
    },
    'by the key of another': {
      request: async (who) => grantBy(who === 'clinic' ? 'casework' : 'clinic'),
      expected: none,
    },
  },
  giveGrants: {
    'by its own key': {
      request: async (who) => {
        const { path, body } = await grantBy(who === 'clinic' ? 'clinic' : 'casework')
        const grants = [{ referralId: path.split('/')[3], ...body }]
        return { method: 'POST', path: '/v1/referrals/grants', body: { grants } }
      },
      expected: workers(200),
    },
  },
  listGrants: {
    'of one that its key opens': {
      request: async (who) => grants(who, (await refer(built, ngo)).referralId),
      expected: workers(200),
    },
    'of one that it does not open': {
      request: async (who) => grants(who, await referWithoutClinic()),
      expected: { ...none, casework: 200, clinic: 404 },
    },
    'for the key of another': {
      request: async (who) => {
        const { referralId } = await refer(built, ngo)
        return grants(who === 'clinic' ? 'casework' : 'clinic', referralId)
      },
      expected: none,
    },
  },
  revokeGrant: {
    'that was given': {
      request: async (who) => {
        const given = await grantBy('casework')
        await sendAs('casework', given)
        const path = `${given.path}/${reader.kid}?recipient=${kidOf(who)}`
        return { method: 'DELETE', path }
      },
      expected: workers(204),
    },
    'that nobody gave': {
      request: async (who) => {
        const { path } = await grantBy('casework')
        return { method: 'DELETE', path: `${path}/${reader.kid}?recipient=${kidOf(who)}` }
      },
      expected: workers(404),
    },
  },
  listWraps: {
    'of its own key': {
      request: (who) => get(`/v1/referrals/wraps?recipient=${kidOf(who)}&to=${reader.kid}`)(),
      expected: workers(200),
    },
    'of the key of another': {
      request: (who) => {
        const kid = who === 'clinic' ? kids.casework : kids.clinic
        return get(`/v1/referrals/wraps?recipient=${kid}&to=${reader.kid}`)()
      },
      expected: none,
    },
  },
  giveUpWraps: {
    'of a key that is in use': {
      request: (who) => ({
        method: 'DELETE',
        path: `/v1/referrals/wraps?recipient=${kidOf(who)}&to=${reader.kid}`,
      }),
      expected: workers(409),
    },
  },
  beginDocument: {
    'of a referral that it opens or sent': {
      request: async () => beginning(newId()),
      // This partner's client may not, so that it need not prove a key: test/documents/uploading.test.ts has one that may.
      expected: workers(201),
    },
    'of none': {
      request: () => beginning(newId(), newId()),
      expected: workers(404),
    },
  },
  askUploads: {
    always: {
      request: () => ({ method: 'OPTIONS', path: '/v1/documents' }),
      expected: workers(204),
    },
  },
  continueDocument: {
    own: {
      request: async (who) => {
        const id = newId()
        if (who === 'casework' || who === 'clinic') await sendAs(who, await beginning(id))
        return pieceOf(id)
      },
      expected: workers(204),
    },
    "another's": {
      request: async (who) => {
        const id = newId()
        await sendAs(who === 'clinic' ? 'casework' : 'clinic', await beginning(id))
        return pieceOf(id)
      },
      expected: workers(404),
    },
  },
  fetchDocument: {
    'of a referral that it sent': {
      request: async () => ({
        method: 'GET',
        path: `/v1/documents/${await documentOf((await refer(built, telephone)).referralId)}`,
      }),
      expected: workers(200),
    },
    'of a referral that another organisation sent': {
      request: async () => ({
        method: 'GET',
        path: `/v1/documents/${await documentOf((await refer(built, ngo)).referralId)}`,
      }),
      expected: workers(404),
    },
  },
  beginDocumentByReceipt: {
    'with a token': {
      request: () => ({ ...beginningOf(newId(), sentId), path: '/v1/receipt/documents' }),
      expected: all(401),
    },
  },
  continueDocumentByReceipt: {
    'with a token': {
      request: async () => {
        const id = newId()
        await send(shown(sent), {
          ...beginningOf(id, sentId),
          path: '/v1/receipt/documents',
        })
        return { ...pieceOf(id), path: `/v1/receipt/documents/${id}` }
      },
      expected: all(401),
    },
  },
  fetchDocumentByReceipt: {
    'with a token': {
      request: async () => get(`/v1/receipt/documents/${await documentOf(sentId)}`)(),
      expected: all(401),
    },
  },
  openDocument: {
    'for its own key': {
      request: async (who) => {
        const { referralId } = await refer(built, ngo)
        const id = await documentOf(referralId)
        const path = `/v1/referrals/${referralId}/documents/${id}?recipient=${kidOf(who)}`
        return { method: 'GET', path }
      },
      expected: openers(200),
    },
    'for the key of another': {
      request: async (who) => {
        const { referralId } = await refer(built, ngo)
        const other = who === 'clinic' ? kids.casework : kids.clinic
        const id = await documentOf(referralId)
        return get(`/v1/referrals/${referralId}/documents/${id}?recipient=${other}`)()
      },
      expected: none,
    },
    'one without a wrap for it': {
      request: async (who) => {
        const referralId = await referWithoutClinic()
        const id = await documentOf(referralId)
        return get(`/v1/referrals/${referralId}/documents/${id}?recipient=${kidOf(who)}`)()
      },
      expected: { ...openers(200), clinic: 404 },
    },
  },
  evaluateMatchKeys: {
    'of the newest epoch': {
      request: () => evaluation(1),
      expected: { ...none, partner: 200, casework: 200, clinic: 200 },
    },
    'of no epoch': {
      request: () => evaluation(2),
      expected: { ...none, partner: 422, casework: 422, clinic: 422 },
    },
  },
  listUnchecked: {
    all: { request: get('/v1/matching/unchecked'), expected: openers(200) },
  },
  checkMatchKeys: {
    'by a recipient who holds identity and contact': {
      request: () => checkKeys('casework'),
      expected: { ...openers(200), clinic: 403 },
    },
    'by one who does not': {
      request: () => checkKeys('clinic'),
      expected: { ...openers(403), clinic: 422 },
    },
  },
  stateUrgency: {
    'by a recipient who holds detention, legal and clinical': {
      request: () => stateUrgency('casework'),
      expected: { ...openers(200), clinic: 403 },
    },
    'by one who does not': {
      request: () => stateUrgency('clinic'),
      expected: { ...openers(403), clinic: 422 },
    },
  },
  readCase: {
    'a known one': { request: onCase('GET', ''), expected: workers(200) },
    'an unknown one': { request: () => get(`/v1/cases/${newId()}`)(), expected: workers(404) },
  },
  exportCase: {
    'a known one': { request: onCase('GET', '/export'), expected: workers(200) },
    'an unknown one': {
      request: () => get(`/v1/cases/${newId()}/export`)(),
      expected: workers(404),
    },
  },
  listNotes: {
    'about a known one': {
      request: async () => get(`/v1/referrals/${(await refer(built)).referralId}/notes`)(),
      expected: workers(200),
    },
    'about an unknown one': {
      request: () => get(`/v1/referrals/${newId()}/notes`)(),
      expected: workers(404),
    },
  },
  listPossibleMatches: {
    'of a known case': { request: onCase('GET', '/possible-matches'), expected: workers(200) },
  },
  listReviews: { all: { request: get('/v1/cases/reviews'), expected: workers(200) } },
  searchCases: {
    'by a reference': {
      request: () => ({
        ...{ method: 'POST', path: '/v1/cases/search', body: { reference: '00000000' } },
      }),
      expected: workers(200),
    },
  },
  decidePossibleMatch: {
    'without a question': {
      request: async () => {
        const path = `/v1/cases/${await newCase()}/possible-matches/${await newCase()}/decision`
        return { method: 'POST', path, body: { decision: 'same' } }
      },
      expected: workers(409),
    },
  },
  mergeCases: {
    'two known ones': {
      request: async () => ({
        ...{ method: 'POST', path: `/v1/cases/${await newCase()}/merge` },
        body: { otherId: await newCase() },
      }),
      expected: workers(200),
    },
  },
  splitCase: { 'the whole of it': { request: splitting, expected: workers(400) } },
  clearFlags: {
    'of a known case': { request: onCase('DELETE', '/flags'), expected: workers(204) },
  },
  listItems: {
    waiting: { request: get('/v1/triage/items?state=waiting'), expected: workers(200) },
  },
  listClaims: {
    own: { request: get('/v1/triage/claims'), expected: workers(200) },
  },
  listChanges: {
    'from now on': { request: get('/v1/triage/changes'), expected: workers(200) },
  },
  summariseQueue: {
    whole: { request: get('/v1/triage/summary'), expected: workers(200) },
  },
  claimItems: {
    'for its own key': {
      request: (who) => ({
        method: 'POST',
        path: '/v1/triage/claims',
        body: { recipient: kidOf(who), max: 1, leaseSeconds: 60 },
      }),
      expected: workers(200),
    },
    'for the key of another': {
      request: (who) => ({
        method: 'POST',
        path: '/v1/triage/claims',
        body: {
          recipient: who === 'clinic' ? kids.casework : kids.clinic,
          max: 1,
          leaseSeconds: 60,
        },
      }),
      expected: none,
    },
  },
  renewClaim: {
    own: { request: underClaim('renewal', { leaseSeconds: 60 }, 'own'), expected: workers(200) },
    other: {
      request: underClaim('renewal', { leaseSeconds: 60 }, 'other'),
      expected: workers(409),
    },
  },
  releaseClaim: {
    own: { request: underClaim('release', {}, 'own'), expected: workers(204) },
    other: { request: underClaim('release', {}, 'other'), expected: workers(409) },
  },
  completeClaim: {
    own: { request: underClaim('completion', {}, 'own'), expected: workers(200) },
    other: { request: underClaim('completion', {}, 'other'), expected: workers(409) },
  },
  handOverClaim: {
    // To itself: some of what stands here only one of them opens.
    own: {
      request: (who) =>
        underClaim('handover', { to: clientIds[who], leaseSeconds: 60 }, 'own')(who),
      expected: workers(204),
    },
    other: {
      request: (who) =>
        underClaim('handover', { to: clientIds[who], leaseSeconds: 60 }, 'other')(who),
      expected: workers(409),
    },
  },
  parkClaim: {
    own: { request: underClaim('parking', { reason: 'call_back' }, 'own'), expected: workers(204) },
    other: {
      request: underClaim('parking', { reason: 'call_back' }, 'other'),
      expected: workers(409),
    },
  },
  parkItem: {
    'that nobody holds': {
      request: onItem('parking', { reason: 'call_back' }),
      expected: workers(204),
    },
  },
  setUrgency: {
    'of an item': {
      request: urgencyOf,
      // Its note is a recipient's, which only that client can write.
      expected: { ...workers(200), clinic: 403 },
    },
  },
  wakeItem: {
    'that nobody holds': { request: onItem('waking', {}), expected: workers(204) },
  },
  listAttempts: {
    'of an item': {
      request: async () => {
        const { method: _, ...rest } = await onItem('attempts', {})()
        return { method: 'GET', path: rest.path }
      },
      expected: workers(200),
    },
  },
  reopenItem: {
    'that it completed': { request: completedBy('own'), expected: workers(204) },
    'that the other completed and it opens': {
      request: completedBy('other'),
      expected: workers(204),
    },
  },
  setItemsAside: {
    'of which there are none': {
      request: () => ({ method: 'POST', path: '/v1/triage/asides', body: { items: [newId()] } }),
      expected: workers(200),
    },
  },
  wakeItemsAside: {
    'of which there are none': {
      request: () => ({ method: 'POST', path: `/v1/triage/asides/${newId()}/waking` }),
      expected: workers(200),
    },
  },
  completeClaims: {
    own: { request: amongSeveral('own'), expected: workers(200) },
    // Refused one by one: what is refused says so beside its id.
    other: { request: amongSeveral('other'), expected: workers(200) },
  },
  createEndpoint: {
    'in the open': {
      request: () => ({
        ...{ method: 'POST', path: '/v1/webhooks/endpoints' },
        body: { url: 'https://hooks.example.org/queue' },
      }),
      expected: workers(201),
    },
    'on the service itself': {
      request: () => ({
        ...{ method: 'POST', path: '/v1/webhooks/endpoints' },
        body: { url: 'http://127.0.0.1:5432/' },
      }),
      expected: workers(422),
    },
  },
  listEndpoints: { own: { request: get('/v1/webhooks/endpoints'), expected: workers(200) } },
  activateEndpoint: ofEndpoint('POST', '/activation', { active: false }),
  rotateEndpointSecret: ofEndpoint('POST', '/rotation', {}),
  replayToEndpoint: ofEndpoint('POST', '/replay', { since: new Date().toISOString() }),
  removeEndpoint: ofEndpoint('DELETE', '', undefined, 204),
  listAuditEntries: {
    all: { request: get('/v1/audit/entries'), expected: { ...none, auditor: 200 } },
  },
  exportAuditEntries: {
    all: {
      request: get('/v1/audit/export?format=csv'),
      expected: { ...none, auditor: 200 },
    },
  },
  proveAuditEntry: {
    'one that is there': {
      request: async () => ({
        method: 'GET',
        path: `/v1/audit/entries/${await oldestEntry()}/proof`,
      }),
      expected: { ...none, auditor: 200 },
    },
    'one that is not there': {
      request: () => ({ method: 'GET', path: `/v1/audit/entries/${newId()}/proof` }),
      expected: { ...none, auditor: 404 },
    },
  },
  readReferralAccess: {
    'one that is there': {
      request: async () => {
        const { referralId } = await refer(built, ngo)
        return { method: 'GET', path: `/v1/audit/referrals/${referralId}/access` }
      },
      expected: { ...none, auditor: 200 },
    },
    'one that is not there': {
      request: () => ({ method: 'GET', path: `/v1/audit/referrals/${newId()}/access` }),
      expected: { ...none, auditor: 404 },
    },
  },
  listExposure: {
    'of a key': {
      request: get(`/v1/audit/exposure?kid=${kids.casework}`),
      expected: { ...none, auditor: 200 },
    },
    'of a client that nobody knows': {
      request: () => ({ method: 'GET', path: `/v1/audit/exposure?client=${newId()}` }),
      expected: { ...none, auditor: 404 },
    },
  },
  getLogCheckpoint: {
    'of the log': { request: get('/v1/audit/logs/1/checkpoint'), expected: all(200) },
    'of no log': { request: get('/v1/audit/logs/7/checkpoint'), expected: all(404) },
  },
  getLogTile: {
    'one that is there': { request: get('/v1/audit/logs/1/tile/0/000.p/1'), expected: all(200) },
    'one that is not there': { request: get('/v1/audit/logs/1/tile/0/999'), expected: all(404) },
  },
  getLogEntries: {
    'one that is there': {
      request: get('/v1/audit/logs/1/tile/entries/000.p/1'),
      expected: { ...none, auditor: 200 },
    },
    'one that is not there': {
      request: get('/v1/audit/logs/1/tile/entries/999'),
      expected: { ...none, auditor: 404 },
    },
  },
}

/** A keyset under which the clinic need not be sealed to, and a referral that leaves it out. */
let laterKeyset: ReturnType<typeof publishKeyset> | undefined
async function referWithoutClinic(): Promise<string> {
  laterKeyset ??= publishKeyset(built, {
    ...world.keyset,
    recipients: world.keyset.recipients.map((recipient) =>
      recipient.kid === kids.clinic ? { ...recipient, required: false } : recipient,
    ),
  })
  const keyset = await laterKeyset
  const recipients = keyset.recipients.filter(({ kid }) => kid !== kids.clinic)
  const { sha256 } = keysetReference(keyset)
  const changes = { keyset: { keyset: { ...keyset, recipients }, sha256 } }
  return (await refer(built, ngo, changes)).referralId
}

const sent = receiptKeysOfNobody()
const sentPublicly = await (async () => {
  const envelope = sealedByReceipt(world, sent)
  return { envelope, acknowledgement: (await sendPublicly(url, envelope)).body }
})()
const { referralId: sentId } = sentPublicly.acknowledgement
const shown = ({ accessTag }: typeof sent) => `Receipt ${encodeBase64url(accessTag)}`
const ownMessage = messageOn(world, sentPublicly, undefined, { signer: sent.signing })
const bearers = {
  'the bearer of a receipt': { receipt: shown(sent), status: 200 },
  'the bearer of a receipt that nothing was sent under': {
    receipt: shown(receiptKeysOfNobody()),
    status: 404,
  },
}
/** What the bearer of a receipt is told where it is another than 200. */
const toldToBearer: Readonly<Record<string, number>> = {
  beginDocumentByReceipt: 201,
  continueDocumentByReceipt: 204,
}
const receiptChallenge = 'Receipt realm="referral-intake"'

type Operation = { operationId: string; security: readonly Record<string, string[]>[] }
const { paths } = app.swagger() as unknown as { paths: Record<string, Record<string, Operation>> }
const operations = Object.values(paths).flatMap((path) => Object.values(path))

t.test('the document lists every route, and the table every operation', async (t) => {
  t.same(operations.map(({ operationId }) => operationId).sort(), Object.keys(table).sort())
  const routes = app.printRoutes().match(/\((?!HEAD\))[A-Z, ]+\)/g) ?? []
  const methods = routes.flatMap((found) => found.slice(1, -1).split(', '))
  t.equal(methods.filter((method) => method !== 'HEAD').length, operations.length)
})

/** RFC 6750 section 3.1, RFC 9449 section 7.1: without a token nothing was wrong with one. */
function challenge(authorization: string | undefined, who: string): string {
  const [realm, algs] = ['realm="referral-intake"', 'algs="ES256 EdDSA Ed25519"']
  if (who.endsWith('without a proof')) {
    return `DPoP ${realm}, error="invalid_dpop_proof", ${algs}`
  }
  const wrong = /^(Bearer|DPoP) /.test(authorization ?? '') ? ', error="invalid_token"' : ''
  const isBound = authorization?.startsWith('DPoP ') || who.endsWith('without its key')
  return isBound
    ? `DPoP ${realm}${wrong}, ${algs}`
    : `Bearer ${realm}${wrong}, DPoP ${realm}, ${algs}`
}

/** What shows and changes nothing that is anybody's: the closed list of what is not recorded. */
const unrecorded = [
  ...['isAlive', 'isReady', 'getApiDocument', 'explainProblem'],
  ...['readTokenKeys', 'readOpenidConfiguration', 'readAuthorizationServer'],
  // A token opens nothing by itself: what is done with it is recorded.
  'issueToken',
  ...['getKeyset', 'getKeysetVersion', 'getChallenge', 'getLogCheckpoint', 'getLogTile'],
  // How much is taken, whoever asks and of whomever.
  'askUploads',
]
/**
 * Recorded, and not permitted above: test/intake/public.test.ts, test/intake/openings.test.ts,
 * test/cases/review.test.ts, test/messages/routes.test.ts, test/reading/rotating.test.ts.
 */
const elsewhere = [
  ...['submitWithoutAccount', 'readReceipt', 'readOpeningsByReceipt', 'askToWithdraw'],
  ...['decidePossibleMatch', 'splitCase', 'sendMessageByReceipt', 'listMessagesByReceipt'],
  // test/documents/uploading.test.ts.
  ...['beginDocumentByReceipt', 'continueDocumentByReceipt', 'fetchDocumentByReceipt'],
  'giveUpWraps',
]
/** The operations of which a permitted request left an entry by its caller. */
const recorded = new Set<string>()

async function entriesOf(who: Known): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    select count(*)::int as count from audit_opening where client_id = ${clientIds[who]}`
  return row.count
}

for (const { operationId, security } of operations) {
  const isOpen = security.length === 0
  const isByReceipt = security.some((needed) => 'receipt' in needed)
  for (const [name, { request, expected }] of Object.entries(table[operationId] ?? {})) {
    t.test(`${operationId}, ${name}`, async (t) => {
      for (const who of Object.keys(clientIds) as Known[]) {
        const made = await request(who)
        const before = await entriesOf(who)
        const { status } = await sendAs(who, made)
        t.equal(status, expected[who], `as ${who}`)
        if (status < 400 && (await entriesOf(who)) > before) recorded.add(operationId)
      }
      const sample = await request('casework')
      for (const [who, authorization] of Object.entries(nobodies)) {
        const { status, headers } = await send(authorization, sample)
        t.equal(status, isOpen ? expected.partner : 401, `with ${who}`)
        const lacking = isByReceipt ? receiptChallenge : challenge(authorization, who)
        t.equal(headers.get('www-authenticate'), isOpen ? null : lacking, who)
      }
      for (const [who, { receipt, status }] of Object.entries(bearers)) {
        const answer = await send(receipt, sample)
        const own = status === 200 ? (toldToBearer[operationId] ?? status) : status
        t.equal(answer.status, isByReceipt ? own : isOpen ? expected.partner : 401, who)
      }
      for (const [who, id] of Object.entries(shutOut)) {
        const { status, body } = await send(`Bearer ${forge.token(id)}`, sample)
        const refused = isByReceipt ? 401 : 403
        t.equal(status, isOpen ? expected.partner : refused, `as a shut-out ${who}`)
        if (!isOpen && !isByReceipt) t.match(JSON.parse(body), { code: 'caller-disabled' })
      }
    })
  }
}

t.test('every operation is recorded, or stands on the list of those that are not', async (t) => {
  const known = operations.filter(({ operationId }) => !elsewhere.includes(operationId))
  for (const { operationId } of known) {
    t.equal(recorded.has(operationId), !unrecorded.includes(operationId), operationId)
  }
})
