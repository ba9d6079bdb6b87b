/**
 * Goal: the notes about a referral are one chain without a gap, whoever writes at the same moment and
 * whatever becomes of its case; nothing is kept that is not the next, or not sealed to who must read it.
 * Method: over HTTP, with notes sealed as a client seals them and as none should.
 */
import t from 'tap'
import { grantable } from '../../src/caller.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import { signParts } from '../../src/protocol/envelope/seal.ts'
import type { MessageEnvelope } from '../../src/protocol/messages/message.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { noteOn } from '../helpers/note.ts'
import { matchingOf, relativeOf } from '../helpers/people.ts'
import { keysetReference, onHost, publishKeyset } from '../helpers/publish.ts'
import { caseOf, questioned as question } from '../helpers/question.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, holdTable, untilPaired } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const casework = await callerOf(world, url, world.clients.casework)
const clinic = await callerOf(world, url, world.clients.clinic)
const auditor = await callerOf(world, url, world.clients.auditor)
t.afterEach(() => requireBalanced(sql))

type Referred = Awaited<ReturnType<typeof refer>>

/** Two that a person is asked about, and the way to decide. */
async function questioned() {
  const found = await question(built, sql)
  const [id, otherId] = found.ids
  const path = `/v1/cases/${id}/possible-matches/${otherId}/decision`
  const decide = (note: MessageEnvelope, decision = 'unsure', by = casework) =>
    by('POST', path, { decision, note })
  return { ...found, id, otherId, decide }
}

/** A note in which something was exchanged, signed again by its own writer. */
function resigned(note: MessageEnvelope, changes: Partial<MessageEnvelope>): MessageEnvelope {
  const changed = { ...note, ...changes }
  const bound = headerHash(canonicalBytes(changed.header))
  const { signing } = world.recipients.casework
  return { ...changed, signature: signParts(bound, changed, signing) }
}

/** Another client with the keys of casework. */
function secondClient(): Promise<string> {
  const { casework: keys } = world.recipients
  return onHost(built, async (host) => {
    const [row] = await sql`select organisation_id from client where id = ${world.clients.casework}`
    return host.addClient({
      ...{ organisationId: row?.organisation_id, label: 'Second casework app', kind: 'internal' },
      ...{ scopes: [...grantable.internal], kids: [keys.receiving.kid] },
    })
  })
}

const about = async ({ referralId }: { referralId: string }, after = 0) =>
  (await casework('GET', `/v1/referrals/${referralId}/notes?after=${after}`)).body
const numbersOf = ({ notes }: { notes: { note: MessageEnvelope }[] }) =>
  notes.map(({ note }) => note.header.number)
const read = async (id: string) => (await casework('GET', `/v1/cases/${id}`)).body

t.test('a note is kept with its judgement, and given back as it was', async (t) => {
  const { one, other, id, decide } = await questioned()
  const note = noteOn(world, one)
  t.equal((await decide(note)).status, 200)
  const { referralId } = one
  const { judgements, referrals } = await read(id)
  t.same(judgements[0].note, { referralId, number: 1 })
  t.match(referrals, [{ referralId, notes: 1 }])
  const { body } = await casework('GET', `/v1/referrals/${one.acknowledgement.reference}/notes`)
  t.equal(body.referralId, referralId)
  t.equal(body.next, undefined)
  t.strictSame(body.notes[0].note, note)
  t.same(await about(other), { referralId: other.referralId, notes: [] })
  const { entries } = (await auditor('GET', `/v1/audit/entries?object=${referralId}`)).body
  const [reading, writing] = entries
  t.match(reading, { action: 'case.read', opening: { details: { case: id, notes: 1 } } })
  t.match(writing, {
    ...{ action: 'note.written', outcome: 'permitted', intact: true, id: body.notes[0].entryId },
    recipient: world.recipients.casework.receiving.kid,
    opening: { actor: { client: world.clients.casework }, details: { number: 1 } },
  })
})

t.test('only the next number is taken, and who is refused learns which that is', async (t) => {
  const { one, id, decide } = await questioned()
  const refused = async (note: MessageEnvelope, detail: RegExp) => {
    const answer = await decide(note, 'different')
    t.match(answer, { status: 409, body: { code: 'note-not-next', stored: false, detail } })
    t.equal(answer.body.retry, 'after-refresh')
  }
  const first = noteOn(world, one)
  await refused(noteOn(world, one, first), /is number 1$/)
  t.equal((await decide(first)).status, 200)
  const second = noteOn(world, one, first)
  await refused(noteOn(world, one), /is number 2$/)
  await refused(noteOn(world, one, second), /is number 2$/)
  await refused(
    noteOn(world, one, noteOn(world, one)),
    /note 2 .* follows note 1, and names another hash/,
  )
  t.equal((await decide(second, 'unsure')).status, 200)
  t.same(numbersOf(await about(one)), [1, 2])
  const { judgements } = await read(id)
  t.notOk(judgements.some(({ verdict }: { verdict: string }) => verdict === 'different'))
  const elsewhere = await questioned()
  const unbound = { last: { number: 0, envelopeHash: new Uint8Array(32) } }
  t.match(await elsewhere.decide(noteOn(world, elsewhere.one, undefined, unbound)), {
    ...{ status: 409, body: { detail: /follows the referral, and names another hash/ } },
  })
})

t.test('of those who write at the same moment exactly one is first', async (t) => {
  const { one, id, decide } = await questioned()
  const { signing: signer } = world.recipients.clinic
  const held = await holdTable(sql, 'note')
  const sent = Array.from({ length: 6 }, (_, index) =>
    index % 2 === 0
      ? decide(noteOn(world, one))
      : decide(noteOn(world, one, undefined, { signer }), 'unsure', clinic),
  )
  // Whoever looked which number is next waits to write it, and the others behind that one.
  await held.blocked(sent.length)
  await held.letGo()
  const answers = await Promise.all(sent)
  t.same(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409, 409])
  t.same([...new Set(answers.map(({ body }) => body.code))].sort(), ['note-not-next', undefined])
  t.same(numbersOf(await about(one)), [1])
  const { judgements } = await read(id)
  const judged = judgements.filter(({ basis }: { basis: string }) => basis === 'person')
  t.equal(judged.length, 1, 'and nothing else was judged')
})

t.test('the same note sent again is one', async (t) => {
  const { one, id, decide } = await questioned()
  const note = noteOn(world, one)
  const answers = await Promise.all([decide(note), decide(note), decide(note)])
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 200],
  )
  t.equal((await decide(noteOn(world, one, note))).status, 200)
  t.equal((await decide(note)).status, 200, 'also when others have written since')
  t.same(numbersOf(await about(one)), [1, 2])
  const { judgements } = await read(id)
  t.same(
    judgements.map(({ note }: { note?: { number: number } }) => note?.number),
    [1, 2, 1, 1, 1, undefined],
  )
})

t.test('a chain goes with its referral, whole, through a merge and a split', async (t) => {
  const { one, other, id, otherId, decide } = await questioned()
  const onOne = noteOn(world, one)
  t.equal((await decide(onOne)).status, 200)
  const onOther = noteOn(world, other)
  t.equal((await decide(onOther)).status, 200)
  const secondOnOne = noteOn(world, one, onOne)
  const merged = await casework('POST', `/v1/cases/${id}/merge`, { otherId, note: secondOnOne })
  t.equal(merged.status, 200)
  const whole = await read(merged.body.caseId)
  t.match(whole.referrals, [{ notes: 2 }, { notes: 1 }])
  const secondOnOther = noteOn(world, other, onOther)
  const split = await casework('POST', `/v1/cases/${merged.body.caseId}/split`, {
    ...{ referrals: [other.referralId], decision: 'different', note: secondOnOther },
  })
  t.equal(split.status, 200)
  t.not(await caseOf(sql, one), await caseOf(sql, other))
  t.match((await read(await caseOf(sql, one))).referrals, [
    { referralId: one.referralId, notes: 2 },
  ])
  t.match((await read(await caseOf(sql, other))).referrals, [
    { referralId: other.referralId, notes: 2 },
  ])
  const notesIn = async (referred: Referred) =>
    (await about(referred)).notes.map(({ note }: { note: MessageEnvelope }) => note)
  t.strictSame(await notesIn(one), [onOne, secondOnOne])
  t.strictSame(await notesIn(other), [onOther, secondOnOther])
  const again = await casework('POST', `/v1/cases/${await caseOf(sql, other)}/merge`, {
    ...{ otherId: await caseOf(sql, one), note: noteOn(world, other, secondOnOther) },
  })
  t.equal(again.status, 200, 'and goes on where it was')
})

t.test('a stored note that has changed holds nobody up', async (t) => {
  const { one, decide } = await questioned()
  t.equal((await decide(noteOn(world, one))).status, 200)
  await sql`
    update note set envelope = convert_to(
      replace(convert_from(envelope, 'UTF8'), '"value":"', '"value":"A'), 'UTF8')
    where referral_id = ${one.referralId}`
  const [{ note }] = (await about(one)).notes
  t.equal((await decide(noteOn(world, one, note))).status, 200)
  t.same(numbersOf(await about(one)), [1, 2])
})

t.test('a note that is not sealed to those who must read it is refused', async (t) => {
  const { one, decide } = await questioned()
  const good = noteOn(world, one)
  const [kept, ...dropped] = good.wraps
  const { recipients } = world.keyset
  const fewer = (keep: (it: (typeof recipients)[number]) => boolean) => ({
    ...{ ...keysetReference(world.keyset) },
    keyset: { ...world.keyset, recipients: recipients.filter(keep) },
  })
  const stray = { ...recipients[0]!, kid: encodeBase64url(new Uint8Array(16)) }
  const reordered = { ...good.header, sealedTo: good.header.sealedTo.toReversed() }
  const later = { ...keysetReference(world.keyset), sha256: encodeBase64url(new Uint8Array(32)) }
  const rows: [string, MessageEnvelope, string][] = [
    ['without a wrap that it names', resigned(good, { wraps: dropped }), 'wraps-mismatch'],
    ['with a wrap twice', resigned(good, { wraps: [kept!, ...good.wraps] }), 'wraps-mismatch'],
    ['in another order', resigned(good, { header: reordered }), 'wraps-mismatch'],
    [
      'not to casework',
      noteOn(world, one, undefined, { keyset: fewer(({ label }) => label !== 'Casework') }),
      'missing-recipient',
    ],
    [
      'to a stranger besides',
      noteOn(world, one, undefined, {
        keyset: {
          ...keysetReference(world.keyset),
          keyset: { ...world.keyset, recipients: [...recipients, stray] },
        },
      }),
      'unknown-recipient-key',
    ],
    [
      'under a keyset of its own',
      noteOn(world, one, undefined, { keyset: later }),
      'unknown-keyset',
    ],
  ]
  for (const [name, note, code] of rows) {
    t.match(await decide(note), { status: 422, body: { code, stored: false } }, name)
  }
  t.same((await about(one)).notes, [])
  t.equal((await decide(good)).status, 200)
})

t.test('notes are listed in pages, of which the first comes first', async (t) => {
  const { one, decide } = await questioned()
  let last: MessageEnvelope | undefined
  for (let number = 1; number <= 17; number += 1) {
    last = noteOn(world, one, last)
    t.equal((await decide(last)).status, 200)
  }
  const first = await about(one)
  t.same(
    numbersOf(first),
    [...Array(15).keys()].map((index) => index + 1),
  )
  t.equal(first.next, 15)
  const second = await about(one, first.next)
  t.same(numbersOf(second), [16, 17])
  t.equal(second.next, undefined)
  t.same(numbersOf(await about(one, 17)), [])
  const caseId = await caseOf(sql, one)
  const { body } = await auditor('GET', `/v1/audit/entries?object=${one.referralId}`)
  t.match(body.entries.slice(0, 4), [
    ...[0, 2, 15].map((notes) => ({
      ...{ action: 'case.read', object: { kind: 'referral', id: one.referralId } },
      opening: { details: { case: caseId, notes } },
    })),
    { action: 'note.written' },
  ])
})

t.test('of no referral there are no notes to read', async (t) => {
  for (const name of [newId(), '00000000']) {
    t.match(await casework('GET', `/v1/referrals/${name}/notes`), {
      ...{ status: 404, body: { code: 'not-found' } },
    })
  }
})

t.test('a note that is kept is good for no other judgement, and for no other client', async (t) => {
  const { person, one, id, otherId, decide } = await questioned()
  const third = await refer(built, undefined, { matching: matchingOf(relativeOf(person)) })
  await untilPaired(sql)
  const elsewhere = `/v1/cases/${id}/possible-matches/${await caseOf(sql, third)}/decision`
  const note = noteOn(world, one)
  t.equal((await decide(note, 'different')).status, 200)
  const colleague = await callerOf(world, url, await secondClient())
  const merge = { otherId, note }
  const rows: [string, () => ReturnType<typeof casework>][] = [
    ['another decision', () => decide(note, 'same')],
    ['another act', () => casework('POST', `/v1/cases/${id}/merge`, merge)],
    ['another pair', () => casework('POST', elsewhere, { decision: 'different', note })],
    ['another client', () => decide(note, 'different', colleague)],
  ]
  for (const [name, act] of rows) {
    t.match(
      await act(),
      { status: 409, body: { code: 'note-not-next', detail: /is kept already, beside another/ } },
      name,
    )
  }
  t.equal((await decide(note, 'different')).status, 200, 'the same again is taken')
  t.not(await caseOf(sql, one), otherId)
  t.equal((await read(id)).judgements[0].verdict, 'different')
})

t.test(
  'the merge that a note stands beside is done once, and sent again is the same',
  async (t) => {
    const { one, decide } = await questioned()
    const note = noteOn(world, one)
    const [first, again] = [await decide(note, 'same'), await decide(note, 'same')]
    t.same([first.status, again.status], [200, 200])
    t.equal(again.body.caseId, first.body.caseId)
    t.same(numbersOf(await about(one)), [1])
  },
)

t.test('a note under a keyset that nobody may use any more is refused', async (t) => {
  const { one, decide } = await questioned()
  await publishKeyset(built, world.keyset)
  await publishKeyset(built, world.keyset)
  const refused = await decide(noteOn(world, one))
  t.match(refused, { body: { code: 'keyset-superseded', retry: 'after-refresh' } })
})
