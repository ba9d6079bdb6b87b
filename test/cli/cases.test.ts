/**
 * Goal: a reviewer finds, judges and splits cases from the command line, and what is written beside a
 * judgement is read by recipients and by nobody else.
 * Method: three referrals, two about one person and one that may be about the same, through the real
 * service; each word of the reviewer is held against what the next command shows.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { createReader, type Draft } from '../../src/client/index.ts'
import type { MessageEnvelope } from '../../src/protocol/messages/message.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { between } from '../client/between.ts'
import { build } from '../helpers/build.ts'
import { publishKeyset } from '../helpers/publish.ts'
import { refer } from '../helpers/referral.ts'
import { forgedIn, planted } from './forged.ts'
import { intake, partyOf, tooWide, unbroken } from './run.ts'

const identity = {
  familyName: 'Okonkwo',
  givenNames: 'Zuleika',
  dateOfBirth: { date: '1990-03-14' },
}
/** Two names, day and month agree; the year does not, so that a person is asked. */
const perhaps = { ...identity, dateOfBirth: { date: '1991-03-14' } }

async function until<Value>(look: () => Promise<Value>): Promise<Value> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const found = await look()
    if (found) return found
    await setTimeout(50)
  }
  throw new Error('it did not come within a minute')
}

t.test('against the service', async (t) => {
  const built = await build(t)
  const { url, world } = built
  const clientId = world.clients.casework
  const keys = world.recipients.casework
  const { environment, folder } = await partyOf(t, { url, world, clientId, keys })
  const run = (...args: string[]) => intake(args, environment)
  const reader = createReader({
    ...{ url, trust: world.trust, recipient: keys },
    token: () => world.token(clientId),
  })
  const sent = async (person: NonNullable<Draft['referral']['identity']>) => {
    const referral = completeReferral({ identity: person })
    const { referralId, acknowledgement } = await refer(built, undefined, { referral })
    const opened = await reader.open(await reader.fetch(referralId))
    if (!opened.opened) throw new Error(opened.step)
    await reader.checkMatchKeys(opened)
    return { referralId, opened, reference: acknowledgement.reference as string }
  }
  const caseOf = async ({ reference }: { reference: string }) => {
    return (await reader.search({ reference })).cases[0]!.caseId
  }
  const first = await sent(identity)
  const second = await sent(identity)
  const third = await sent(perhaps)
  const known = await caseOf(first)
  const other = await caseOf(third)
  await until(async () => {
    const { possibleMatches } = await reader.possibleMatches(known)
    return (await reader.case(known)).referrals.length === 2 && possibleMatches[0]
  })

  t.test('a case is found by its reference, or by what is known of the person', async (t) => {
    const byReference = await run('find', '--reference', first.reference)
    t.equal(byReference.code, 0, byReference.err)
    for (const { referralId } of [first, second]) t.match(byReference.out, `referral ${referralId}`)
    const file = join(folder, 'caller.json')
    await writeFile(file, JSON.stringify({ referral: { identity } }))
    const byPerson = await run('find', file, '--json')
    const { cases } = JSON.parse(byPerson.out)
    t.same([cases[0].caseId, cases[1].caseId], [known, other], 'the likeliest first')
    t.ok(cases[0].probability > cases[1].probability)
    t.match(await run('find', '--reference', '00000000'), { code: 0, out: /No case was found/ })
    await writeFile(file, JSON.stringify({ referral: { identity: { familyName: 'Karim' } } }))
    t.match(await run('find', file), { code: 1, err: /too little is known/ })
    t.match(await run('find'), { code: 2 })
  })

  t.test('a question is listed with what agrees, and how likely it is', async (t) => {
    const waiting = await run('reviews')
    t.match(waiting.out, 'possible')
    t.ok([known, other].every((id) => waiting.out.includes(id)))
    const possible = await run('possible', known)
    t.equal(possible.code, 0, possible.err)
    t.match(
      possible.out,
      new RegExp(`^possible {2}case ${other}, at odds of \\d+ in 100: \\S+`, 'm'),
    )
    t.match(possible.out, `referral ${third.referralId}`)
    const whole = await run('case', known)
    for (const { out } of [waiting, possible, whole]) t.same(tooWide(out), [])
    t.match(possible.out, /^ +\+\d+\.\d bits {2}\S/m)
    t.equal(possible.out.match(/to compare/g)?.length, 1, 'what could not be compared is one line')
    t.match(unbroken(possible).out, /bits {2}nothing to compare: .*telephone numbers/)
    t.notMatch(possible.out, /okonkwo|1990/i)
    const sides = await run('possible', known, '--compare')
    t.equal(sides.code, 0, sides.err)
    t.match(sides.out, /^≠ Date of birth +199\d-03-14 +199\d-03-14$/m)
    t.match(sides.out, /^= Family name +Okonkwo +Okonkwo$/m)
    t.match(sides.out, /^The rest: \d+ agrees?, \d+ contradicts?, \d+ on one side only\.$/m)
    const all = await run('case', known, '--compare')
    t.match(all.out, /^= Family name +Okonkwo +Okonkwo$/m)
    for (const { out } of [sides, all]) t.same(tooWide(out), [])
  })

  t.test('each judgement holds until another, with what was noted', async (t) => {
    const note = join(folder, 'note.txt')
    await writeFile(note, 'The Okonkwo sister says 1990.\n')
    const unsure = await run('judge', known, other, '--decision', 'unsure', '--note', note)
    t.match(unsure, { code: 0, out: /: two$/m }, unsure.err)
    const about = new RegExp(`^The note is about referral ${first.referralId}, .*Okonkwo\\.$`, 'm')
    t.match(unsure.err, about)
    const shown = await run('case', known, '--notes')
    t.match(shown.out, /unsure by person/)
    t.match(shown, { code: 0 }, shown.err)
    t.match(shown.out, new RegExp(`^    with note 1 about ${first.referralId}$`, 'm'))
    t.match(shown.out, new RegExp(`^  Notes about ${first.referralId}$`, 'm'))
    const line = /^ {4}Note 1, \S+Z, by Casework\n {4}\| The Okonkwo sister says 1990\.$/m
    t.match(shown.out, line)
    t.notMatch((await run('case', known)).out, /sister/, 'and only to who asks for notes')

    await writeFile(note, 'Her lawyer confirms it.')
    const same = await run('judge', known, other, '--decision', 'same', '--note', note)
    t.match(same, { code: 0, out: `Case ${known}: one` }, same.err)
    t.equal((await reader.case(known)).referrals.length, 3)
    const { notes, faults } = await reader.readNotes(first.opened)
    t.match(notes, [{ number: 1 }, { number: 2, content: { text: 'Her lawyer confirms it.' } }])
    t.same(faults, [], 'the second follows the first')

    const leaves = ['--referral', third.referralId]
    const parted = await run('split', known, ...leaves, '--decision', 'different')
    t.match(parted, { code: 0 }, parted.err)
    const named = parted.out.match(/^Case |^ {2}referral /gm)
    t.same(named?.sort(), ['  referral ', '  referral ', '  referral ', 'Case ', 'Case '])
    t.match(await run('possible', known), { out: /No other case/ }, 'it is never asked again')
    const again = await run('split', known, ...leaves, '--decision', 'different')
    t.match(again, { code: 1, err: /case-changed/ })
    const merged = await run('merge', known, await caseOf(third))
    t.match(merged, { code: 0, out: /: one$/m }, merged.err)
  })

  /** Runs `intake case --notes` against a service that lies about the notes. */
  async function lied(lie: (notes: { note: MessageEnvelope }[]) => void, ...flags: string[]) {
    const line = await between(t, url, (answer, { path }) => {
      if (!path.includes('/notes')) return answer
      const page = JSON.parse(answer.body)
      lie(page.notes)
      return { ...answer, body: JSON.stringify(page) }
    })
    const at = { ...environment, INTAKE_URL: line.url }
    return intake(['case', known, '--notes', ...flags], at)
  }

  t.test('a note that is missing, changed or put in is said, in words', async (t) => {
    const dropped = await lied((notes) => notes.shift())
    t.equal(dropped.code, 1)
    t.match(dropped.out, /^ {4}Not as it was written: There is no note 1\.$/m)
    t.match(
      dropped.out,
      /^ {4}Not as it was written: A judgement names note 1, which is not there\.$/m,
    )
    t.match(dropped.out, /^ {4}Note 2, \S+Z, by Casework\n {4}\| Her lawyer confirms it\.$/m)
    const changed = await lied(([one]) => {
      one!.note.signature.value = one!.note.signature.value.replace(/^./, (it) =>
        it === 'A' ? 'B' : 'A',
      )
    })
    t.equal(changed.code, 1)
    const refused =
      /^ {4}What is shown as a note of \S+Z is not one: it fails at the step signature: \S.*$/m
    t.match(unbroken(changed).out, refused)
    t.notMatch(changed.out, /sister/)
    const none = await lied((notes) => notes.splice(0))
    t.match(none, { code: 1, out: /A judgement names note 1, which is not there/ })
    const json = await lied((notes) => notes.shift(), '--json')
    t.equal(json.code, 1)
    t.match(JSON.parse(json.out).notes, [
      { referralId: first.referralId, notes: [{ number: 2 }], refused: [] },
    ])
  })

  t.test(
    'notes that were shown before are missed where the service says there are none',
    async (t) => {
      const line = await between(t, url, (answer, { path }) => {
        const body = JSON.parse(answer.body)
        if (path.includes('/notes')) body.notes = []
        else if (!path.startsWith('/v1/cases/')) return answer
        for (const referral of body.referrals ?? []) referral.notes = 0
        for (const judgement of body.judgements ?? []) delete judgement.note
        return { ...answer, body: JSON.stringify(body) }
      })
      const shown = await intake(['case', known, '--notes'], {
        ...environment,
        INTAKE_URL: line.url,
      })
      t.equal(shown.code, 1, shown.err)
      const cut = 'The newest was 2, and now is 0: note 2 was read or written here before.'
      t.match(unbroken(shown).out, `    Not as it was written: ${cut}`)
    },
  )

  t.test('what a reviewer writes stands behind its mark, whatever it is', async (t) => {
    const note = join(folder, 'note.txt')
    const hostile = `${planted}\n  Notes about nobody\n    Note 9, today, by Casework`
    await writeFile(note, hostile)
    const merged = await run('merge', known, first.reference, '--note', note)
    t.match(merged, { code: 0 }, merged.err)
    const { notes } = await reader.readNotes(first.opened)
    const written = notes.at(-1)
    t.same(written?.opened && written.content, { text: hostile.normalize('NFC') })
    const shown = await run('case', known, '--notes')
    t.equal(shown.code, 0, shown.err)
    t.same(forgedIn(shown), [])
    t.match(shown.out, /^ {4}\| *Note 9, today, by Casework$/m)
    t.notMatch(shown.out, /^ *Note 9/m)
    const json = await run('case', known, '--notes', '--json')
    t.same(forgedIn(json), [])
    const [{ notes: read }] = JSON.parse(json.out).notes
    t.equal(read.at(-1).content.text, hostile.normalize('NFC'), 'and --json keeps it as it is')
  })

  t.test('a note that is not sealed to you is said to be, and counts', async (t) => {
    await publishKeyset(built, {
      ...world.keyset,
      recipients: world.keyset.recipients.map((recipient) =>
        recipient.label === 'Clinic' ? { ...recipient, required: false } : recipient,
      ),
    })
    const note = join(folder, 'note.txt')
    await writeFile(note, 'For casework alone.')
    t.match(await run('merge', known, first.reference, '--note', note), { code: 0 })
    const clinic = await partyOf(t, {
      ...{ url, world, keys: world.recipients.clinic, clientId: world.clients.clinic },
    })
    const shown = await intake(['case', known, '--notes'], clinic.environment)
    t.equal(shown.code, 0, shown.err)
    t.match(shown.out, /^ {4}Note 4, \S+Z, by Casework, is not sealed to you$/m)
    t.match(shown.out, /^ {4}Note 2, \S+Z, by Casework\n {4}\| Her lawyer/m)
    t.notMatch(shown.out, /Not as it was written/)
    await writeFile(note, 'Seen.')
    const answered = await intake(
      ['merge', known, first.reference, '--note', note],
      clinic.environment,
    )
    t.match(answered, { code: 0 }, answered.err)
    const after = await intake(['case', known, '--notes'], clinic.environment)
    t.equal(after.code, 0, after.err)
    t.match(after.out, /^ {4}Note 5, \S+Z, by Clinic, is not sealed to you$/m)
    t.match((await run('case', known, '--notes')).out, /by Clinic\n {4}\| Seen\.$/m)
  })

  t.test('a wrong call does nothing, and who may not review is told', async (t) => {
    t.match(await run('judge', known, other, '--decision', 'maybe'), { code: 2 })
    t.match(await run('split', known, '--decision', 'unsure'), { code: 2, err: /--referral/ })
    const empty = ['judge', known, other, '--decision', 'same', '--note', '/dev/null']
    t.match(await run(...empty), { code: 2, err: /the note is empty/ })
    const partner = await partyOf(t, {
      ...{ url, world, keys, clientId: world.referring.lawFirm.clientId },
    })
    t.match(await intake(['case', known], partner.environment), {
      code: 1,
      err: /insufficient-scope/,
    })
  })
})
