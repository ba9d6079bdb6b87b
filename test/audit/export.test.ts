/**
 * Goal: the log as one file holds what the list shows, costs no memory however long it is, and reads
 * no further than its reader.
 */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url, database } = built
const { lawFirm } = world.referring
const sql = asSuperuser(t, built.databases)
const token = await world.token(world.clients.auditor)
const headers = { authorization: `Bearer ${token}` }
const asAuditor = await callerOf(world, url, world.clients.auditor)

const exported = (query: string) => fetch(`${url}/v1/audit/export?${query}`, { headers })

for (let count = 0; count < 3; count += 1) await refer(built)
await untilPaired(sql)

t.test('as lines it holds what the list shows, and is one entry itself', async (t) => {
  const { body } = await asAuditor('GET', '/v1/audit/entries?limit=200&action=referral.submitted')
  const answer = await exported('format=ndjson&action=referral.submitted')
  t.match(answer.headers.get('content-type'), /^application\/x-ndjson/)
  const lines = (await answer.text()).trimEnd().split('\n')
  t.equal(lines.length, 3)
  t.same(
    lines.map((line) => JSON.parse(line)),
    body.entries,
  )
  const acts = await asAuditor('GET', '/v1/audit/entries?action=audit.exported')
  t.match(acts.body.entries, [{ opening: { details: { format: 'ndjson', filters: 'action' } } }])
  t.equal(acts.body.entries.length, 1)
  await requireBalanced(sql)
})

t.test('who may not read the log may not export it, and a form of nobody is refused', async (t) => {
  const call = await callerOf(world, url, lawFirm.clientId)
  t.equal((await call('GET', '/v1/audit/export?format=csv')).status, 403)
  for (const query of ['', 'format=xml', 'format=csv&limit=3', 'format=csv&from=2026-02-30']) {
    t.equal((await asAuditor('GET', `/v1/audit/export?${query}`)).status, 400, query)
  }
})

t.test('no cell of a table begins as a formula does', async (t) => {
  const organisations = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', 'said "a", b', 'a=b']
  const shown = [`'=1+1`, `'+1`, `'-1`, `'@SUM(A1)`, `'\tx`, `"'\rx"`, `"said ""a"", b"`, 'a=b']
  for (const [index, label] of organisations.entries()) {
    const { acknowledgement } = await refer(built)
    await sql`update audit_opening set organisation_label = ${label}
      where entry_id = ${acknowledgement.entryId}`
    const answer = await exported('format=csv&action=referral.submitted')
    t.equal(answer.headers.get('content-type'), 'text/csv; charset=utf-8')
    const [head, newest] = (await answer.text()).split('\r\n')
    t.match(head, /^id,at,action,outcome,.*,organisationLabel,person,details,intact$/)
    t.ok(newest?.includes(`,${lawFirm.organisationId},${shown[index]},`), label)
  }
})

t.test('of a long log', async (t) => {
  const pages = 50
  await sql`
    with made as (
      insert into audit_entry (id, at, action, outcome, object_id, leaf)
      select gen_random_uuid(), now() - number * interval '1 second', 'case.split', 'permitted',
             null, convert_to(repeat('x', 4000), 'UTF8')
      from generate_series(1, ${pages * 200}) number
      returning id)
    insert into audit_opening (entry_id) select id from made`
  const query = 'format=ndjson&action=case.split'
  const size = pages * 200 * 5_000
  let read = 0
  const { inTransaction } = database
  t.teardown(() => Object.assign(database, { inTransaction }))
  const counting: typeof inTransaction = (caller, act, options) => {
    if (caller.kind === 'auditor') read += 1
    return inTransaction(caller, act, options)
  }
  Object.assign(database, { inTransaction: counting })
  /** As much reading as the whole export would be. */
  const meanwhile = async () => {
    for (let page = 0; page < pages; page += 1) {
      await sql`select * from audit_entry where action = 'case.split' order by at desc limit 200`
    }
  }

  t.test('memory does not grow with its rows', async (t) => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const used = () => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const before = used()
    let [most, bytes, chunks] = [0, 0, 0]
    const request = get(`${url}/v1/audit/export?${query}`, { headers })
    const [answer]: [IncomingMessage] = (await once(request, 'response')) as [IncomingMessage]
    for await (const chunk of answer) {
      bytes += chunk.length
      chunks += 1
      if (chunks % 100 === 0) most = Math.max(most, used() - before)
    }
    t.ok(bytes > size, 'all of it')
    t.ok(most < size / 5, `${most} bytes held of ${bytes}`)
    t.equal(read, pages + 1)
  })

  t.test('who stops reading stops the reading of pages, and who leaves ends it', async (t) => {
    read = 0
    const request = get(`${url}/v1/audit/export?${query}`, { headers })
    const [answer]: [IncomingMessage] = (await once(request, 'response')) as [IncomingMessage]
    await once(answer, 'readable')
    await meanwhile()
    t.ok(read < pages, `${read} pages read for one who reads none`)
    request.on('error', () => {})
    answer.on('error', () => {})
    request.destroy()
    await meanwhile()
    const atEnd = read
    t.ok(atEnd < pages)
    await meanwhile()
    t.equal(read, atEnd)
  })

  t.test('a page that cannot be read breaks the file off', async (t) => {
    read = 0
    const failing: typeof inTransaction = (...args) =>
      read === 3 ? Promise.reject(new Error('away')) : counting(...args)
    Object.assign(database, { inTransaction: failing })
    const answer = await exported(query)
    t.equal(answer.status, 200)
    await t.rejects(answer.text())
  })

  t.test('who is disabled meanwhile reads no further page', async (t) => {
    Object.assign(database, { inTransaction: counting })
    read = 0
    const { body } = await exported(query)
    const reader = body!.getReader()
    await reader.read()
    await sql`update client set disabled_at = now() where id = ${world.clients.auditor}`
    const rest = async () => {
      while (!(await reader.read()).done);
    }
    await t.rejects(rest())
    t.ok(read < pages, `${read} pages read`)
  })
})
