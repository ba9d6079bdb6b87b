/**
 * Goal: who may ask gets blinded match keys evaluated, within a budget that holds across replicas,
 * and nothing is answered that is not in the log.
 * Method: the service with its matching key embedded, real HTTP; what it answers is finalized as a
 * client does, and compared with what the secret key gives without any blinding.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import { readPublicKey } from '../../src/access/token.ts'
import { connect } from '../../src/database/connect.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/log.ts'
import { noKeyholders } from '../../src/matching/keyholders.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { blindMatchKeys, finalizeMatchKeys } from '../../src/protocol/matching/matchvalues.ts'
import { generateMatchingKey } from '../../src/protocol/matching/voprf.ts'
import type { MatchingEpoch } from '../../src/protocol/trust/keyset.ts'
import { requireBalanced } from '../helpers/books.ts'
import { type BuildOptions, type Built, build } from '../helpers/build.ts'
import { blindedElements } from '../helpers/holder.ts'
import { publishKeyset } from '../helpers/publish.ts'
import { type Call, callerOf, sealed } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { sealKey } from '../helpers/token.ts'

const path = '/v1/matching/evaluations'

async function stage(t: Test, options: BuildOptions = {}) {
  const built = await build(t, options)
  const sql = asSuperuser(t, built.databases)
  t.teardown(() => requireBalanced(sql))
  const as = (clientId: string, url = built.url) => callerOf(built.world, url, clientId)
  const { clientId } = built.world.referring.lawFirm
  return {
    built,
    sql,
    clientId,
    partner: await as(clientId),
    otherPartner: await as(built.world.referring.ngo.clientId),
    internal: await as(built.world.clients.casework),
    as,
    spent: async () => {
      const rows = await sql`
        select elements from evaluation_budget
        where client_id = ${clientId} and day = (now() at time zone 'UTC')::date`
      return rows[0]?.elements ?? 0
    },
    entries: () => sql<{ outcome: string; reason: string; details: object; kind: string }[]>`
      select e.outcome, said ->> 'reason' as reason, o.details, said ->> 'caller' as kind
      from audit_entry e join audit_opening o on o.entry_id = e.id,
        lateral (select convert_from(e.leaf, 'UTF8')::jsonb as said) leaf
      where e.action = 'matching.evaluated' order by e.at, e.id`,
  }
}

const evaluate = (call: Call, elements: readonly string[], epoch = 1) =>
  call('POST', path, { epoch, elements })

/** Whole seconds to the next midnight of UTC, by the clock that the budget goes by. */
async function toMidnight(sql: Sql): Promise<number> {
  const [row] = await sql<{ seconds: number }[]>`
    select ceil(extract(epoch from date_trunc('day', utc) + interval '1 day' - utc))::int as seconds
    from (select now() at time zone 'UTC' as utc) clock`
  return row?.seconds ?? Number.NaN
}

async function counted({ folder }: Built): Promise<number> {
  const text = await readFile(join(folder, 'matching-total.json'), 'utf8').catch(() => undefined)
  return text === undefined ? 0 : JSON.parse(text).elements
}

t.test(
  'two who blind the same keys get the same values, and neither learns the other',
  async (t) => {
    const { built, partner, internal, entries } = await stage(t)
    const { world } = built
    const [epoch] = world.keyset.matching
    const keys = [
      { type: 'N', value: 'okonkwo zuleika' },
      { type: 'PHONE', value: '447700900123' },
    ]
    const values = async (call: Call) => {
      const blinding = blindMatchKeys(keys, world.origin, epoch!)
      const { status, body } = await evaluate(call, blinding.elements)
      t.equal(status, 200)
      t.equal(body.epoch, 1)
      return { blinding, values: finalizeMatchKeys(blinding, body.answers) }
    }
    const [one, two] = [await values(partner), await values(internal)]
    t.same(one.values, two.values)
    t.not(one.blinding.elements[0], two.blinding.elements[0])
    t.same(
      one.values.map(({ type }) => type),
      ['N', 'PHONE'],
    )
    t.match(await entries(), [
      { outcome: 'permitted', kind: 'partner', details: { epoch: 1, elements: 2 } },
      { outcome: 'permitted', kind: 'internal', details: { epoch: 1, elements: 2 } },
    ])
    for (const element of one.blinding.elements) t.notOk(built.log().includes(element))
  },
)

t.test('nothing is evaluated before the budget and the entry are committed', async (t) => {
  const { built, sql, partner, entries, spent } = await stage(t)
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let answered: ReturnType<typeof evaluate> | undefined
  await sql.begin(async (locking) => {
    await locking`lock table audit_entry in share mode`
    answered = evaluate(partner, blindedElements(3)).finally(release)
    const waiting = async (): Promise<void> => {
      const [row] = await sql`
        select count(*)::int as n from pg_locks
        where not granted and relation = 'audit_entry'::regclass
          and database = (select oid from pg_database where datname = current_database())`
      if (row?.n === 0) await waiting()
    }
    await Promise.race([waiting(), released])
    t.equal(await counted(built), 0, 'the holder was not asked')
  })
  t.equal((await answered)?.status, 200)
  t.equal(await counted(built), 3)
  t.equal(await spent(), 3)
  t.equal((await entries()).length, 1)
})

t.test('what is refused is charged to nobody, and is in the log', async (t) => {
  const { built, partner, spent, entries } = await stage(t)
  const good = blindedElements(2)
  const identity = encodeBase64url(new Uint8Array(32))
  // Not reduced: RFC 9496 section 4.3.1 decodes no such bytes.
  const outside = encodeBase64url(new Uint8Array(32).fill(0xff))
  const cases: [unknown, number, string][] = [
    [{ epoch: 1, elements: [...good, identity] }, 422, 'element-invalid'],
    [{ epoch: 1, elements: [...good, outside] }, 422, 'element-invalid'],
    [{ epoch: 1, elements: [good[0]?.slice(1)] }, 422, 'element-invalid'],
    [{ epoch: 1, elements: [`${good[0]}=`] }, 422, 'element-invalid'],
    [{ epoch: 1, elements: [] }, 422, 'batch-mismatch'],
    [{ epoch: 1, elements: blindedElements(41) }, 422, 'batch-mismatch'],
    [{ epoch: 2, elements: good }, 422, 'unknown-matching-epoch'],
    [{ epoch: 1, elements: good, name: 'Okonkwo' }, 400, 'unknown-property'],
    [{ epoch: '1', elements: good }, 400, 'malformed-request'],
    [{ epoch: 1, elements: blindedElements(42) }, 400, 'malformed-request'],
    [{ elements: good }, 400, 'malformed-request'],
  ]
  for (const [body, status, code] of cases) {
    t.match(await partner('POST', path, body), { status, body: { code } }, code)
  }
  t.equal(await spent(), 0)
  t.equal(await counted(built), 0)
  t.same(
    (await entries()).map(({ outcome, reason }) => [outcome, reason]),
    cases.map(([, , code]) => ['refused', code]),
  )
})

t.test('a budget holds across replicas that are asked at once', async (t) => {
  const { built, sql, clientId, partner, as, spent, internal, otherPartner, entries } = await stage(
    t,
    { elementsPerClient: 100 },
  )
  const database = connect({ url: built.databases.url, connectionsMax: 4, prepare: true })
  const second = await createApp({
    ...{ database, origin: built.world.origin, holders: built.holders, elementsPerClient: 100 },
    sealKey,
    tokenPublicKey: await readPublicKey(join(built.folder, 'token-key.pem')),
    logger: createLogger('silent'),
  })
  const url = await second.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    await second.close()
    await database.close()
  })
  const calls = [partner, await as(clientId, url)]
  const asked = Array.from({ length: 24 }, (_, index) =>
    evaluate(calls[index % 2]!, blindedElements(10)),
  )
  const statuses = (await Promise.all(asked)).map(({ status }) => status)
  t.equal(statuses.filter((status) => status === 200).length, 10)
  t.equal(statuses.filter((status) => status === 429).length, 14)
  t.equal(await counted(built), 100, 'the holder saw no more')
  t.equal(await spent(), 100)

  const before = await toMidnight(sql)
  const { status, headers, body } = await evaluate(partner, blindedElements(1))
  const after = await toMidnight(sql)
  t.match(
    { status, body },
    { status: 429, body: { code: 'matching-budget-spent', retry: 'later' } },
  )
  const seconds = Number(headers.get('retry-after'))
  // If the day ended in between, `after` is the longer.
  t.ok(
    after > before || (after <= seconds && seconds <= before),
    `${after} to ${before}: ${seconds}`,
  )
  t.equal((await entries()).at(-1)?.reason, 'matching-budget-spent')

  t.equal((await evaluate(internal, blindedElements(40))).status, 200, 'staff have another')
  t.equal((await evaluate(otherPartner, blindedElements(40))).status, 200, 'others their own')
  await sql`update evaluation_budget set day = day - 1 where client_id = ${clientId}`
  t.equal((await evaluate(partner, blindedElements(40))).status, 200, 'and tomorrow it is new')
})

t.test('whoever floods recipients leaves partners some of the day', async (t) => {
  const { partner, internal } = await stage(t, { elementsPerInternalClient: 60 })
  t.equal((await evaluate(internal, blindedElements(40))).status, 200)
  t.match(await evaluate(internal, blindedElements(40)), {
    ...{ status: 429, body: { code: 'matching-budget-spent', detail: /may have 60 elements/ } },
  })
  t.equal((await evaluate(internal, blindedElements(20))).status, 200)
  t.equal((await evaluate(partner, blindedElements(40))).status, 200)
})

t.test('a batch that is larger than the whole budget is refused, the first too', async (t) => {
  const { partner, spent } = await stage(t, { elementsPerClient: 10 })
  t.equal((await evaluate(partner, blindedElements(11))).status, 429)
  t.equal(await spent(), 0)
  t.equal((await evaluate(partner, blindedElements(10))).status, 200)
})

t.test('over the total of the key everybody is refused, and nobody charged', async (t) => {
  const { built, partner, internal, spent } = await stage(t, { elementsPerDay: 50 })
  t.equal((await evaluate(internal, blindedElements(40))).status, 200)
  for (const call of [partner, internal]) {
    const { status, headers, body } = await evaluate(call, blindedElements(20))
    t.match({ status, body }, { status: 429, body: { code: 'matching-budget-spent' } })
    t.match(headers.get('retry-after'), /^\d+$/)
  }
  t.equal(await spent(), 0)
  t.equal(await counted(built), 40)
  t.match(built.log(), /"percent":80/)
})

t.test(
  'without a matching key nothing is evaluated, and referrals are taken all the same',
  async (t) => {
    const { built, partner, spent } = await stage(t, { holders: noKeyholders })
    const { status, body } = await evaluate(partner, blindedElements(3))
    t.match({ status, body }, { status: 503, body: { code: 'matching-unavailable' } })
    t.equal(await spent(), 0, 'and nothing is charged')
    const envelope = sealed(built.world)
    const id = envelope.header.referralId
    t.equal((await partner('PUT', `/v1/referrals/${id}`, envelope)).status, 201)
    const ready = await fetch(`${built.url}/readyz`)
    t.same(await ready.json(), { status: 'ok', matchingKey: 'none' })
  },
)

t.test('an epoch may be used while a keyset that lists it may', async (t) => {
  const { built, sql, partner } = await stage(t)
  const status = async (epoch: number) => {
    const answer = await evaluate(partner, blindedElements(1), epoch)
    return answer.body.code ?? answer.status
  }
  const [first] = built.world.keyset.matching
  const publicKey = encodeBase64url(generateMatchingKey().publicKey)
  const second = { ...first!, epoch: 2, holders: [publicKey], publicKey }
  const third = { ...first!, epoch: 3 }
  const publish = (matching: MatchingEpoch[], revokes: number[] = []) =>
    publishKeyset(built, { ...built.world.keyset, matching, revokes })
  await publish([first!, second])
  t.equal(await status(1), 200, 'one of two')
  // Its key is in no holder yet: known, and not evaluated.
  t.equal(await status(2), 'matching-unavailable')

  await publish([second])
  t.equal(await status(1), 200, 'of the keyset before, which clients may still seal under')
  t.equal(await status(4), 'unknown-matching-epoch')
  await sql`update keyset set published_at = published_at - interval '31 days'`
  t.equal(await status(1), 'unknown-matching-epoch', 'for thirty days')
  await sql`update keyset set published_at = published_at + interval '31 days'`
  t.equal(await status(1), 200)

  await publish([second, third])
  await publish([third], [4])
  t.equal(await status(3), 200)
  t.equal(await status(2), 'unknown-matching-epoch', 'at once, where that keyset is revoked')
})
