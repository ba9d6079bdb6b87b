/**
 * Goal: whoever consumes the queue loses no item and no lease, whatever becomes of its answers, its handler and
 * itself. Method: a listening service, a line before it that loses answers, and the rows of the queue.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createConsuming } from '../../src/client/consume.ts'
import {
  type Claim,
  type ConsumeOptions,
  createReader,
  type Handler,
  type News,
  type Outcome,
  sealKeyFile,
} from '../../src/client/index.ts'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { type Answer, between, type Passed } from './between.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const clinic = await callerOf(world, url, world.clients.clinic)

t.afterEach(async () => {
  await requireBalanced(sql)
  // What one test leaves on the queue is nobody's work in the next.
  await sql`
    update triage_item set escalated_at = now(), leased_by = null, leased_until = null
    where completed_at is null`
})

const quick = {
  ...{ waitSeconds: 5, pollMs: 20, renewShare: 0.0005, farewellMs: 2_000 },
  faultMs: [20, 100] as const,
  heldBackMs: [200, 400] as const,
}

function readerAt(at: string) {
  const token = () => world.token(world.clients.casework)
  return createReader({ url: at, trust: world.trust, recipient: world.recipients.casework, token })
}

/** A consumer, and all that it met. */
function consumer(handler: Handler, options: Partial<ConsumeOptions> = {}, at = url) {
  const troubles: { error: unknown; claim: Claim | undefined }[] = []
  const onTrouble = (error: unknown, claim?: Claim) => void troubles.push({ error, claim })
  const consumed = createConsuming(readerAt(at), quick).consume(handler, {
    ...{ leaseSeconds: 60, graceSeconds: 0, onTrouble },
    ...options,
  })
  return { ...consumed, troubles }
}

/** A promise, and what resolves it. */
function event<Value = void>() {
  let resolve: (value: Value) => void = () => {}
  const happened = new Promise<Value>((it) => {
    resolve = it
  })
  return { happened, resolve }
}

const accepting = ({ referrals }: Claim): Outcome => ({
  outcome: 'accepted',
  referrals: referrals.map(({ referralId }) => referralId),
})
const isAborted = ({ aborted }: AbortSignal) => aborted
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    if (isAborted(signal)) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })

async function submit(count: number): Promise<string[]> {
  const ids: string[] = []
  for (let sent = 0; sent < count; sent += 1) ids.push((await refer(built)).referralId)
  return ids
}

const rowsOf = (ids: string[]) => sql`
  select referral_id as id, fence::int as fence, lapses, leased_by as holder, completed_at is not null as done
  from triage_item where referral_id = any (${ids})`

t.test('each item is worked on once, no more of them at once than may be, and ends', async (t) => {
  const ids = await submit(9)
  const line = await between(t, url, (answer) => answer)
  const [all, four] = [event(), event()]
  const [seen, working] = [new Set<string>(), new Set<string>()]
  let most = 0
  const { stop, troubles } = consumer(
    async ({ claim, waiting, answered }) => {
      working.add(claim.claimId)
      most = Math.max(most, working.size)
      t.match(waiting, [{ opened: true, compartments: { identity: { familyName: 'Okonkwo' } } }])
      t.same(answered, [])
      if (working.size === 4) four.resolve()
      await four.happened
      for (const { referralId } of claim.referrals) {
        t.notOk(seen.has(referralId), 'once')
        seen.add(referralId)
      }
      working.delete(claim.claimId)
      if (seen.size === ids.length) all.resolve()
      return accepting(claim)
    },
    { concurrency: 4, graceSeconds: 5, regions: ['heathrow'] },
    line.url,
  )
  await all.happened
  await stop()
  t.same([...seen].sort(), ids.sort())
  t.equal(most, 4)
  t.same(troubles, [])
  for (const row of await rowsOf(ids)) t.match(row, { fence: 2, lapses: 0, done: true })
  const sizes = line.passed
    .filter(({ path }) => path === '/v1/triage/completions')
    .map(({ body }) => JSON.parse(body).completions.length)
  t.ok(sizes.length < ids.length, `several end together: ${sizes}`)
})

t.test('an answer to a claim that is lost burns no lease', async (t) => {
  const ids = await submit(2)
  let lost = 0
  const away: Answer = { status: 503, body: '{}', headers: { 'retry-after': '0' } }
  const line = await between(t, url, (answer, { path }) => {
    if (path !== '/v1/triage/claims' || lost === 4) return answer
    lost += 1
    return away
  })
  const all = event()
  let worked = 0
  const handler: Handler = async ({ claim }) => {
    worked += 1
    if (worked === 2) all.resolve()
    return accepting(claim)
  }
  const { stop, troubles } = consumer(handler, { concurrency: 2, graceSeconds: 5 }, line.url)
  await all.happened
  await stop()
  t.equal(worked, 2)
  t.match(troubles, [{ error: { problem: { status: 503 } }, claim: undefined }])
  for (const row of await rowsOf(ids)) t.match(row, { fence: 2, lapses: 0, done: true })
  const claims = line.passed.filter(({ path }) => path === '/v1/triage/claims').slice(0, 5)
  t.equal(new Set(claims.map(({ key }) => key)).size, 1, 'sent under one key')
})

t.test('a stop gives back what is held, also by an answer that never came', async (t) => {
  const held = await submit(1)
  let isSilent = false
  const unheard = event<Passed>()
  const line = await between(t, url, (answer, request) => {
    if (!isSilent || request.path !== '/v1/triage/claims') return answer
    isSilent = false
    unheard.resolve(request)
    return new Promise<never>(() => {})
  })
  const holding = event()
  const { stop, troubles } = consumer(
    async ({ signal }) => {
      holding.resolve()
      return untilAborted(signal)
    },
    { concurrency: 3 },
    line.url,
  )
  await holding.happened
  isSilent = true
  const others = await submit(2)
  await unheard.happened
  await stop()
  t.same(troubles, [])
  for (const row of await rowsOf([...held, ...others])) {
    t.match(row, { lapses: 0, holder: null, done: false }, 'it waits again')
  }
  const kept = await clinic('GET', '/v1/triage/items?state=waiting')
  t.equal(kept.body.items.length, 3)
})

t.test(
  'a handler that ends in time is heard after a stop, and one that is late is not',
  async (t) => {
    const [first = '', second = ''] = await submit(2)
    const [begun, goOn] = [event(), event()]
    let count = 0
    const stopper = new AbortController()
    const { done } = consumer(
      async ({ claim }) => {
        count += 1
        const isFirst = claim.referrals[0]?.referralId === first
        if (count === 2) begun.resolve()
        await (isFirst ? goOn.happened : new Promise(() => {}))
        return accepting(claim)
      },
      { concurrency: 2, graceSeconds: 0.3, signal: stopper.signal },
    )
    await begun.happened
    stopper.abort()
    goOn.resolve()
    await done
    t.match(await rowsOf([first]), [{ done: true }])
    t.match(await rowsOf([second]), [{ done: false, holder: null, lapses: 0 }])
  },
)

t.test('where a handler fails, its item comes again later, and others meanwhile', async (t) => {
  const [bad = '', ...good] = await submit(4)
  const fault = new Error('the printer is on fire')
  const all = event()
  const order: string[] = []
  const { stop, troubles } = consumer(
    async ({ claim }) => {
      const [{ referralId } = { referralId: '' }] = claim.referrals
      order.push(referralId)
      if (referralId === bad && order.filter((id) => id === bad).length < 4) throw fault
      if (order.length === 7) all.resolve()
      return accepting(claim)
    },
    { graceSeconds: 5 },
  )
  await all.happened
  await stop()
  t.equal(order[0], bad)
  t.not(order[1], bad, 'nobody waits behind it')
  t.same(order.filter((id) => id !== bad).sort(), good.sort())
  t.equal(troubles.length, 3)
  for (const { error, claim } of troubles) {
    t.equal(error, fault)
    t.equal(claim?.referrals[0]?.referralId, bad)
  }
  t.match(await rowsOf([bad]), [{ lapses: 0, done: true }])
})

t.test(
  'what the service does not take keeps no other from ending, and is given back',
  async (t) => {
    const [bad = '', good = ''] = await submit(2)
    const told = event()
    const stopper = new AbortController()
    const { troubles, done } = consumer(
      async ({ claim }) => {
        if (claim.referrals[0]?.referralId === good) return accepting(claim)
        // Not even in the form.
        return {
          outcome: 'declined',
          referrals: [bad],
          reason: 'no reason of the list' as 'removed',
        }
      },
      {
        ...{ concurrency: 2, graceSeconds: 5, signal: stopper.signal },
        onTrouble: (error, claim) => {
          troubles.push({ error, claim })
          told.resolve()
        },
      },
    )
    await told.happened
    stopper.abort()
    await done
    t.match(troubles[0], {
      error: { problem: { status: 400 } },
      claim: { referrals: [{ referralId: bad }] },
    })
    t.match(await rowsOf([good]), [{ done: true }])
    t.match(await rowsOf([bad]), [{ done: false, holder: null, lapses: 0 }])
  },
)

t.test('who lost the lease is told at once, and touches nothing of the next holder', async (t) => {
  const [id = ''] = await submit(1)
  const [holding, lost] = [event(), event<unknown>()]
  const { stop, troubles } = consumer(async ({ claim, signal }) => {
    holding.resolve()
    await untilAborted(signal).catch(lost.resolve)
    return accepting(claim)
  })
  await holding.happened
  // The lease ends between two renewals, and another claims: what a pause of the whole machine does.
  const { body } = await sql.begin(async (tx) => {
    const [row] = await tx`
      update triage_item set leased_by = ${world.clients.clinic}, fence = fence + 1
      where referral_id = ${id} returning id, fence::int as fence`
    return { body: row }
  })
  t.match(await lost.happened, { name: 'ServiceProblem', problem: { code: 'lease-lost' } })
  await stop()
  t.match(troubles, [{ error: { problem: { code: 'lease-lost' } }, claim: { claimId: body?.id } }])
  const theirs = { fence: body?.fence, holder: world.clients.clinic, done: false }
  t.match(await rowsOf([id]), [theirs])
})

t.test(
  'whoever holds an item is told that it is more urgent, and that it is joined by others',
  async (t) => {
    const removalAt = new Date(Date.now() + 60 * 3_600_000).toISOString()
    const referral = completeReferral({ legal: { removal: { removalAt } } })
    const { lawFirm } = world.referring
    // Its sealer had other rules: who opens it states what they give now.
    const { referralId } = await refer(built, lawFirm, { referral, urgency: 'standard' })
    const holder = (urgency: Urgency) => {
      const heard = [event<News>(), event<News>()] as const
      const listeners = heard.map(({ resolve }) => resolve)
      const { stop } = consumer(async ({ claim, onNews, signal }) => {
        t.equal(claim.urgency, urgency)
        onNews((news) => listeners.shift()?.(news))
        return untilAborted(signal)
      })
      return { news: [heard[0].happened, heard[1].happened] as const, stop }
    }
    const first = holder('standard')
    const raised = { urgency: 'immediate', changed: true }
    t.match(await first.news[0], { ...raised, dueAt: /Z$/, referralIds: [referralId] })
    const { referralId: joined } = await refer(built, lawFirm, { supersedes: referralId })
    const second = await first.news[1]
    t.match(second, raised)
    t.same(second.referralIds.toSorted(), [referralId, joined].toSorted(), 'also after other news')
    await first.stop()
    const next = holder('immediate')
    await refer(built, lawFirm, { supersedes: joined })
    t.match(await next.news[0], raised)
    await next.stop()
  },
)

t.test('what neither time nor another try mends ends the consumer', async (t) => {
  const token = () => world.token(world.referring.lawFirm.clientId)
  const recipient = world.recipients.casework
  const reader = createReader({ url, trust: world.trust, recipient, token })
  const onTrouble = () => t.fail('nothing is tried again')
  const { done } = reader.consume(async () => 'release', { onTrouble })
  await t.rejects(done, { name: 'ServiceProblem', problem: { status: 403 } })
  const tooMany = { concurrency: 51, onTrouble }
  t.throws(() => reader.consume(async () => 'release', tooMany), RangeError)
})

t.test(
  'a process that is told to end gives all back; of one that is killed, others get it',
  async (t) => {
    const ids = await submit(2)
    const program = fileURLToPath(new URL('consumer.ts', import.meta.url))
    const environment = {
      CONSUMER_URL: url,
      CONSUMER_TRUST: JSON.stringify(world.trust),
      CONSUMER_KEY: sealKeyFile(world.recipients.casework, undefined),
      CONSUMER_TOKEN: await world.token(world.clients.casework),
    }
    /** A consumer that holds both items. */
    const started = async () => {
      const child = spawn(process.execPath, [program], { env: environment })
      t.teardown(() => child.kill('SIGKILL'))
      let [out, err] = ['', '']
      child.stderr.on('data', (text) => (err += text))
      const ended = once(child, 'close')
      await new Promise<void>((resolve, reject) => {
        child.stdout.on('data', (text) => {
          out += text
          if (out.split('holds ').length === 3) resolve()
        })
        void ended.then(() => reject(new Error(out + err)))
      })
      return { child, ended, out: () => out + err }
    }
    const polite = await started()
    polite.child.kill('SIGTERM')
    t.same(await polite.ended, [0, null])
    t.match(polite.out(), /^(holds \S+\n){2}stopped\n$/)
    for (const row of await rowsOf(ids)) t.match(row, { holder: null, lapses: 0, fence: 2 })

    const killed = await started()
    killed.child.kill('SIGKILL')
    await killed.ended
    for (const row of await rowsOf(ids)) t.match(row, { holder: world.clients.casework, fence: 3 })
    await sql`update triage_item set leased_until = now() where referral_id = any (${ids})`
    const all = event()
    let worked = 0
    const { stop } = consumer(
      async ({ claim }) => {
        worked += 1
        if (worked === 2) all.resolve()
        return accepting(claim)
      },
      { concurrency: 2, graceSeconds: 5 },
    )
    await all.happened
    await stop()
    for (const row of await rowsOf(ids)) t.match(row, { done: true, lapses: 1 })
  },
)
