/**
 * Goal: a note beside an act on an item is kept with it, or neither is done, alone and among several; it is the next of
 * its chain, about a referral of that item, and good for that act alone.
 * Method: over HTTP, with notes sealed as a client seals them and as none should; once with the SDK.
 */
import t from 'tap'
import { createReader } from '../../src/client/index.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { noteOn } from '../helpers/note.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const call = await callerOf(world, url, world.clients.casework)
const recipient = world.recipients.casework.receiving.kid
t.afterEach(() => requireBalanced(sql))

type Referred = Awaited<ReturnType<typeof refer>>

/** A referral under a claim, and the completion that accepts it. */
async function claimed(referred?: Referred) {
  const { referralId, ...rest } = referred ?? (await refer(built))
  const body = { recipient, max: 1, leaseSeconds: 600, referral: referralId }
  const { claims } = (await call('POST', '/v1/triage/claims', body)).body
  const { claimId, fence } = claims[0]
  const accepted = { fence, outcome: 'accepted', referrals: [referralId] }
  return { referralId, ...rest, claimId, fence, accepted }
}

const complete = (claimId: string, body: object) =>
  call('POST', `/v1/triage/claims/${claimId}/completion`, body)

const numbers = async (referralId: string) =>
  (await sql`select number from note where referral_id = ${referralId} order by 1`).map(
    (row) => row.number,
  )

const stateOf = async (referralId: string) =>
  (await sql`select state from referral where id = ${referralId}`)[0]?.state

t.test('a note is kept with the completion, once, and is good for no other', async (t) => {
  const on = await claimed()
  const { claimId, referralId, accepted } = on
  const note = noteOn(world, on)
  const first = await complete(claimId, { ...accepted, note })
  t.equal(first.status, 200)
  t.same(await numbers(referralId), [1])
  t.same((await complete(claimId, { ...accepted, note })).body, first.body, 'repeated')
  const other = { ...accepted, outcome: 'redirected' }
  t.match((await complete(claimId, { ...other, note })).body, { code: 'note-not-next' })
  const second = noteOn(world, on, note)
  t.match((await complete(claimId, { ...accepted, note: second })).body, { outcome: 'accepted' })
  t.same(await numbers(referralId), [1, 2], 'what is completed may be completed again, and noted')
  const entries = await sql`
    select action from audit_entry where object_id = ${referralId} and action = 'note.written'`
  t.equal(entries.length, 2, 'each has its entry')
})

t.test('neither is done where one may not be', async (t) => {
  const on = await claimed()
  const { claimId, referralId, accepted } = on
  const stranger = await refer(built)
  const gap = noteOn(world, on, noteOn(world, on))
  const rows: [code: string, body: object][] = [
    ['note-not-next', { ...accepted, note: gap }],
    ['malformed-request', { ...accepted, note: noteOn(world, stranger) }],
    ['malformed-request', { ...accepted, reason: 'no_capacity', note: noteOn(world, on) }],
    ['lease-lost', { ...accepted, fence: on.fence + 1, note: noteOn(world, on) }],
  ]
  for (const [code, body] of rows) {
    t.equal((await complete(claimId, body)).body.code, code)
    t.same([await numbers(referralId), await stateOf(referralId)], [[], 'in_triage'], code)
  }
  const unsigned = noteOn(world, on, undefined, { signer: world.recipients.clinic.signing })
  t.equal(
    (await complete(claimId, { ...accepted, note: unsigned })).body.code,
    'recipient-not-yours',
  )
  t.equal((await complete(claimId, { ...accepted, note: noteOn(world, on) })).status, 200)
  t.same(await numbers(stranger.referralId), [])
})

t.test(
  'of several each is judged with its own note, and one that is refused keeps no other from ending',
  async (t) => {
    const [plain, noted, late, gap] = [
      await claimed(),
      await claimed(),
      await claimed(),
      await claimed(),
    ]
    const note = noteOn(world, noted)
    const completions = [
      { claimId: plain.claimId, ...plain.accepted },
      { claimId: noted.claimId, ...noted.accepted, note },
      { claimId: late.claimId, ...late.accepted, fence: late.fence + 1, note: noteOn(world, late) },
      { claimId: gap.claimId, ...gap.accepted, note: noteOn(world, gap, noteOn(world, gap)) },
    ]
    const several = () => call('POST', '/v1/triage/completions', { completions })
    const { body } = await several()
    t.match(body.completions, [
      { completion: { outcome: 'accepted' } },
      { completion: { outcome: 'accepted' } },
      { problem: { code: 'lease-lost' } },
      { problem: { code: 'note-not-next' } },
    ])
    const kept = [plain, noted, late, gap].map(({ referralId }) => numbers(referralId))
    t.same(await Promise.all(kept), [[], [1], [], []])
    t.same((await several()).body, body, 'repeated')
    t.same(await numbers(noted.referralId), [1])
    for (const { referralId } of [late, gap]) t.equal(await stateOf(referralId), 'in_triage')
  },
)

t.test(
  'two who write at once about one referral are both kept, one behind the other',
  async (t) => {
    const on = await claimed()
    const reader = createReader({
      ...{ url, trust: world.trust, recipient: world.recipients.casework },
      token: () => world.token(world.clients.casework),
    })
    const about = await reader.open(await reader.fetch(on.referralId))
    if (!about.opened) throw new Error('it opens')
    const lease = { claimId: on.claimId, fence: on.fence }
    const accepted = { outcome: 'accepted', referrals: [on.referralId] } as const
    const texts = ['Rang back, and agreed.', 'The clinic has room on Friday.']
    const answers = await Promise.all(
      texts.map((text) => reader.complete(lease, accepted, { about, text })),
    )
    t.same(answers[0], answers[1])
    const { notes, faults } = await reader.readNotes(about)
    t.same(faults, [])
    const read = notes.map((note) => (note.opened ? note.content : note))
    t.same(new Set(read), new Set(texts.map((text) => ({ text }))))
  },
)

t.test('a note is kept with parking, by its holder and without a claim, once', async (t) => {
  const on = await claimed()
  const { claimId, fence, referralId } = on
  const first = noteOn(world, on)
  const park = (path: string, body: object) =>
    call('POST', `/v1/triage/${path}/parking`, { reason: 'call_back', ...body })
  const stale = await park(`claims/${claimId}`, { fence: fence + 1, note: first })
  t.equal(stale.body.code, 'lease-lost')
  t.same(await numbers(referralId), [])
  for (const _ of [1, 2]) {
    t.equal((await park(`claims/${claimId}`, { fence, note: first })).status, 204)
    t.same(await numbers(referralId), [1])
  }
  const fenceOf = async () =>
    Number((await sql`select fence from triage_item where id = ${claimId}`)[0]?.fence)
  const seen = { fence: await fenceOf(), note: noteOn(world, on, first) }
  const old = await park(`items/${claimId}`, { ...seen, fence: seen.fence - 1 })
  t.equal(old.body.code, 'item-changed')
  t.same(await numbers(referralId), [1])
  t.equal((await park(`items/${claimId}`, seen)).status, 204)
  const now = await fenceOf()
  t.equal((await park(`items/${claimId}`, seen)).status, 204, 'sent again')
  t.same([await numbers(referralId), await fenceOf()], [[1, 2], now], 'nothing is done twice')
})
