/**
 * Goal: no note is kept that its readers refuse: its writer is a recipient of the keyset that it names, it is
 * sealed to exactly those whom that requires, and it goes back to no older one.
 * Method: over HTTP, while keysets are published; each test goes on from the newest of the one before.
 */
import t from 'tap'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import type { MessageEnvelope } from '../../src/protocol/messages/message.ts'
import type { Keyset } from '../../src/protocol/trust/keyset.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { noteOn } from '../helpers/note.ts'
import { matchingOf, relativeOf, stranger } from '../helpers/people.ts'
import { keysetReference, publishKeyset } from '../helpers/publish.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const { recipients } = world.keyset
const sql = asSuperuser(t, built.databases)
const casework = await callerOf(world, url, world.clients.casework)
t.afterEach(() => requireBalanced(sql))

let newest: Keyset = world.keyset
/** Publishes a keyset with these recipients; answers it and the one before. */
async function publish(changed = recipients): Promise<[Keyset, Keyset]> {
  const before = newest
  newest = await publishKeyset(built, { ...world.keyset, recipients: changed })
  return [before, newest]
}

/** A referral that a person is asked about, sealed under `keyset`, and how one answers with a note. */
async function questioned(keyset: Keyset) {
  const person = stranger()
  const sealing = { keyset: keysetReference(keyset) }
  const one = await refer(built, undefined, { ...sealing, matching: matchingOf(person) })
  const other = await refer(built, undefined, {
    ...{ ...sealing, matching: matchingOf(relativeOf(person)) },
  })
  await untilPaired(sql)
  const names = [one, other].map(({ acknowledgement }) => acknowledgement.reference)
  const path = `/v1/cases/${names[0]}/possible-matches/${names[1]}/decision`
  const decide = (note: MessageEnvelope) => casework('POST', path, { decision: 'unsure', note })
  const seal = (under: Keyset, last?: MessageEnvelope, changes = {}) =>
    noteOn(world, one, last, { keyset: keysetReference(under), ...changes })
  return { decide, seal }
}

t.test('a note is written by a recipient of the keyset that it names', async (t) => {
  const joining = generateSigningKey()
  const signingKey = encodeBase64url(joining.publicKey)
  const [before, after] = await publish(
    recipients.map((it) => (it.label === 'Casework' ? { ...it, signingKey } : it)),
  )
  const { decide, seal } = await questioned(before)
  for (const [name, note, version] of [
    ['with a key that is new', seal(before, undefined, { signer: joining }), before.version],
    ['with a key that is gone', seal(after), after.version],
  ] as const) {
    const detail = new RegExp(`is no recipient of keyset ${version}`)
    const refused = { status: 422, body: { code: 'unknown-signer', stored: false, detail } }
    t.match(await decide(note), refused, name)
  }
  const first = seal(before)
  t.equal((await decide(first)).status, 200, 'with the key of then, under the keyset of then')
  const second = seal(after, first, { signer: joining })
  t.equal((await decide(second)).status, 200, 'with the new, under the new')
})

t.test('a note names no older keyset than the one before it, or than the referral', async (t) => {
  await publish()
  const [before, after] = await publish()
  const refused = (detail: RegExp) => ({
    status: 422,
    body: { code: 'keyset-superseded', stored: false, retry: 'after-refresh', detail },
  })
  const { decide, seal } = await questioned(before)
  const first = seal(before)
  const second = seal(after, first)
  for (const note of [first, second]) t.equal((await decide(note)).status, 200)
  t.match(await decide(seal(before, second)), refused(/^note 2 names keyset 4 already: fetch it/))
  t.equal((await decide(seal(after, second))).status, 200)
  t.equal((await decide(first)).status, 200, 'one that is kept is the same sent again')
  const late = await questioned(after)
  t.match(await late.decide(late.seal(before)), refused(/^the referral names keyset 4 already/))
  t.equal((await late.decide(late.seal(after))).status, 200)
})

t.test('a note is sealed to nobody whom the keyset does not require', async (t) => {
  const optional = recipients.map((it) => ({ ...it, required: it.label !== 'Clinic' }))
  const [, after] = await publish(optional)
  const { decide, seal } = await questioned(after)
  const { sha256 } = keysetReference(after)
  const wide = seal(after, undefined, { keyset: { keyset: { ...after, recipients }, sha256 } })
  const { kid } = world.recipients.clinic.receiving
  t.ok(wide.header.sealedTo.includes(kid))
  t.match(await decide(wide), {
    status: 422,
    body: { code: 'unknown-recipient-key', detail: new RegExp(`^${kid} is no required recipient`) },
  })
  t.equal((await decide(seal(after))).status, 200)
})

t.test('a note under the keyset before is refused once another has to read it', async (t) => {
  const { clinic } = world.recipients
  const fewer = recipients.filter(({ kid }) => kid !== clinic.receiving.kid)
  await publish()
  const [all, without] = await publish(fewer)
  const left = await questioned(all)
  const detail = /has other readers than the newest, which is/
  const refused = { status: 422, body: { code: 'keyset-superseded', stored: false, detail } }
  t.match(await left.decide(left.seal(all)), refused, 'a recipient has left')
  t.equal((await left.decide(left.seal(without))).status, 200)
  const [, again] = await publish()
  const joined = await questioned(without)
  t.match(await joined.decide(joined.seal(without)), refused, 'a recipient has joined')
  t.equal((await joined.decide(joined.seal(again))).status, 200)
})
