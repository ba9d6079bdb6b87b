/**
 * Goal: what was erased stays so when an older database comes back, and a service that cannot know what was erased does not
 * start.
 * Method: the service as a process of its own. The older database is a copy, made before the erasure by PostgreSQL itself.
 */
import { appendFile, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Database } from '../../src/database/connect.ts'
import { idsIn, isStrange, linesOf, sumOf } from '../../src/erasure/list.ts'
import { applyErasures, keepOn } from '../../src/erasure/restoring.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { deployment, listening, start } from '../helpers/process.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { type asSuperuser, untilLeft, untilPaired } from '../helpers/superuser.ts'

const erasedAt = new Date().toISOString()

t.test('a list is read line by line, and what is torn counts as nothing', async (t) => {
  const [one, two] = [newId(), newId()]
  const whole = linesOf([one, two].map((referralId) => ({ referralId, erasedAt })))
  t.strictSame([...idsIn(whole)], [one, two])
  for (let length = 0; length < whole.length / 2 - 1; length += 1) {
    t.equal(idsIn(whole.slice(0, length)).size, 0, `${length}`)
  }
  t.strictSame([...idsIn(`${whole.slice(0, 30)}\n${whole}`)], [one, two])
})

t.test('a list that a person joined is read, or not believed', async (t) => {
  const [one, two] = [newId(), newId()]
  const whole = linesOf([one, two].map((referralId) => ({ referralId, erasedAt })))
  t.strictSame([...idsIn(whole.replaceAll('\n', '\r\n'))], [one, two], 'joined on Windows')
  for (let length = 0; length < whole.length; length += 1) {
    t.notOk(isStrange(`${whole.slice(0, length)}\nbegun anew\n${whole}`), `torn at ${length}`)
  }
  // As PowerShell writes it, with a mark of its order, and with something before the lines.
  const wide = Buffer.from(`\ufeff${whole}`, 'utf16le').toString('utf8')
  const strange = [wide, `\ufeff${whole}`, whole.toUpperCase(), `1: ${whole}`, `"${one}"\n`]
  for (const text of strange) {
    const [added, writes]: [string[], string[]] = [[], []]
    const list = {
      ...{ file: 'erasures', read: async () => text, readSum: async () => undefined },
      append: async (lines: string) => void added.push(lines),
      writeSum: async (sum: string) => void writes.push(sum),
    }
    const database = { inTransaction: async () => ({ here: 'b', before: 'a', erased: [] }) }
    await t.rejects(applyErasures(database as unknown as Database, list), { message: /not one of/ })
    t.strictSame([...added, ...writes], [], 'nothing is added to it')
  }
})

t.test('a list that was cut while it is served is not said to be whole', async (t) => {
  const erasures = [newId(), newId(), newId()].map((referralId) => {
    return { referralId, erasedAt, entryId: newId() }
  })
  let [text, sum] = ['', sumOf('')]
  let reads = 0
  const { add, sum: sumUp } = keepOn({
    file: 'erasures',
    async read() {
      reads += 1
      return text
    },
    async append(lines) {
      text += lines
    },
    readSum: async () => sum,
    async writeSum(next) {
      sum = next
    },
  })
  await add(erasures.slice(0, 1))
  await add(erasures.slice(1, 2))
  t.equal(reads, 0)
  await sumUp()
  t.equal(reads, 1)
  t.equal(sum, sumOf(linesOf(erasures.slice(0, 2))))
  // As a tool does that keeps logs short.
  text = ''
  await add(erasures.slice(2))
  const before = sum
  await t.rejects(sumUp(), /erasures does not hold any more what was written to it/)
  t.equal(sum, before, 'so the next start finds it too')
})

t.test(
  'an erasure is on the list before it is answered, and outlives an older database',
  async (t) => {
    const databases = await cloneDatabase()
    t.teardown(() => databases.drop())
    const { world, variables, sql, folder } = await deployment(t, databases)
    const ERASURES_FILE = join(folder, 'kept', 'erasures')
    const serve = () => listening(t, { ...variables, ERASURES_FILE })
    const first = await serve()
    t.equal((await stat(ERASURES_FILE)).mode & 0o077, 0)
    const { referralId } = await refer({ world, url: first.url })
    const { referralId: open } = await refer({ world, url: first.url })
    const { referralId: other } = await refer({ world, url: first.url })
    await untilPaired(sql)
    const saved = await saveTables(sql)
    const casework = await callerOf(world, first.url, world.clients.casework)
    for (const id of [referralId, open]) {
      t.equal((await casework('POST', `/v1/referrals/${id}/erasure`)).status, 200)
      t.ok(idsIn(await readFile(ERASURES_FILE, 'utf8')).has(id))
    }
    first.child.kill('SIGKILL')
    await first.ended
    await untilLeft(sql)

    await saved.restore()
    const [before] = await sql`select state from referral where id = ${referralId}`
    t.equal(before?.state, 'received', 'the older database has it')
    await sql`insert into legal_hold
    select ${open}, 'inquiry', now(), entry_id from referral where id = ${open}`
    const second = await serve()
    const rows = await sql`select id, state from referral order by id`
    t.strictSame(
      rows.map(({ id, state }) => [id, state]),
      [
        [referralId, 'erased'],
        [open, 'erased'],
        [other, 'received'],
      ],
    )
    const [entry] = await sql`
    select details from audit_opening o join audit_entry e on e.id = o.entry_id
    where e.action = 'referral.erased' and e.object_id = ${referralId}`
    t.match(entry?.details, { rule: 'restored' })
    const held = await sql`select from legal_hold`
    t.equal(held.length, 0, 'a hold of then had been lifted before it was erased')
    second.child.kill('SIGTERM')
    t.equal(await second.ended, 0)
    await requireBalanced(sql)

    // Killed between the commit and the list: the next start adds what the database knows.
    await writeFile(ERASURES_FILE, '')
    await appendFile(ERASURES_FILE, referralId.slice(0, 20))
    await writeFile(`${ERASURES_FILE}.sum`, sumOf(''))
    const third = await serve()
    t.strictSame(
      [...idsIn(await readFile(ERASURES_FILE, 'utf8'))].sort(),
      [referralId, open].sort(),
    )
    third.child.kill('SIGTERM')
    await third.ended

    const whole = await readFile(ERASURES_FILE, 'utf8')
    const stops = async (said: RegExp) => {
      const stopped = start(t, { ...variables, ERASURES_FILE })
      t.equal(await stopped.ended, 1)
      t.match(stopped.output(), said)
    }
    // Emptied, cut or changed, it is not believed.
    const changed = whole.replace(referralId, newId())
    for (const text of ['', whole.slice(0, whole.indexOf('\n') + 1), changed]) {
      await writeFile(ERASURES_FILE, text)
      await stops(/ERASURES_FILE .*does not hold any more what was written to it/)
    }
    await rm(`${ERASURES_FILE}.sum`)
    await writeFile(ERASURES_FILE, '')
    await stops(/ERASURES_FILE .*names no erasure, and 2 referrals were erased/)
    await rm(ERASURES_FILE)
    await stops(/ERASURES_FILE .*is not there, and this database was restored/)
    await writeFile(ERASURES_FILE, 'begun anew\n')
    const fourth = await serve()
    fourth.child.kill('SIGTERM')
    t.equal(await fourth.ended, 0, 'a person may say that it was lost')

    // Older than the database that is served, or longer, it is a list all the same.
    await appendFile(ERASURES_FILE, linesOf([{ referralId: other, erasedAt }]))
    const fifth = await serve()
    const [last] = await sql`select state from referral where id = ${other}`
    t.equal(last?.state, 'erased')
    fifth.child.kill('SIGTERM')
    await fifth.ended
  },
)

t.test(
  'without the list a database that was restored from before any erasure is not served',
  async (t) => {
    const databases = await cloneDatabase()
    t.teardown(() => databases.drop())
    const { variables, sql, folder } = await deployment(t, databases)
    const ERASURES_FILE = join(folder, 'erasures')
    const first = await listening(t, { ...variables, ERASURES_FILE })
    first.child.kill('SIGTERM')
    await first.ended
    await rm(ERASURES_FILE)
    await rm(`${ERASURES_FILE}.sum`)
    const again = await listening(t, { ...variables, ERASURES_FILE })
    again.child.kill('SIGTERM')
    await again.ended
    t.pass('the same database without erasures needs none')
    await rm(ERASURES_FILE)
    await rm(`${ERASURES_FILE}.sum`)
    // What a dump that is restored has: the table is another than the one that was served.
    await sql`update served_as set epoch = 'another'`
    const without = start(t, { ...variables, ERASURES_FILE })
    t.equal(await without.ended, 1)
    t.match(without.output(), /begun anew/)
    await writeFile(ERASURES_FILE, '')
    const third = await listening(t, { ...variables, ERASURES_FILE })
    third.child.kill('SIGTERM')
    t.equal(await third.ended, 0, 'an empty list is one')
  },
)

t.test('what a rule of retention erases is on the list of the replica that did it', async (t) => {
  const databases = await cloneDatabase()
  t.teardown(() => databases.drop())
  const { world, variables, sql, folder } = await deployment(t, databases)
  const ERASURES_FILE = join(folder, 'erasures')
  const first = await listening(t, { ...variables, ERASURES_FILE })
  const { referralId } = await refer({ world, url: first.url })
  const casework = await callerOf(world, first.url, world.clients.casework)
  const recipient = world.recipients.casework.receiving.kid
  const asked = { recipient, max: 1, leaseSeconds: 60, referral: referralId }
  await untilPaired(sql)
  const { body } = await casework('POST', '/v1/triage/claims', asked)
  const [{ claimId, fence }] = body.claims
  const answer = { fence, outcome: 'redirected', referrals: [referralId] }
  await casework('POST', `/v1/triage/claims/${claimId}/completion`, answer)
  first.child.kill('SIGTERM')
  await first.ended

  await sql`update referral set shown_at = shown_at - interval '40 days'`
  await sql`
    insert into retention_rule
    select 'redirected', 30, now() - interval '2 days', now() - interval '1 day', epoch from served_as`
  const second = await listening(t, { ...variables, ERASURES_FILE })
  for (const end = Date.now() + 20_000; ; ) {
    if (idsIn(await readFile(ERASURES_FILE, 'utf8')).has(referralId)) break
    if (Date.now() > end) throw new Error(second.output())
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const [row] = await sql`select rule from erasure where referral_id = ${referralId}`
  t.equal(row?.rule, 'retention')
  second.child.kill('SIGTERM')
  t.equal(await second.ended, 0)
  await requireBalanced(sql)
})

/** Puts every row of every table back as it is now. */
async function saveTables(sql: ReturnType<typeof asSuperuser>) {
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`
  await sql`create schema saved`
  for (const { name } of tables)
    await sql.unsafe(`create table saved.${name} as table public.${name}`)
  return {
    async restore() {
      await sql.begin(async (tx) => {
        await tx`set local session_replication_role = replica`
        for (const { name } of tables) {
          const columns = await tx<{ name: string }[]>`
            select quote_ident(column_name) as name from information_schema.columns
            where table_schema = 'public' and table_name = ${name} and is_generated = 'NEVER'`
          const all = columns.map((column) => column.name).join(', ')
          await tx.unsafe(`delete from public.${name}`)
          const own = name === 'triage_change' ? 'overriding system value ' : ''
          await tx.unsafe(
            `insert into public.${name} (${all}) ${own}select ${all} from saved.${name}`,
          )
        }
        await tx`drop schema saved cascade`
      })
    },
  }
}
