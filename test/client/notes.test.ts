/**
 * Goal: what reviewers write to each other is read as it was written, by whom it was written; whatever a
 * server leaves out, moves or puts in is named, and two who write at once both get their say.
 * Method: readers of the SDK against the real service, and between the two a server that lies.
 */
import t from 'tap'
import {
  createReader,
  generateRecipientKey,
  type Note,
  type Opened,
  processMemory,
} from '../../src/client/index.ts'
import { decodeBase64url, encodeBase64url } from '../../src/protocol/bytes.ts'
import { type MessageEnvelope, sealMessage } from '../../src/protocol/messages/message.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { noteOn } from '../helpers/note.ts'
import { matchingOf, relativeOf, stranger } from '../helpers/people.ts'
import { keysetReference } from '../helpers/publish.ts'
import { refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'
import { type Answer, between, type Passed } from './between.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)

const readerAt = (name: 'casework' | 'clinic', at = url, memory = processMemory()) =>
  createReader({
    memory,
    ...{ url: at, trust: world.trust, recipient: world.recipients[name] },
    token: () => world.token(world.clients[name]),
  })
const [casework, clinic] = [readerAt('casework'), readerAt('clinic')]

async function opened(referralId: string): Promise<Opened> {
  const result = await casework.open(await casework.fetch(referralId))
  if (!result.opened) throw new Error(result.step)
  return result
}

/** Two cases between which there is a question, and the referral of the first. */
async function questioned() {
  const person = stranger()
  const one = await refer(built, undefined, { matching: matchingOf(person) })
  const other = await refer(built, undefined, { matching: matchingOf(relativeOf(person)) })
  await untilPaired(sql)
  const names = [one, other].map(({ acknowledgement }) => acknowledgement.reference as string)
  const [caseId, otherId] = names as [string, string]
  const about = await opened(one.referralId)
  const unsure = (reader = casework, text = 'Perhaps.') =>
    reader.decide(caseId, otherId, 'unsure', { about, text } satisfies Note)
  return { one, other, about, caseId, otherId, unsure }
}

type Page = { referralId: string; notes: { at: string; entryId: string; note: MessageEnvelope }[] }

/** A reader that is shown other notes than there are. */
async function lied(lie: (page: Page) => void, name: 'casework' | 'clinic' = 'casework') {
  const { url: at, passed } = await between(t, url, (answer, { path }) => {
    if (!path.includes('/notes')) return answer
    const page = JSON.parse(answer.body)
    lie(page)
    return { ...answer, body: JSON.stringify(page) }
  })
  return { reader: readerAt(name, at), passed }
}

const { one, other, about, unsure } = await questioned()
for (const [reader, text] of [
  [casework, 'The sister says 1990.'],
  [clinic, 'The scar is on the left.'],
  [casework, 'Her lawyer confirms it.'],
] as const) {
  await unsure(reader, text)
}
const honest = await casework.readNotes(about)

t.test('each note says who wrote it, and the chain is whole', async (t) => {
  t.match(honest, {
    notes: [
      { number: 1, writer: { label: 'Casework' }, content: { text: 'The sister says 1990.' } },
      { number: 2, writer: { label: 'Clinic' }, content: { text: 'The scar is on the left.' } },
      { number: 3, writer: { label: 'Casework' }, content: { text: 'Her lawyer confirms it.' } },
    ],
    refused: [],
    faults: [],
  })
  t.equal(honest.notes.length, 3)
  t.equal(honest.notes[1]!.writer.kid, world.recipients.clinic.receiving.kid)
  t.ok(honest.notes.every((note) => note.opened && note.problems.length === 0))
  t.same(await clinic.readNotes(about), honest, 'and reads alike to another')
})

t.test('whatever a server makes of the notes is named', async (t) => {
  const { clinic: theirs, casework: ours } = world.recipients
  const foreign = noteOn(world, other)
  const envelopeHash = decodeBase64url(about.envelopeHash, 32)
  const reply = generateRecipientKey()
  const publicKey = encodeBase64url(reply.publicKey)
  const replyTo = { kid: reply.kid, publicKey, signingKey: about.envelopeHash }
  const answer = sealMessage({
    ...{ kind: 'message', from: 'recipient', messageId: newId(), now: new Date() },
    ...{ last: undefined, content: { text: 'x' }, signer: ours.signing },
    referral: { header: { ...one.envelope.header, replyTo }, envelopeHash },
    keyset: keysetReference(world.keyset),
  })
  const { signing: partner } = world.referring.lawFirm
  const [first, second, third] = [1, 2, 3].map((number) => `note ${number}`)
  const gone = (name?: string) => `There is no ${name}.`
  type Row = [
    string,
    (page: Page) => void,
    { numbers: number[]; steps?: string[]; faults?: string[] },
  ]
  const put = ({ notes }: Page, note: MessageEnvelope) => {
    notes[1] = { ...notes[1]!, note }
  }
  const change = ({ notes }: Page, of: (note: MessageEnvelope) => void) => of(notes[1]!.note)
  const spoilt = { numbers: [1, 3], faults: [gone(second)] }
  const rows: Row[] = [
    ['the first dropped', ({ notes }) => notes.shift(), { numbers: [2, 3], faults: [gone(first)] }],
    ['one in between dropped', ({ notes }) => notes.splice(1, 1), spoilt],
    ['in another order', ({ notes }) => notes.reverse(), { numbers: [1, 2, 3] }],
    ['one shown twice', ({ notes }) => notes.push(notes[0]!), { numbers: [1, 2, 3] }],
    [
      'another writer',
      (page) =>
        change(page, (note) => {
          note.header.signer = ours.signing.kid
          note.signature.kid = ours.signing.kid
        }),
      { ...spoilt, steps: ['signature'] },
    ],
    [
      'another number',
      (page) => change(page, (note) => (note.header.number = 1)),
      { ...spoilt, steps: ['signature'] },
    ],
    [
      'another predecessor',
      (page) => change(page, (note) => (note.header.previous = about.envelopeHash)),
      { ...spoilt, steps: ['signature'] },
    ],
    [
      'another text',
      (page) => change(page, (note) => (note.compartments = foreign.compartments)),
      { ...spoilt, steps: ['signature'] },
    ],
    [
      'the wrap of another reader gone',
      (page) =>
        change(page, (note) => {
          note.wraps = note.wraps.filter(({ kid }) => kid !== theirs.receiving.kid)
        }),
      { ...spoilt, steps: ['parts'] },
    ],
    [
      'no longer called a note',
      (page) => change(page, (note) => (note.header.kind = 'withdrawal')),
      { ...spoilt, steps: ['protocol'] },
    ],
    ['an answer to the referrer', (page) => put(page, answer), { ...spoilt, steps: ['protocol'] }],
    ['a note about another', (page) => put(page, foreign), { ...spoilt, steps: ['id'] }],
    [
      'a note by a referrer',
      (page) => put(page, noteOn(world, one, undefined, { signer: partner })),
      { ...spoilt, steps: ['signer'] },
    ],
    [
      'a note under another keyset',
      (page) => change(page, (note) => (note.header.keyset.sha256 = about.envelopeHash)),
      { ...spoilt, steps: ['keyset'] },
    ],
    [
      'a second of one number',
      ({ notes }) => notes.push({ ...notes[0]!, note: noteOn(world, one) }),
      { numbers: [1, 1, 2, 3], faults: ['There are two of note 1.'] },
    ],
    [
      'one in the place of another',
      ({ notes }) => {
        notes[0] = { ...notes[0]!, note: noteOn(world, one) }
      },
      { numbers: [1, 2, 3], faults: [`${second} follows something else.`] },
    ],
    [
      'a time that is none',
      ({ notes }) => {
        notes[2]!.at = '2026-02-30T09:30:00Z'
      },
      { numbers: [1, 2], steps: ['shape'] },
    ],
    ['nothing like a note', (page) => put(page, {} as never), { ...spoilt, steps: ['shape'] }],
    [
      'a header that is none',
      (page) => put(page, { header: { keyset: [], number: third } } as never),
      { ...spoilt, steps: ['shape'] },
    ],
  ]
  for (const [name, lie, { numbers, steps = [], faults = [] }] of rows) {
    const chain = await (await lied(lie)).reader.readNotes(about)
    t.same(
      {
        numbers: chain.notes.map(({ number }) => number),
        steps: chain.refused.map(({ step }) => step),
        faults: chain.faults,
      },
      { numbers, steps, faults },
      name,
    )
    for (const note of chain.notes) {
      const [same] = honest.notes.filter(
        ({ at, number }) => at === note.at && number === note.number,
      )
      if (faults.some((fault) => fault.includes('two of') || fault.includes('something'))) continue
      t.same(note, same, `${name}: note ${note.number} is what it was`)
    }
  }
})

/** Pages of `bytes` that lead on. */
function endless(bytes: number) {
  let next = 0
  return (page: Page & { next?: number; padding?: string }) => {
    next += 1
    Object.assign(page, { next, padding: 'x'.repeat(bytes) })
  }
}

t.test('a server that never ends, or shows the notes about another, is not believed', async (t) => {
  const rows: [string, (page: Page & { next?: number }) => void, RegExp][] = [
    ['back to where it began', (page) => Object.assign(page, { next: 0 }), /next/],
    ['more than a page', ({ notes }) => notes.push(...Array(13).fill(notes[0])), /notes/],
    ['on and on', (page) => Object.assign(page, { next: 1 }), /have no end/],
    ['of another', (page) => Object.assign(page, { referralId: newId() }), /another's/],
    ['too long', endless(7 * 1024 * 1024), /over 30 MiB.*: judge without a note, and write down/],
  ]
  for (const [name, lie, message] of rows) {
    const { reader } = await lied(lie)
    await t.rejects(reader.readNotes(about), { name: 'BadAnswer', message }, name)
  }
})

t.test('all who write at the same moment are heard, each behind another', async (t) => {
  const { about, unsure } = await questioned()
  const readers = [casework, clinic, casework, clinic]
  await Promise.all(readers.map((reader, index) => unsure(reader, `Word ${index}.`)))
  const { notes, refused, faults } = await casework.readNotes(about)
  t.same(
    notes.map(({ number }) => number),
    [1, 2, 3, 4],
  )
  t.same([refused, faults], [[], []])
  const said = notes.map((note) => note.opened && (note.content as { text: string }).text)
  t.same(said.sort(), ['Word 0.', 'Word 1.', 'Word 2.', 'Word 3.'])
})

t.test('a judgement whose answer was lost is sent again, and its note is one', async (t) => {
  const { about, caseId, otherId } = await questioned()
  let lost = 0
  const { url: at } = await between(t, url, (answer: Answer, { path }: Passed) => {
    if (!path.endsWith('/decision') || lost > 0) return answer
    lost += 1
    return undefined
  })
  await readerAt('casework', at).decide(caseId, otherId, 'unsure', { about, text: 'Once.' })
  t.equal(lost, 1)
  const { notes, faults } = await casework.readNotes(about)
  t.same(
    notes.map(({ number }) => number),
    [1],
  )
  t.same(faults, [])
})

t.test('what was read or written before is missed where it is held back', async (t) => {
  const { about, caseId, otherId, unsure } = await questioned()
  const { referralId } = about
  await unsure(casework, 'One.')
  await unsure(clinic, 'Two.')
  const memory = processMemory()
  let lie = (_: Page) => {}
  const { url: at } = await between(t, url, (answer, { path }) => {
    if (!path.includes('/notes')) return answer
    const page = JSON.parse(answer.body)
    lie(page)
    return { ...answer, body: JSON.stringify(page) }
  })
  const start = () => readerAt('casework', at, memory)
  const faultsOf = async (of: typeof lie, reader = start()) => {
    lie = of
    return (await reader.readNotes(about)).faults
  }
  const was = (number: number, last: number) =>
    `The newest was ${number}, and now is ${last}: note ${number} was read or written here before.`
  const none = ({ notes }: Page) => notes.splice(0)
  t.equal(await start().notesSeen(referralId), 0)
  t.same(await faultsOf(none), [], 'never seen, never missed')
  t.same(await faultsOf(() => {}), [])
  t.equal(await start().notesSeen(referralId), 2)
  t.same(await faultsOf(({ notes }) => notes.pop()), [was(2, 1)], 'after a restart too')
  t.same(await faultsOf(none), [was(2, 0)], 'and it stays so')
  lie = () => {}
  await start().decide(caseId, otherId, 'unsure', { about, text: 'Three.' })
  t.same(await faultsOf(({ notes }) => notes.pop()), [was(3, 2)], 'its own is missed as well')
  t.same(await faultsOf(() => {}), [])
  const [theirs] = (await clinic.readNotes(about)).notes
  const exchanged = encodeBase64url(decodeBase64url(theirs!.envelopeHash, 32).fill(7))
  await memory.save(
    ...[`notes ${world.trust.origin} ${referralId}`, `{"number":3,"envelopeHash":"${exchanged}"}`],
  )
  const other = 'note 3 is not the one that was read or written here before.'
  t.same(await faultsOf(() => {}), [other])
  t.same(await faultsOf(() => {}), [other], 'the first that was seen is the one that is kept')
})

t.test('a judgement that stands is said to, where its note cannot be remembered', async (t) => {
  const { about, caseId, otherId } = await questioned()
  // What it has seen of the keyset it may keep: only the notes find no room.
  const kept = processMemory()
  const save = (name: string, value: string) =>
    name.startsWith('notes ') ? Promise.reject(new Error('no room')) : kept.save(name, value)
  const reader = readerAt('casework', url, { load: kept.load, save })
  await t.rejects(reader.decide(caseId, otherId, 'unsure', { about, text: 'One.' }), {
    message: /^The judgement and its note 1 are stored\. .* do not judge again$/,
    cause: { message: 'no room' },
  })
  t.equal((await clinic.readNotes(about)).notes.length, 1, 'once')
})

t.test('whoever is not shown the newest note learns it on writing', async (t) => {
  const { about, caseId, otherId, unsure } = await questioned()
  await unsure()
  const { reader, passed } = await lied(({ notes }) => notes.pop())
  t.same(await reader.readNotes(about), { notes: [], refused: [], faults: [] }, 'not before')
  passed.length = 0
  await t.rejects(reader.decide(caseId, otherId, 'unsure', { about, text: 'x' }), {
    name: 'ServiceProblem',
    problem: { code: 'note-not-next', detail: /is number 2$/ },
  })
  t.equal(passed.filter(({ path }) => path.endsWith('/decision')).length, 5, 'and tries no more')
  const { reader: confused } = await lied((page) => page.notes.push({ note: {} } as never))
  await t.rejects(confused.decide(caseId, otherId, 'unsure', { about, text: 'x' }), {
    name: 'BadAnswer',
  })
  t.equal((await casework.readNotes(about)).notes.length, 1)
})

t.test('several completions each take a note, sealed anew where somebody was faster', async (t) => {
  const referred = [await refer(built), await refer(built), await refer(built)]
  const ids = referred.map(({ referralId }) => referralId)
  const claims = await casework.claim({ max: 50, leaseSeconds: 600 })
  const mine = ids.map((id) => claims.find(({ referrals }) => referrals[0]!.referralId === id)!)
  const [first, second, third] = await Promise.all(ids.map(opened))
  let isFirst = true
  const { url: at, passed } = await between(t, url, async (answer, { path }) => {
    if (isFirst && path.includes(`/${ids[0]}/notes`)) {
      isFirst = false
      const item = { itemId: mine[0]!.claimId }
      await clinic.setUrgency(item, { urgency: 'soon' }, { about: first!, text: 'Faster.' })
    }
    return answer
  })
  const reader = readerAt('casework', at)
  const ended = await reader.completeSeveral([
    { ...mine[0]!, outcome: 'accepted', referrals: [ids[0]!], note: { about: first!, text: 'A.' } },
    {
      ...mine[1]!,
      outcome: 'accepted',
      referrals: [ids[1]!],
      note: { about: second!, text: 'B.' },
    },
    {
      ...mine[2]!,
      fence: 99,
      outcome: 'accepted',
      referrals: [ids[2]!],
      note: { about: third!, text: 'C.' },
    },
    { ...mine[2]!, outcome: 'accepted', referrals: [ids[2]!], note: { about: third!, text: 'D.' } },
  ])
  t.same(
    ended.map(({ problem }) => problem?.code),
    [undefined, undefined, 'lease-lost', undefined],
  )
  const notesOf = async (about: Opened) => {
    const { notes, faults } = await clinic.readNotes(about)
    t.same(faults, [])
    return notes.map((note) => note.opened && (note.content as { text: string }).text)
  }
  t.same(await notesOf(first!), ['Faster.', 'A.'])
  t.same(await notesOf(second!), ['B.'])
  t.same(await notesOf(third!), ['D.'], 'what is refused keeps no note')
  const sent = passed.filter(({ path }) => path.endsWith('/completions'))
  t.same(
    sent.map(({ body }) => JSON.parse(body).completions.length),
    [4, 2],
    'only what was not taken is sent again',
  )
  t.equal(await reader.notesSeen(ids[0]!), 2, 'it remembers what it wrote')
})
