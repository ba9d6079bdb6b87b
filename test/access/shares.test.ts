/**
 * Goal: one client that floods a replica does not stand in the way of another, and cannot take more by
 * hanging up.
 * Method: a table that every submission writes is locked, so that what is begun stays begun: PostgreSQL
 * itself counts how much of a client is worked on.
 */
import t from 'tap'
import { build } from '../helpers/build.ts'
import { callerOf, sealed } from '../helpers/referral.ts'
import { asSuperuser, holdTable } from '../helpers/superuser.ts'

const requestsAtOnce = 3
const waitingMax = 100
const { world, url, databases } = await build(t, {
  share: { requestsAtOnce, requestsPerMinute: 600, waitMsMax: 60_000 },
})
const sql = asSuperuser(t, databases)
const token = await world.token(world.referring.lawFirm.clientId)
const asCasework = await callerOf(world, url, world.clients.casework)

/** Sends a referral of the law firm, and hangs up when told to. */
function send(hangUp?: AbortSignal) {
  const envelope = sealed(world)
  return fetch(`${url}/v1/referrals/${envelope.header.referralId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(envelope),
    ...(hangUp && { signal: hangUp }),
  })
}

const blocked = async () =>
  (
    await sql`
      select count(distinct a.pid)::int as count from pg_stat_activity a join pg_locks l using (pid)
      where a.datname = current_database() and a.wait_event_type = 'Lock'
        and l.relation = 'referral'::regclass and l.mode = 'RowExclusiveLock'`
  )[0]!.count as number

t.test('of a client that floods a few are worked on, and another is served', async (t) => {
  const held = await holdTable(sql, 'wrap')
  const sent = Array.from({ length: 20 }, () => send())
  await held.blocked(requestsAtOnce)
  // More than all connections would be taken by now, if they were let.
  for (let times = 0; times < 20; times += 1) {
    t.equal((await asCasework('GET', '/v1/triage/items?state=waiting')).status, 200)
  }
  t.equal(await blocked(), requestsAtOnce)
  await held.letGo()
  const answers = await Promise.all(sent)
  t.same(new Set(answers.map(({ status }) => status)), new Set([201]), 'those that waited too')
})

t.test('whoever hangs up takes no more than its share', async (t) => {
  const held = await holdTable(sql, 'wrap')
  const hangUp = new AbortController()
  const begun = Array.from({ length: requestsAtOnce }, () => send(hangUp.signal))
  await held.blocked(requestsAtOnce)
  const gaveUp = Array.from({ length: 5 }, () => send(hangUp.signal))
  const stayed = send()
  // On the same connections or others, it comes after them.
  t.equal((await asCasework('GET', '/v1/triage/items?state=waiting')).status, 200)
  hangUp.abort()
  await Promise.allSettled([...begun, ...gaveUp])
  for (let times = 0; times < 20; times += 1)
    await asCasework('GET', '/v1/triage/items?state=waiting')
  t.equal(
    await blocked(),
    requestsAtOnce,
    'what was begun is still worked on, and nothing beside it',
  )
  await held.letGo()
  t.equal((await stayed).status, 201)
})

t.test('of more than wait the last are refused, and may come back', async (t) => {
  const held = await holdTable(sql, 'wrap')
  const refused: Response[] = []
  const answers: Promise<number>[] = []
  const seven = new Promise<void>((enough) => {
    for (let count = 0; count < requestsAtOnce + waitingMax + 7; count += 1) {
      answers.push(
        send().then((answer) => {
          if (answer.status === 429 && refused.push(answer) === 7) enough()
          return answer.status
        }),
      )
    }
  })
  await seven
  await held.letGo()
  const accepted = (await Promise.all(answers)).filter((status) => status === 201)
  t.equal(accepted.length, requestsAtOnce + waitingMax)
  t.equal(refused.length, 7)
  t.equal(refused[0]?.headers.get('retry-after'), '1')
  const problem = await refused[0]?.json()
  t.match(problem, { code: 'too-many-requests', retry: 'later', stored: false })
  t.equal((await send()).status, 201)
})

t.test('nobody waits long behind what hangs', async (t) => {
  const hurried = await build(t, { share: { requestsAtOnce: 1, waitMsMax: 100 } })
  const held = await holdTable(asSuperuser(t, hurried.databases), 'wrap')
  const { ngo } = hurried.world.referring
  const put = await callerOf(hurried.world, hurried.url, ngo.clientId)
  const both = [1, 2].map(() => {
    const envelope = sealed(hurried.world, { signer: ngo.signing })
    return put('PUT', `/v1/referrals/${envelope.header.referralId}`, envelope)
  })
  const told = { status: 503, body: { code: 'not-ready', retry: 'later', stored: false } }
  t.match(await Promise.race(both), told)
  await held.letGo()
  t.same((await Promise.all(both)).map(({ status }) => status).sort(), [201, 503])
})
