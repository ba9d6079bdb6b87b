/**
 * Goal: whatever dies while a wrap is granted, replaced, taken back, ended or given up leaves all of it or nothing, each
 * with its one entry; and a rotation that was killed, or whose service was, goes on where it was.
 * Method: each act over a connection that is cut at each of its statements (cutting.ts), and what is stored checked against
 * the log; then processes that are killed in the middle.
 */
import t, { type Test } from 'tap'
import { createForgetting } from '../../src/background/forgetting.ts'
import { createReader } from '../../src/client/index.ts'
import { Refusal } from '../../src/errors.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import { wrapKeys } from '../../src/protocol/envelope/wrap.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import { signGrant } from '../../src/protocol/messages/grant.ts'
import { randomBytes } from '../../src/protocol/sodium.ts'
import type { Keyset } from '../../src/protocol/trust/keyset.ts'
import { type CompartmentName, compartmentNames } from '../../src/referral/compartment.ts'
import { verifyVault } from '../../src/vault/verification.ts'
import { partyOf, running } from '../cli/run.ts'
import { requireBalanced } from '../helpers/books.ts'
import { deployment, listening } from '../helpers/process.ts'
import { type Host, publishKeyset } from '../helpers/publish.ts'
import { callerOf, sealed } from '../helpers/referral.ts'
import { type Referred, type Services, stage } from '../helpers/stage.ts'
import { addVolunteer } from '../helpers/volunteer.ts'
import { type Scenario, tryCut } from './cutting.ts'

/** Casework's key is followed by a new one, in the newest keyset. */
async function follow(host: Host) {
  const next = { signing: generateSigningKey(), receiving: generateRecipientKey() }
  const { keyset, recipients } = host.world
  const publicKey = encodeBase64url(next.receiving.publicKey)
  const signingKey = encodeBase64url(next.signing.publicKey)
  const named = { kid: next.receiving.kid, publicKey, signingKey }
  const follower: Keyset['recipients'] = keyset.recipients.map((recipient) =>
    recipient.kid === recipients.casework.receiving.kid ? { ...recipient, ...named } : recipient,
  )
  await publishKeyset(host, { ...keyset, recipients: follower })
  return named
}

const staged = await stage(t)
const { sql, refer, callers, world } = staged
const { casework } = world.recipients
const recipient = casework.receiving.kid
const { grantee: volunteer } = await addVolunteer(staged, ['clinical', 'interpreting'])
const follower = await follow(staged)
const dayMs = 86_400_000

/** A grant and its wrap, in the right form: what is in it the service cannot tell. */
function crafted(
  { referralId, envelope }: Referred,
  to: { kid: string; publicKey: string },
  compartments: readonly CompartmentName[],
  until?: Date,
) {
  const bound = headerHash(canonicalBytes(envelope.header))
  const keys = new Map(compartments.map((name) => [name, randomBytes(32)]))
  const wrap = wrapKeys(keys, to, bound, randomBytes)
  const granted = { referralId, headerHash: bound, wrap }
  const grant = signGrant(granted, { compartments, until }, casework.signing, new Date())
  return { referralId, grant, wrap }
}
type Body = ReturnType<typeof crafted>
/** What is sent again is the same. */
const bodies = new Map<string, Body>()

async function lend(to: { kid: string; publicKey: string }, until?: Date) {
  const referred = await refer()
  const { referralId, ...body } = crafted(referred, to, ['clinical'], until)
  await staged.reading.give(callers.casework, referralId, body)
  return referred
}
async function passOn({ reading }: Services, referred: readonly Referred[]) {
  const grants = referred.map(({ referralId }) => bodies.get(referralId)!)
  const given = await reading.giveSeveral(callers.casework, { grants })
  for (const { problem } of given.grants) if (problem) throw new Error(problem.code)
}
async function referToPassOn(lent?: Date): Promise<Referred> {
  const referred = await (lent ? lend(follower, lent) : refer())
  bodies.set(referred.referralId, crafted(referred, follower, compartmentNames))
  return referred
}

/** The ends of the wraps of a referral for a key, and how often the log says these, but for repetitions. */
async function standing({ referralId }: Referred, kid: string, ...actions: readonly string[]) {
  const wraps = await sql`
    select ends_at as ends from wrap where referral_id = ${referralId} and kid = ${kid}`
  const said = await sql`
    select e.action from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.object_id = ${referralId} and e.action = any (${actions as string[]})
      and e.outcome = 'permitted' and o.details ->> 'repeated' is null`
  const times = actions.map((name) => said.filter(({ action }) => action === name).length)
  return { ends: wraps.map(({ ends }) => ends !== null), times }
}
async function requireSound(t: Test) {
  t.match(await verifyVault(staged.database, () => {}), { wrong: 0, missing: 0 })
}

const scenarios: Scenario[] = [
  {
    name: 'one more reader is let in',
    async prepare() {
      const referred = await refer()
      const until = new Date(Date.now() + dayMs)
      bodies.set(referred.referralId, crafted(referred, volunteer, ['clinical'], until))
      return [referred]
    },
    async act({ reading }, [one]) {
      const { referralId, ...body } = bodies.get(one!.referralId)!
      await reading.give(callers.casework, referralId, body)
    },
    repeated: true,
    async expect(t, [one]) {
      await requireSound(t)
      const now = await standing(one!, volunteer.kid, 'grant.given')
      t.same(now, { ends: [true], times: [1] })
    },
  },
  {
    name: 'a grant is taken back',
    prepare: async () => [await lend(volunteer)],
    act: ({ reading }, [one]) =>
      reading
        .revoke(callers.casework, one!.referralId, volunteer.kid, { recipient })
        .catch((error) => {
          // Then it was taken back, and nobody heard of it.
          if (!(error instanceof Refusal) || error.code !== 'not-found') throw error
        }),
    repeated: true,
    async expect(t, [one]) {
      await requireSound(t)
      const now = await standing(one!, volunteer.kid, 'grant.given', 'grant.revoked')
      t.same(now, { ends: [], times: [1, 1] })
    },
  },
  {
    name: 'a grant that has ended is deleted',
    async prepare() {
      const referred = await lend(volunteer, new Date(Date.now() + 400))
      for (let isOver = false; !isOver; ) {
        const [row] = await sql`
          select ends_at <= now() as over from wrap
          where referral_id = ${referred.referralId} and kid = ${volunteer.kid}`
        isOver = row?.over
      }
      return [referred]
    },
    act: ({ database }) => createForgetting(database).run(),
    repeated: true,
    async expect(t, [one]) {
      await requireSound(t)
      const now = await standing(one!, volunteer.kid, 'grant.given', 'grant.ended')
      t.same(now, { ends: [], times: [1, 1] })
    },
  },
  {
    name: 'a page is passed on to the key that follows, which was lent one of it',
    prepare: async () => [await referToPassOn(), await referToPassOn(new Date(Date.now() + dayMs))],
    act: passOn,
    repeated: true,
    async expect(t, [one, lent]) {
      await requireSound(t)
      const actions = ['grant.given', 'grant.revoked'] as const
      const [first, second] = [
        await standing(one!, follower.kid, ...actions),
        await standing(lent!, follower.kid, ...actions),
      ]
      t.same(first, { ends: [false], times: [1, 0] })
      t.same(second, { ends: [false], times: [2, 1] })
    },
  },
  {
    name: 'a key gives up the wraps that were passed on',
    async prepare() {
      const referred = [await referToPassOn(), await referToPassOn()]
      await passOn(staged, referred)
      return referred
    },
    act: ({ reading }) => reading.giveUp(callers.casework, { recipient, to: follower.kid }),
    repeated: true,
    async expect(t, referred) {
      await requireSound(t)
      for (const one of referred) {
        const old = await standing(one, recipient, 'wrap.deleted')
        t.same(old, { ends: [], times: [1] })
        t.same((await standing(one, follower.kid)).ends, [false])
      }
    },
  },
]

await tryCut(staged, scenarios)

t.test('a rotation that is killed, and whose service is, goes on where it was', async (t) => {
  const deployed = await deployment(t)
  const { variables, sql } = deployed
  const { clients, recipients, referring } = deployed.world
  const first = await listening(t, variables)
  const all = 150
  const submit = await callerOf(deployed.world, first.url, referring.lawFirm.clientId)
  const waiting = Array.from({ length: all }, () => sealed(deployed.world))
  const send = async () => {
    for (let envelope = waiting.pop(); envelope; envelope = waiting.pop()) {
      await submit('PUT', `/v1/referrals/${envelope.header.referralId}`, envelope)
    }
  }
  await Promise.all(Array.from({ length: 8 }, send))
  const { kid } = await follow(deployed)
  const passed = async () => {
    const [row] = await sql`select count(*)::int as count from wrap where kid = ${kid}`
    return row?.count as number
  }

  const party = { world: deployed.world, clientId: clients.casework, keys: recipients.casework }
  const { environment } = await partyOf(t, { url: first.url, ...party })
  const rotating = running(t, ['rotate-key', '--to', kid], environment)
  while ((await passed()) === 0);
  await rotating.stop('SIGKILL')
  const once = await passed()
  t.ok(once > 0 && once < all, `the client was killed after ${once} of ${all}`)

  const readerAt = (url: string) =>
    createReader({
      ...{ url, trust: deployed.world.trust, recipient: recipients.casework },
      token: () => deployed.world.token(clients.casework),
    })
  const onProgress = () => void first.child.kill('SIGKILL')
  await t.rejects(readerAt(first.url).rotate({ to: kid, onProgress }))
  t.equal(await first.ended, 'SIGKILL')
  const twice = await passed()
  t.ok(twice > once && twice < all, `the service was killed after ${twice} of ${all}`)

  const second = await listening(t, variables)
  const rotated = await readerAt(second.url).rotate({ to: kid, revoke: true })
  t.match(rotated, { given: all - twice, left: 0, failed: [], revoked: all })
  const counts = await sql`
    select action, count(*)::int as entries, count(distinct object_id)::int as referrals
    from audit_entry e join audit_opening o on o.entry_id = e.id
    where action in ('grant.given', 'wrap.deleted') and outcome = 'permitted'
      and o.details ->> 'repeated' is null
    group by action order by action`
  const each = { entries: all, referrals: all }
  t.same(
    [...counts],
    [
      { action: 'grant.given', ...each },
      { action: 'wrap.deleted', ...each },
    ],
  )
  await requireBalanced(sql)
})
