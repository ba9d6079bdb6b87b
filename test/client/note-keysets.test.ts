/**
 * Goal: what a reviewer writes while keysets change is either taken and read by all, or refused with words
 * before it is sent.
 * Method: readers of the SDK against the real service, in which keysets are published; where a client is to
 * look again, its clock is moved past the pause between two looks.
 */
import t, { type Test } from 'tap'
import { createReader, generateSigningKey, type Reader } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { build } from '../helpers/build.ts'
import { matchingOf, relativeOf, stranger } from '../helpers/people.ts'
import { keysetReference, publishKeyset } from '../helpers/publish.ts'
import { refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'
import { between } from './between.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
let newest = keysetReference(world.keyset)

const readerWith = (recipient: typeof world.recipients.casework, at = url) =>
  createReader({
    ...{ url: at, trust: world.trust, recipient },
    token: () => world.token(world.clients.casework),
  })

async function publish(recipients = world.keyset.recipients): Promise<void> {
  newest = keysetReference(await publishKeyset(built, { ...world.keyset, recipients }))
}

/** A referral that a person is asked about, and how a reader answers with a note about it. */
async function questioned() {
  const person = stranger()
  const sealing = { keyset: newest }
  const one = await refer(built, undefined, { ...sealing, matching: matchingOf(person) })
  const other = await refer(built, undefined, {
    ...{ ...sealing, matching: matchingOf(relativeOf(person)) },
  })
  await untilPaired(sql)
  const names = [one, other].map(({ acknowledgement }) => acknowledgement.reference as string)
  const [caseId, otherId] = names as [string, string]
  const opened = async (reader: Reader) => {
    const result = await reader.open(await reader.fetch(one.referralId))
    if (!result.opened) throw new Error(result.step)
    return result
  }
  const unsure = async (reader: Reader, text: string) =>
    reader.decide(caseId, otherId, 'unsure', { about: await opened(reader), text })
  return { unsure, opened }
}

/** From now on clients of this process may look again at once. */
function later(t: Test, seconds: number): void {
  const { now } = Date
  t.intercept(Date, 'now', { value: () => now() + seconds * 1000 })
}

t.test('a client that knows an older keyset looks again, and seals anew', async (t) => {
  const { unsure, opened } = await questioned()
  const slow = readerWith(world.recipients.casework)
  await unsure(slow, 'Under the first.')
  await publish()
  const quick = readerWith(world.recipients.casework)
  await unsure(quick, 'Under the second.')
  await t.rejects(unsure(slow, 'Too early.'), {
    name: 'ServiceProblem',
    problem: { code: 'keyset-superseded', detail: /fetch it, and seal the note anew$/ },
  })
  later(t, 11)
  await unsure(slow, 'Under the second too.')
  const { notes, faults, refused } = await quick.readNotes(await opened(quick))
  t.same([faults, refused], [[], []])
  t.same(
    notes.map((note) => note.opened && note.content),
    ['Under the first.', 'Under the second.', 'Under the second too.'].map((text) => ({ text })),
  )
})

t.test('who signs with a key that the keyset does not list sends nothing', async (t) => {
  const { unsure } = await questioned()
  const { casework } = world.recipients
  const { url: at, passed } = await between(t, url, (answer) => answer)
  const signing = generateSigningKey()
  const joining = readerWith({ ...casework, signing }, at)
  const refused = {
    code: 'unknown-signer',
    message: new RegExp(`lists no recipient that signs with your key ${signing.kid}: use`),
  }
  await t.rejects(unsure(joining, 'x'), refused)
  t.notOk(passed.some(({ path }) => path.endsWith('/decision')))
  const signingKey = encodeBase64url(signing.publicKey)
  await publish(
    world.keyset.recipients.map((it) => (it.label === 'Casework' ? { ...it, signingKey } : it)),
  )
  await t.rejects(unsure(joining, 'x'), refused, 'too early to look again')
  later(t, 11)
  await unsure(joining, 'From the new key.')
  t.ok(passed.some(({ path }) => path.endsWith('/decision')))
})
