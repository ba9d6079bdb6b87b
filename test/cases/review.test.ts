/**
 * Goal: what people see of cases, how they judge them, and how they find one; each act in the log
 * with who did it and why, and none of it a referrer's to ask.
 * Method: over HTTP, against a service whose loop pairs.
 */
import t, { type Test } from 'tap'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { matchKeys } from '../../src/protocol/matching/matchkeys.ts'
import type { MessageEnvelope } from '../../src/protocol/messages/message.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { noteOn } from '../helpers/note.ts'
import { matchingOf, relativeOf, stranger, valuesOf } from '../helpers/people.ts'
import { caseOf, questioned } from '../helpers/question.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const call = {
  casework: await callerOf(world, url, world.clients.casework),
  clinic: await callerOf(world, url, world.clients.clinic),
  lawFirm: await callerOf(world, url, world.referring.lawFirm.clientId),
  auditor: await callerOf(world, url, world.clients.auditor),
}
t.afterEach(() => requireBalanced(sql))

/** Two of one person, in one case. */
async function mergedPair() {
  const person = stranger()
  const one = await refer(built, undefined, { matching: matchingOf(person) })
  const other = await refer(built, undefined, { matching: matchingOf(person) })
  await untilPaired(sql)
  return { person, one, other, id: await caseOf(sql, one) }
}

const decide = (ids: readonly [string, string], decision: string, note?: MessageEnvelope) =>
  call.casework('POST', `/v1/cases/${ids[0]}/possible-matches/${ids[1]}/decision`, {
    ...{ decision, ...(note && { note }) },
  })

const possible = async (id: string) =>
  (await call.casework('GET', `/v1/cases/${id}/possible-matches`)).body.possibleMatches

const read = async (id: string) => (await call.casework('GET', `/v1/cases/${id}`)).body

/** The newest entry of this action and object, as an auditor sees it: who, about what, and why. */
async function entryOf(action: string, objectId: string) {
  const { body } = await call.auditor('GET', `/v1/audit/entries?object=${objectId}&limit=50`)
  return body.entries.find((it: { action: string }) => it.action === action)
}

async function isLogged(t: Test, action: string, objectId: string, details?: object) {
  t.match(await entryOf(action, objectId), {
    outcome: 'permitted',
    intact: true,
    object: { kind: 'case', id: objectId },
    opening: { actor: { client: world.clients.casework }, ...(details && { details }) },
  })
}

t.test('a case says what it holds, why, and where its work stands', async (t) => {
  const { one, other, id } = await mergedPair()
  const { status, body } = await call.casework('GET', `/v1/cases/${id}`)
  t.equal(status, 200)
  t.match(body, {
    caseId: id,
    referrals: [one, other].map(({ referralId, acknowledgement }) => ({
      ...{ referralId, state: 'received', keys: 'unchecked' },
      ...{ reference: acknowledgement.reference, receivedAt: acknowledgement.receivedAt },
    })),
    judgements: [{ verdict: 'same', basis: 'keys', between: [one.referralId, other.referralId] }],
    flags: [],
    item: { state: 'waiting' },
  })
  const [{ bits, probability, entryId }] = body.judgements
  t.ok(probability > 0.99)
  t.ok(bits.every((bit: { words: string }) => bit.words.length > 3))
  const paired = await entryOf('referral.paired', other.referralId)
  t.equal(paired.id, entryId, 'the log has the entry that it names')
  await isLogged(t, 'case.read', id)
  const silent = await refer(built)
  await untilPaired(sql)
  t.match(await read(await caseOf(sql, silent)), { referrals: [{ keys: 'none' }] })
})

t.test('a question names both sides, how likely it is, and what agrees', async (t) => {
  const { one, other, ids } = await questioned(built, sql)
  const [found, ...others] = await possible(ids[0])
  t.same(others, [])
  t.match(found, {
    otherId: ids[1],
    otherReferralIds: [other.referralId],
    between: [one.referralId, other.referralId],
    verdict: 'possible',
  })
  t.ok(found.probability >= 0.05 && found.probability < 0.998)
  t.ok(found.words.length > 3)
  const [back] = await possible(ids[1])
  t.equal(back.otherId, ids[0], 'and is asked of both')
  await isLogged(t, 'case.read', ids[0], { possible: 1 })
})

t.test('"same" merges the two, and the id that went out of use still leads there', async (t) => {
  const { one, other, ids } = await questioned(built, sql)
  const { status, body } = await decide(ids, 'same')
  t.equal(status, 200)
  t.equal(await caseOf(sql, one), body.caseId)
  t.equal(await caseOf(sql, other), body.caseId)
  t.equal(body.otherId, undefined)
  await isLogged(t, 'case.merged', body.caseId, { basis: 'person', bits: /REF_\w+ agrees/ })
  const merged = ids.find((id) => id !== body.caseId)!
  t.equal((await read(merged)).caseId, body.caseId)
  t.same(await possible(body.caseId), [])
  t.match((await decide(ids, 'same')).body, { caseId: body.caseId }, 'safe to repeat')
  await isLogged(t, 'case.judged', body.caseId, { decision: 'same', repeated: true })
})

t.test('taken apart again, an old id leads to the referrals that it had', async (t) => {
  const { one, other, ids } = await questioned(built, sql)
  const { body } = await decide(ids, 'same')
  for (const side of [one, other]) {
    const referrals = [side.referralId]
    const id = await caseOf(sql, side)
    const split = { referrals, decision: 'different' }
    t.equal((await call.casework('POST', `/v1/cases/${id}/split`, split)).status, 200)
    const merged = ids.find((it) => it !== body.caseId)!
    const had = merged === ids[0] ? one : other
    const [{ referralId }] = (await read(merged)).referrals
    t.equal(referralId, had.referralId)
    await call.casework('POST', `/v1/cases/${await caseOf(sql, one)}/merge`, {
      otherId: await caseOf(sql, other),
    })
  }
})

t.test('"different" ends the question, for both, and can be changed', async (t) => {
  const { one, other, ids } = await questioned(built, sql)
  t.match((await decide(ids, 'different')).body, { caseId: ids[0], otherId: ids[1] })
  for (const id of ids) t.same(await possible(id), [])
  await isLogged(t, 'case.judged', ids[0], {
    ...{ decision: 'different', other: ids[1], basis: 'person', bits: /REF_\w+ agrees/ },
  })
  t.equal((await decide(ids, 'different')).status, 200, 'safe to repeat')
  t.equal((await decide(ids, 'unsure')).status, 200)
  t.match(await possible(ids[0]), [{ verdict: 'unsure' }])
  t.equal((await decide([ids[1], ids[0]], 'same')).status, 200)
  t.equal(await caseOf(sql, one), await caseOf(sql, other))
  const { judgements } = await read(await caseOf(sql, one))
  t.same(
    judgements.map(({ verdict, endedAt }: { verdict: string; endedAt?: string }) => [
      verdict,
      endedAt === undefined,
    ]),
    [
      ['same', true],
      ['unsure', false],
      ['different', false],
      ['different', false],
      ['possible', false],
    ],
    'all that was held is kept, the newest first',
  )
})

t.test('"unsure" keeps the question open, and keeps the two apart', async (t) => {
  const { one, other, ids } = await questioned(built, sql)
  t.equal((await decide(ids, 'unsure')).status, 200)
  t.not(await caseOf(sql, one), await caseOf(sql, other))
  t.match(await possible(ids[1]), [{ otherId: ids[0], verdict: 'unsure' }])
  const { body } = await call.casework('GET', '/v1/cases/reviews?limit=200')
  t.ok(body.reviews.some(({ otherId }: { otherId: string }) => ids.includes(otherId)))
})

t.test('a decision on what is one case by now says so', async (t) => {
  const { ids } = await questioned(built, sql)
  const merged = await call.clinic('POST', `/v1/cases/${ids[1]}/merge`, { otherId: ids[0] })
  t.equal(merged.status, 200)
  for (const decision of ['different', 'unsure']) {
    t.match(await decide(ids, decision), { status: 409, body: { code: 'case-changed' } })
  }
  t.match(await decide(ids, 'same'), { status: 200, body: { caseId: merged.body.caseId } })
})

t.test('cases between which nothing was asked are not decided on, nor unknown ones', async (t) => {
  const [one, other] = [await refer(built), await refer(built)]
  await untilPaired(sql)
  const ids = [await caseOf(sql, one), await caseOf(sql, other)] as const
  t.match(await decide([...ids], 'same'), { status: 409, body: { code: 'case-changed' } })
  t.match(await decide([ids[0], newId()], 'same'), { status: 404, body: { code: 'not-found' } })
  t.equal((await decide([ids[0], ids[0]], 'different')).status, 409)
  t.equal((await decide([...ids], 'perhaps')).status, 400)
})

t.test('a person merges what nobody asked about, and it can be repeated', async (t) => {
  const [one, other] = [await refer(built), await refer(built)]
  await untilPaired(sql)
  const [id, otherId] = [await caseOf(sql, one), await caseOf(sql, other)]
  const first = await call.casework('POST', `/v1/cases/${id}/merge`, { otherId })
  t.match(first, { status: 200, body: { caseId: id } })
  await isLogged(t, 'case.merged', id, { basis: 'person', merged: otherId, referrals: 2 })
  const again = await call.casework('POST', `/v1/cases/${otherId}/merge`, { otherId: id })
  t.match(again, { status: 200, body: { caseId: id } })
  await isLogged(t, 'case.judged', id, { decision: 'same', repeated: true })
  const unknown = await call.casework('POST', `/v1/cases/${id}/merge`, { otherId: newId() })
  t.match(unknown, { status: 404, body: { code: 'not-found' } })
})

t.test('a case that is full takes no more from a person either', async (t) => {
  const person = stranger()
  const matching = matchingOf(person)
  const [first] = await Promise.all(
    Array.from({ length: 50 }, () => refer(built, undefined, { matching })),
  )
  const other = await refer(built)
  await untilPaired(sql)
  const [id, otherId] = [await caseOf(sql, first!), await caseOf(sql, other)]
  t.equal((await read(id)).referrals.length, 50)
  const merge = await call.casework('POST', `/v1/cases/${id}/merge`, { otherId })
  t.match(merge, { status: 409, body: { code: 'case-full' } })
  t.equal(await caseOf(sql, other), otherId)
})

t.test('a person takes referrals out of a case, and keys do not put them back', async (t) => {
  const { one, other, id, person } = await mergedPair()
  const third = await refer(built, undefined, { matching: matchingOf(person) })
  await untilPaired(sql)
  const path = `/v1/cases/${id}/split`
  const ids = [one, other, third].map(({ referralId }) => referralId)
  const whole = await call.casework('POST', path, { referrals: ids, decision: 'different' })
  t.match(whole, { status: 400, body: { code: 'malformed-request' } })
  const foreign = { referrals: [newId()], decision: 'different' }
  t.match(await call.casework('POST', path, foreign), {
    ...{ status: 409, body: { code: 'case-changed' } },
  })
  const referrals = [one.referralId, third.referralId]
  const { status, body } = await call.casework('POST', path, { referrals, decision: 'unsure' })
  t.equal(status, 200)
  t.same([await caseOf(sql, one), await caseOf(sql, third)], [body.otherId, body.otherId])
  t.equal(await caseOf(sql, other), body.caseId)
  await isLogged(t, 'case.split', id, { to: body.otherId, moved: 2, stayed: 1, verdict: 'unsure' })
  await untilPaired(sql)
  t.not(await caseOf(sql, one), await caseOf(sql, other))
  t.match(await possible(body.caseId), [{ otherId: body.otherId, verdict: 'unsure' }])
})

t.test('what waits for a person is listed, the oldest first, page by page', async (t) => {
  const { ids } = await questioned(built, sql)
  const flagged = await refer(built)
  await sql`
    insert into case_flag (id, referral_id, kind, at)
    values (${newId()}, ${flagged.referralId}, 'replaced', now())`
  await untilPaired(sql)
  const all = (await call.casework('GET', '/v1/cases/reviews?limit=200')).body
  t.equal(all.next, undefined)
  const paged = []
  for (let cursor = ''; ; ) {
    const { body } = await call.casework('GET', `/v1/cases/reviews?limit=2${cursor}`)
    t.ok(body.reviews.length <= 2)
    paged.push(...body.reviews)
    if (!body.next) break
    cursor = `&cursor=${body.next}`
  }
  t.same(paged, all.reviews)
  const times = paged.map(({ at }) => at)
  t.same(times, times.toSorted())
  t.match(paged.at(-2), { kind: 'possible', caseId: ids[0], otherId: ids[1] })
  const id = await caseOf(sql, flagged)
  t.match(paged.at(-1), { kind: 'replaced', caseId: id })
  t.match((await read(id)).flags, [{ kind: 'replaced', referralId: flagged.referralId }])
  t.equal((await call.casework('DELETE', `/v1/cases/${id}/flags`)).status, 204)
  await isLogged(t, 'case.judged', id, { flags: 1 })
  t.same((await read(id)).flags, [])
  t.equal((await call.casework('DELETE', `/v1/cases/${id}/flags`)).status, 204, 'safe to repeat')
})

t.test('a reference goes wherever the id of a case or a referral does', async (t) => {
  const { one, other, ids } = await questioned(built, sql)
  const [mine, theirs] = [one.acknowledgement.reference, other.acknowledgement.reference]
  t.match(await read(mine), { caseId: ids[0], referrals: [{ reference: mine }] })
  t.match(await possible(theirs), [{ otherId: ids[0], otherReferralIds: [one.referralId] }])
  t.match((await decide([theirs, mine], 'unsure')).body, { caseId: ids[1], otherId: ids[0] })
  await isLogged(t, 'case.judged', ids[1], { decision: 'unsure' })

  const merge = (from: string, otherId: string) =>
    call.casework('POST', `/v1/cases/${from}/merge`, { otherId })
  const split = (from: string, referrals: string[]) =>
    call.casework('POST', `/v1/cases/${from}/split`, { referrals, decision: 'unsure' })
  const { status, body } = await merge(mine, theirs)
  t.equal(status, 200)
  t.same([await caseOf(sql, one), await caseOf(sql, other)], [body.caseId, body.caseId])
  t.equal((await call.casework('DELETE', `/v1/cases/${theirs}/flags`)).status, 204)
  t.match(await split(mine, [theirs]), { status: 200, body: { cases: { length: 2 } } })
  t.not(await caseOf(sql, one), await caseOf(sql, other))

  const nobodys = '00000000'
  const refused = [
    await call.casework('GET', `/v1/cases/${nobodys}`),
    await call.casework('GET', `/v1/cases/${nobodys}/possible-matches`),
    await decide([nobodys, mine], 'unsure'),
    await merge(mine, nobodys),
    await split(nobodys, [theirs]),
  ]
  for (const answer of refused) t.match(answer, { status: 404, body: { code: 'not-found' } })
  const strange = await split(mine, [nobodys])
  t.ok(strange.status >= 400 && strange.status < 500, `${strange.status}`)
})

const search = (body: object) => call.clinic('POST', '/v1/cases/search', body)

t.test('a case is found by a reference, and by match values', async (t) => {
  const { one, other, id, person } = await mergedPair()
  const { reference } = other.acknowledgement
  const referralIds = [one.referralId, other.referralId]
  t.match(await search({ reference }), {
    status: 200,
    body: { cases: [{ caseId: id, referralIds }] },
  })
  const { epoch, values } = matchingOf(person)
  const byValues = await search({ epoch, values })
  t.match(byValues, { status: 200, body: { cases: [{ caseId: id, referralIds }] } })
  t.equal(byValues.body.cases.length, 1)
  t.ok(byValues.body.cases[0].probability > 0.99)
  t.ok(byValues.body.cases[0].words.length > 3)
  const relatives = await search({ epoch, values: valuesOf(matchKeys(relativeOf(person))) })
  t.ok(relatives.body.cases[0].probability < 0.998, 'who shares a reference is found as likely')
  t.same((await search(matchingOf(stranger()))).body, { cases: [] })
  const elsewhere = await search({ epoch: 7, values })
  t.match(elsewhere, { status: 422, body: { code: 'unknown-matching-epoch' } })
  for (const wrong of [{}, { epoch }, { values }, { reference, epoch, values }]) {
    t.match(await search(wrong), { status: 400, body: { code: 'malformed-request' } })
  }
  const { body } = await call.auditor('GET', '/v1/audit/entries?action=case.searched&limit=1')
  t.match(body.entries, [{ opening: { actor: { client: world.clients.clinic } } }])
})

t.test('sixty searches an hour, and a client is told to wait', async (t) => {
  const { body } = await call.auditor('GET', '/v1/audit/entries?action=case.searched&limit=200')
  const made = body.entries.filter(({ outcome }: { outcome: string }) => outcome === 'permitted')
  for (let count = made.length; count < 60; count += 1) {
    t.equal((await search({ reference: '00000000' })).status, 200)
  }
  const refused = await search({ reference: '00000000' })
  t.match(refused, { status: 429, body: { code: 'search-budget-spent', retry: 'later' } })
  const another = await call.casework('POST', '/v1/cases/search', { reference: '00000000' })
  t.equal(another.status, 200, 'each client has its own')
})

t.test(
  'a note that another signed, of another referral, or spoilt, is refused whole',
  async (t) => {
    const { one, ids } = await questioned(built, sql)
    const elsewhere = await refer(built)
    await untilPaired(sql)
    const good = noteOn(world, one)
    const clinic = { signer: world.recipients.clinic.signing }
    const partner = { signer: world.referring.lawFirm.signing }
    const flipped = good.compartments.message.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
    const rows: [string, MessageEnvelope, number, string][] = [
      [
        'of the clinic, by casework',
        noteOn(world, one, undefined, clinic),
        403,
        'recipient-not-yours',
      ],
      ['of a referrer', noteOn(world, one, undefined, partner), 422, 'unknown-signer'],
      ['of another referral', noteOn(world, elsewhere), 400, 'malformed-request'],
      [
        'of another kind',
        { ...good, header: { ...good.header, kind: 'withdrawal' } },
        400,
        'malformed-request',
      ],
      [
        'for another service',
        { ...good, header: { ...good.header, origin: 'other.test' } },
        422,
        'wrong-origin',
      ],
      [
        'with another text',
        { ...good, compartments: { message: flipped } },
        422,
        'signature-invalid',
      ],
      [
        'with another number',
        { ...good, header: { ...good.header, number: 2 } },
        422,
        'signature-invalid',
      ],
      [
        'with another signature',
        { ...good, signature: { ...good.signature, value: encodeBase64url(new Uint8Array(64)) } },
        422,
        'signature-invalid',
      ],
    ]
    for (const [name, note, status, code] of rows) {
      t.match(await decide(ids, 'different', note), { status, body: { code, stored: false } }, name)
    }
    t.match(await possible(ids[0]), [{ verdict: 'possible' }], 'and nothing was decided')
    t.equal((await decide(ids, 'different', good)).status, 200)
  },
)

t.test('no referrer learns of a case, nor does an auditor but by the log', async (t) => {
  const { id, one, ids } = { ...(await mergedPair()), ...(await questioned(built, sql)) }
  const asked: [string, string, object?][] = [
    ['GET', `/v1/cases/${id}`],
    ['GET', `/v1/cases/${newId()}`],
    ['GET', `/v1/cases/${id}/possible-matches`],
    ['GET', '/v1/cases/reviews'],
    ['POST', '/v1/cases/search', { reference: one.acknowledgement.reference }],
    ['POST', `/v1/cases/${ids[0]}/merge`, { otherId: ids[1] }],
    ['POST', `/v1/cases/${id}/split`, { referrals: [one.referralId], decision: 'different' }],
    ['DELETE', `/v1/cases/${id}/flags`],
  ]
  for (const who of ['lawFirm', 'auditor'] as const) {
    for (const [method, path, body] of asked) {
      const answer = await call[who](method, path, body)
      t.match(answer, { status: 403, body: { code: 'insufficient-scope' } }, `${who} ${method}`)
    }
  }
})
