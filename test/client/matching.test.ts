/**
 * Goal: the same person has the same match values whoever spells the name, a referral is sealed
 * whatever becomes of them, and a referrer's lie does not outlive the first opening.
 * Method: the real service with a real holder of the matching key, and between the two a line that
 * loses, delays or alters what the holders answered.
 */
import { join } from 'node:path'
import t from 'tap'
import { createReader, createReferrer, type Draft, type Unmatched } from '../../src/client/index.ts'
import { answerMsMax } from '../../src/client/matching.ts'
import { connect } from '../../src/database/connect.ts'
import { createPublication } from '../../src/directory/publication.ts'
import { writeSecret } from '../../src/disk.ts'
import { embedKeyholder } from '../../src/keyholder/embedded.ts'
import { createLogger } from '../../src/log.ts'
import { noKeyholders } from '../../src/matching/keyholders.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import type { Matching } from '../../src/protocol/envelope/envelope.ts'
import { matchingEpochOf, sealMatchingKey } from '../../src/protocol/matching/matchingkey.ts'
import { generateMatchingKey } from '../../src/protocol/matching/voprf.ts'
import { type Keyset, signKeyset } from '../../src/protocol/trust/keyset.ts'
import { compartmentNames } from '../../src/referral/compartment.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { folderOf } from '../cli/run.ts'
import { type Built, build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'
import { type Answer, between } from './between.ts'
import { nextAfter } from './keysets.ts'

type Person = NonNullable<Draft['referral']['identity']>

const draftOf = (identity: Person, phone?: string): Draft => ({
  channel: 'legal_representative',
  region: 'heathrow',
  referral: { identity, ...(phone && { contact: { phone } }) },
})

const person: Person = {
  familyName: 'Al-Hassan',
  givenNames: 'Mohammed Karim',
  dateOfBirth: { date: '1990-03-14' },
  identifiers: [{ type: 'uan', value: '1234-5678-9012-3456' }],
}

function lawFirm(built: Built, url = built.url, changes = {}) {
  const { world } = built
  const { signing, clientId } = world.referring.lawFirm
  const told: Unmatched[] = []
  const referrer = createReferrer({
    ...{ url, trust: world.trust, signer: signing, token: () => world.token(clientId) },
    onUnmatched: (unmatched) => told.push(unmatched),
    ...changes,
  })
  return { referrer, told }
}

function readerOf({ world, url: own }: Built, name: 'casework' | 'clinic', url = own) {
  return createReader({
    ...{ url, trust: world.trust, recipient: world.recipients[name] },
    token: () => world.token(world.clients[name]),
  })
}

async function openedBy(reader: ReturnType<typeof createReader>, referralId: string) {
  const opened = await reader.open(await reader.fetch(referralId))
  if (!opened.opened) throw new Error(`withheld at ${opened.step}`)
  return opened
}

const typesOf = (matching: Matching | undefined) => {
  const types = new Map<string, string[]>()
  for (const { type, value } of matching?.values ?? []) {
    types.set(type, [...(types.get(type) ?? []), value])
  }
  return types
}

async function publish({ databases, world }: Built, changes: Partial<Keyset>) {
  const database = connect({ url: databases.ownerUrl, connectionsMax: 1, prepare: true })
  const publication = createPublication(database)
  try {
    await publication.publishKeyset(
      signKeyset(nextAfter(world.keyset, changes), world.roots[0]),
      world.trust,
    )
  } finally {
    await database.close()
  }
}

const evaluations = '/v1/matching/evaluations'

type Evaluation = { holder: string; elements: string[]; proof: string }

/** A line that does to the holders' answer what `change` does to it as JSON. */
const altering = (
  t: Parameters<typeof between>[0],
  { url }: Built,
  change: (body: { answers: Evaluation[] }) => void,
) =>
  between(t, url, (answer, { path }) => {
    if (path !== evaluations) return answer
    const body = JSON.parse(answer.body)
    change(body)
    return { ...answer, body: JSON.stringify(body) }
  })

t.test('against the service', async (t) => {
  const built = await build(t)
  const stored = (referralId: string) =>
    built.database.inTransaction({ kind: 'system', request: 'test' }, async (tx) => {
      const rows = await tx.sql<{ type: string; value: Uint8Array }[]>`
        select type, value from match_value where referral_id = ${referralId}`
      return rows.map(({ type, value }) => `${type} ${encodeBase64url(value)}`).sort()
    })
  const listed = async (reader: ReturnType<typeof createReader>) =>
    (await reader.unchecked({ limit: 200 })).referralIds

  t.test('three spellings of one person share what the recipe says survives', async (t) => {
    const { referrer, told } = lawFirm(built)
    const spellings = [
      draftOf(person, '07700 900123'),
      draftOf({ ...person, familyName: 'Hassan', givenNames: 'Karim Mohammed' }, '+447700900123'),
      draftOf({
        familyName: 'Elhassan',
        givenNames: 'Muhammad Kareem',
        dateOfBirth: { date: '1990-03-14' },
        identifiers: [{ type: 'bail', value: '1234 5678 9012 3456'.replaceAll(' ', '-') }],
      }),
    ]
    const [first, second, third] = await Promise.all(
      spellings.map(async (draft) => typesOf((await referrer.seal(draft)).matching)),
    )
    t.same(told, [])
    for (const type of ['REF_uan', 'PHONE', 'N', 'P', 'T_D', 'MH3_Y']) {
      t.same(second?.get(type), first?.get(type), `${type}: order and particles do not count`)
    }
    t.same(third?.get('REF_uan'), first?.get('REF_uan'), 'one number, whatever it was called')
    const shared = first?.get('TP_D')?.filter((value) => third?.get('TP_D')?.includes(value))
    t.ok(shared && shared.length > 0, 'names that sound alike, with the birth date')
    t.notSame(third?.get('N'), first?.get('N'))
    t.equal(third?.get('PHONE'), undefined)
  })

  t.test('what leaves is blinded anew each time, and holds nothing plain', async (t) => {
    const line = await between(t, built.url, (answer) => answer)
    const { referrer } = lawFirm(built, line.url)
    const sealed = [await referrer.seal(draftOf(person)), await referrer.seal(draftOf(person))]
    t.same(sealed[1]?.matching, sealed[0]?.matching)
    const asked = line.passed.filter(({ path }) => path === evaluations)
    const [one, other] = asked.map(({ body }) => JSON.parse(body))
    t.same(Object.keys(one).sort(), ['elements', 'epoch'])
    t.equal(one.elements.length, sealed[0]?.matching?.values.length)
    t.equal(new Set([...one.elements, ...other.elements]).size, 2 * one.elements.length)
    for (const { value } of sealed[0]?.matching?.values ?? []) {
      t.notOk(line.passed.some(({ path, body }) => path === evaluations && body.includes(value)))
    }
    for (const { body } of line.passed) t.notMatch(body, /hassan|1990|1234/i)
  })

  t.test('one of whom too little is known goes without keys, and that is no fault', async (t) => {
    const line = await between(t, built.url, (answer) => answer)
    const { referrer, told } = lawFirm(built, line.url)
    const envelope = await referrer.seal(draftOf({ familyName: 'Karim' }))
    t.equal(envelope.matching, undefined)
    t.same(told, [])
    t.notOk(
      line.passed.some(({ path }) => path === evaluations),
      'nobody is asked',
    )
  })

  const spoilt = 'A'.repeat(43)
  const faults: readonly {
    name: string
    change: (answer: Answer) => Answer | undefined | Promise<never>
    expect: Partial<Unmatched>
  }[] = [
    {
      name: 'down',
      change: () => undefined,
      expect: { code: 'matching-unavailable', holderWrong: false },
    },
    {
      name: 'slow',
      change: () => new Promise<never>(() => {}),
      expect: { code: 'matching-unavailable', holderWrong: false },
    },
    {
      name: 'behind a proxy that answers for it',
      change: () => ({ status: 504, body: '<html>' }),
      expect: { code: 'matching-unavailable', holderWrong: false },
    },
    {
      name: 'answering what is no answer',
      change: (answer) => ({ ...answer, body: '{"epoch":1}' }),
      expect: { code: 'batch-mismatch', holderWrong: true },
    },
    {
      name: 'answering for another epoch',
      change: (answer) => ({ ...answer, body: answer.body.replace('"epoch":1', '"epoch":2') }),
      expect: { code: 'batch-mismatch', holderWrong: true },
    },
  ]
  for (const { name, change, expect } of faults) {
    t.test(`a holder that is ${name}: sealed without match keys in time, and told`, async (t) => {
      const line = await between(t, built.url, (answer, { path }) =>
        path === evaluations ? change(answer) : answer,
      )
      const { referrer, told } = lawFirm(built, line.url)
      await referrer.keyset()
      const startedAt = Date.now()
      const envelope = await referrer.seal(draftOf(person))
      t.ok(Date.now() - startedAt < 2 * answerMsMax, 'it waits for one answer, not for two')
      t.equal(envelope.matching, undefined)
      const { referralId } = envelope.header
      t.match(told, [{ referralId, epochs: [1], detail: String, ...expect }])
      t.equal((await referrer.submit(envelope)).referralId, referralId)

      const asked = line.passed.length
      await referrer.seal(draftOf(person))
      t.equal(line.passed.length, asked, 'the next does not wait for the same again')
      t.equal(told.length, 2, 'and is told all the same')
    })
  }

  t.test('an answer that the keyset’s key did not make is refused by its name', async (t) => {
    const lies: [string, (answer: Evaluation) => void][] = [
      ['proof-invalid', (answer) => (answer.proof = encodeBase64url(new Uint8Array(64).fill(1)))],
      ['proof-invalid', (answer) => answer.elements.reverse()],
      ['element-invalid', (answer) => (answer.elements[0] = spoilt)],
      ['batch-mismatch', (answer) => answer.elements.pop()],
      ['batch-mismatch', (answer) => (answer.holder = spoilt)],
    ]
    for (const [code, lie] of lies) {
      const line = await altering(t, built, ({ answers }) => lie(answers[0]!))
      const { referrer, told } = lawFirm(built, line.url)
      t.equal((await referrer.seal(draftOf(person))).matching, undefined, code)
      t.match(told, [{ code, holderWrong: true }])
    }
    const line = await altering(t, built, (body) => (body.answers = []))
    const { referrer, told } = lawFirm(built, line.url)
    await referrer.seal(draftOf(person))
    t.match(told, [{ code: 'batch-mismatch', holderWrong: true }])
  })

  t.test('whoever may not ask, or cannot, seals all the same', async (t) => {
    const { world } = built
    const without = lawFirm(built, built.url, { token: () => world.token(world.clients.auditor) })
    t.equal((await without.referrer.seal(draftOf(person))).matching, undefined)
    t.match(without.told, [{ code: 'insufficient-scope', holderWrong: false }])
    const lost = new Error('Al-Hassan has no token')
    const failing = lawFirm(built, built.url, { token: () => Promise.reject(lost) })
    t.equal((await failing.referrer.seal(draftOf(person))).matching, undefined)
    t.match(failing.told, [{ code: 'matching-unavailable', cause: lost }])
    t.notMatch(failing.told[0]?.detail, /Hassan/, 'what others threw is not repeated')
  })

  t.test('where nobody listens the console is warned, and louder of a wrong key', async (t) => {
    const warned = t.capture(console, 'warn', () => {})
    const alarmed = t.capture(console, 'error', () => {})
    const gone = await between(t, built.url, (answer, { path }) =>
      path === evaluations ? { status: 503, body: '{}', headers: { 'retry-after': '60' } } : answer,
    )
    const line = await altering(t, built, ({ answers }) => answers[0]!.elements.reverse())
    for (const { url } of [gone, line]) {
      const { referrer } = lawFirm(built, url, { onUnmatched: undefined })
      await referrer.seal(draftOf(person))
    }
    t.match(warned(), [{ args: [/without match keys.*matched when it is opened/] }])
    t.match(alarmed(), [{ args: [/proof-invalid.*Tell the administrator/] }])
  })

  t.test(
    'a referrer’s lies are replaced by who opens it, and what was left out is supplied',
    async (t) => {
      const honest = await lawFirm(built).referrer.seal(draftOf(person))
      const referral = completeReferral({ identity: person })
      const lie = { epoch: 1, values: [{ type: 'REF_uan', value: 'A'.repeat(22) }] }
      const lying = await refer(built, undefined, { referral, matching: lie })
      const silent = await refer(built, undefined, { referral })
      const reader = readerOf(built, 'casework')
      const waiting = await listed(reader)
      t.ok(
        waiting.indexOf(lying.referralId) < waiting.indexOf(silent.referralId),
        'the oldest first',
      )
      t.ok(waiting.includes(lying.referralId))
      const expected = honest.matching?.values.map(({ type, value }) => `${type} ${value}`).sort()
      for (const { referralId } of [lying, silent]) {
        const opened = await openedBy(reader, referralId)
        const before = referralId === lying.referralId ? 'other' : 'none'
        const epochs = [{ epoch: 1, before }]
        t.same(await reader.checkMatchKeys(opened), { referralId, epochs })
        t.same(await stored(referralId), expected)
        t.same((await reader.unchecked({ referralId })).referralIds, [])
        t.same((await reader.checkMatchKeys(opened)).epochs, [{ epoch: 1, before: 'same' }])
      }
      t.match(await openedBy(reader, lying.referralId), { opened: true }, 'it opens as before')
    },
  )

  t.test(
    'one of whom too little is known is checked too, and then is known to have none',
    async (t) => {
      const { referralId } = await refer(built)
      const reader = readerOf(built, 'casework')
      const { epochs } = await reader.checkMatchKeys(await openedBy(reader, referralId))
      t.same(epochs, [{ epoch: 1, before: 'same' }])
      t.same((await reader.unchecked({ referralId })).referralIds, [])
    },
  )

  t.test('a recipient that does not hold both refuses, naming what it lacks', async (t) => {
    const { referralId } = await refer(built)
    const clinic = readerOf(built, 'clinic')
    const opened = await openedBy(clinic, referralId)
    await t.rejects(clinic.checkMatchKeys(opened), /identity is not yours/)
    const { contact, ...compartments } = (await openedBy(readerOf(built, 'casework'), referralId))
      .compartments
    await t.rejects(clinic.checkMatchKeys({ ...opened, compartments }), /contact is not yours/)
  })

  t.test('a wrong proof is an error to a recipient, and nothing is replaced', async (t) => {
    const referral = completeReferral({ identity: person })
    const { referralId } = await refer(built, undefined, { referral })
    const line = await altering(t, built, ({ answers }) => answers[0]!.elements.reverse())
    const reader = readerOf(built, 'casework', line.url)
    const opened = await openedBy(reader, referralId)
    await t.rejects(reader.checkMatchKeys(opened), { name: 'Refusal', code: 'proof-invalid' })
    t.same(await stored(referralId), [])
    t.same((await reader.unchecked({ referralId })).referralIds, [referralId])
  })

  t.test('a second recipient that holds both comes to the same keys', async (t) => {
    const recipients = built.world.keyset.recipients.map((recipient) => {
      return { ...recipient, compartments: [...compartmentNames] }
    })
    await publish(built, { recipients })
    const { referrer } = lawFirm(built)
    const { referralId } = await referrer.submit(await referrer.seal(draftOf(person)))
    for (const name of ['casework', 'clinic'] as const) {
      const reader = readerOf(built, name)
      const { epochs } = await reader.checkMatchKeys(await openedBy(reader, referralId))
      t.same(epochs, [{ epoch: 1, before: 'same' }], name)
    }
  })
})

t.test('a budget that is spent costs the match keys and not the referral', async (t) => {
  const built = await build(t, { elementsPerDay: 30 })
  const { referrer, told } = lawFirm(built)
  const first = await referrer.seal(draftOf(person))
  t.ok(first.matching)
  const second = await referrer.seal(draftOf(person))
  t.equal(second.matching, undefined)
  t.match(told, [{ code: 'matching-budget-spent', referralId: second.header.referralId }])
  await referrer.submit(second)
  const reader = readerOf(built, 'casework')
  const opened = await openedBy(reader, second.header.referralId)
  await t.rejects(reader.checkMatchKeys(opened), {
    name: 'ServiceProblem',
    problem: { code: 'matching-budget-spent' },
  })
})

t.test('a service without a holder takes referrals without match keys', async (t) => {
  const built = await build(t, { holders: noKeyholders })
  const { referrer, told } = lawFirm(built)
  const envelope = await referrer.seal(draftOf(person))
  t.match(told, [{ code: 'matching-unavailable' }])
  t.ok(await referrer.submit(envelope))
})

t.test('while two epochs are listed there are values for both, and one may fail', async (t) => {
  const folder = await folderOf(t)
  const files = [join(folder, 'first.json'), join(folder, 'second.json')] as const
  const holders = embedKeyholder({
    keys: files.map((file) => ({ file, passphrase: undefined })),
    ...{ totalFile: join(folder, 'total.json'), elementsPerDay: 10_000 },
    log: createLogger('silent'),
  })
  t.teardown(() => holders.close())
  const built = await build(t, { holders })
  const { world } = built
  const key = generateMatchingKey()
  await writeSecret(files[0], sealMatchingKey(world.matchingKeys[0]!, undefined))
  await writeSecret(files[1], sealMatchingKey(key, undefined))
  const [epoch] = world.keyset.matching
  const { types, argon2id } = epoch!
  const publicKey = encodeBase64url(key.publicKey)
  const second = matchingEpochOf(2, [publicKey], { types, argon2id })
  const early = await lawFirm(built).referrer.seal(draftOf(person))
  await publish(built, { matching: [epoch!, second] })

  const { referrer, told } = lawFirm(built)
  const { matching, header } = await referrer.seal(draftOf(person))
  t.same(told, [])
  t.equal(matching?.epoch, 2, 'the newest first')
  t.same(matching?.previous, early.matching)
  const { values } = early.matching!
  t.notOk(matching?.values.some(({ value }) => values.some((older) => older.value === value)))
  t.equal(matching?.values.length, values.length)

  const line = await between(t, built.url, (answer, { path, body }) =>
    path === evaluations && JSON.parse(body).epoch === 1
      ? { status: 503, body: '{}', headers: { 'retry-after': '60' } }
      : answer,
  )
  const half = lawFirm(built, line.url)
  const envelope = await half.referrer.seal(draftOf(person))
  t.same(envelope.matching, { epoch: 2, values: matching?.values })
  t.match(half.told, [{ epochs: [1], code: 'matching-unavailable' }])
  t.same(
    (await half.referrer.seal(draftOf(person))).matching,
    envelope.matching,
    'nor do later ones',
  )

  const both = await between(t, built.url, (answer, { path, body }) => {
    if (path !== evaluations) return answer
    if (JSON.parse(body).epoch === 2) {
      return { status: 503, body: '{}', headers: { 'retry-after': '60' } }
    }
    const lied = JSON.parse(answer.body)
    lied.answers[0].elements.reverse()
    return { ...answer, body: JSON.stringify(lied) }
  })
  const none = lawFirm(built, both.url)
  t.equal((await none.referrer.seal(draftOf(person))).matching, undefined)
  t.match(none.told, [{ epochs: [2, 1], code: 'proof-invalid', holderWrong: true }], 'the worst')
  await half.referrer.submit(envelope)

  const reader = readerOf(built, 'casework')
  const opened = await openedBy(reader, envelope.header.referralId)
  const { epochs } = await reader.checkMatchKeys(opened)
  t.same(epochs, [
    { epoch: 2, before: 'same' },
    { epoch: 1, before: 'none' },
  ])
  t.not(header.referralId, envelope.header.referralId)
})
