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
import { decodeBase64url } from '../../src/protocol/bytes.ts'
import { threadFaults } from '../../src/protocol/thread.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'
import { intake, partyOf } from './run.ts'

const identity = {
  familyName: 'Okonkwo',
  givenNames: 'Zuleika Amara',
  dateOfBirth: { date: '1990-03-14' },
}
/** All names, day and month agree; the year does not, so that a person is asked. */
const perhaps = { ...identity, dateOfBirth: { date: '1991-03-14' } }

async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const found = await look()
    if (found !== undefined) return found
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
    t.match(possible.out, new RegExp(`^possible {2}case ${other}, p 0\\.\\d{3}: \\S+`, 'm'))
    t.match(possible.out, `referral ${third.referralId}`)
    t.match(possible.out, /^ +\+\d+\.\d bits {2}\S/m)
    t.notMatch(possible.out, /okonkwo|1990/i)
  })

  t.test('each judgement holds until another, with what was noted', async (t) => {
    const note = join(folder, 'note.txt')
    await writeFile(note, 'The Okonkwo sister says 1990.\n')
    const unsure = await run('judge', known, other, '--decision', 'unsure', '--note', note)
    t.match(unsure, { code: 0, out: /: two$/m }, unsure.err)
    const shown = await run('case', known, '--notes')
    t.match(shown.out, /unsure by person/)
    t.match(shown.out, /Note .*\n {4}\| The Okonkwo sister says 1990\.$/m)
    t.notMatch((await run('case', known)).out, /sister/, 'and only to who asks for notes')

    await writeFile(note, 'Her lawyer confirms it.')
    const same = await run('judge', known, other, '--decision', 'same', '--note', note)
    t.match(same, { code: 0, out: `Case ${known}: one` }, same.err)
    const { judgements, referrals } = await reader.case(known)
    t.equal(referrals.length, 3)
    const notes = await Promise.all(
      judgements.flatMap(({ note, madeAt }) =>
        note ? [reader.openNote(first.opened, note, madeAt)] : [],
      ),
    )
    const opened = notes.flatMap((note) => (note.opened ? [note] : []))
    t.equal(opened.length, 2)
    const about = { envelopeHash: decodeBase64url(first.opened.envelopeHash, 32) }
    t.same(threadFaults(opened, about), [], 'the second follows the first')
    t.not(
      threadFaults(
        opened.filter(({ header }) => header.number > 1),
        about,
      ).length,
      0,
    )

    const leaves = ['--referral', third.referralId]
    const parted = await run('split', known, ...leaves, '--decision', 'different')
    t.match(parted, { code: 0 }, parted.err)
    const named = parted.out.match(/^Case |^ {2}referral /gm)
    t.same(named?.sort(), ['  referral ', '  referral ', '  referral ', 'Case ', 'Case '])
    t.match(await run('possible', known), { out: /No other case/ }, 'it is never asked again')
    const again = await run('split', known, ...leaves, '--decision', 'different')
    t.match(again, { code: 1, err: /case-changed/ })
    const joined = await run('join', known, await caseOf(third))
    t.match(joined, { code: 0, out: /: one$/m }, joined.err)
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
