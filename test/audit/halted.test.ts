/**
 * Goal: a service whose database was set back says so and signs nothing, until its log is restarted.
 * Method: the service as a process of its own, beside a checkpoint that its database never came to.
 */
import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { signedCheckpoint } from '../../src/audit/tree.ts'
import { intake } from '../cli/run.ts'
import { requireBalanced } from '../helpers/books.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { deployment, listening } from '../helpers/process.ts'

t.test('until the log is restarted on the host it is not ready, and says why', async (t) => {
  const databases = await cloneDatabase()
  t.teardown(() => databases.drop())
  const { world, variables, sql, folder } = await deployment(t, databases)
  const [one, two] = [1, 2].map((n) => `${world.origin}/v1/audit/logs/${n}`) as [string, string]
  const ahead = signedCheckpoint(one, { size: 1000, root: new Uint8Array(32) }, [world.logKey])
  const CHECKPOINT_FILE = `${folder}/checkpoint`
  await writeFile(CHECKPOINT_FILE, ahead)
  const { url } = await listening(t, { ...variables, CHECKPOINT_FILE })
  const readyz = async () => {
    const answer = await fetch(`${url}/readyz`)
    return { status: answer.status, body: (await answer.json()) as { detail?: string } }
  }
  const until = async (status: number) => {
    for (;;) {
      const answer = await readyz()
      if (answer.status === status) return answer.body
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  t.match((await until(503)).detail, /not continued: .* log 1 with 1000 entries.*it was set back/)
  t.same(await sql`select from audit_index`, [])

  const host = { DATABASE_OWNER_URL: databases.ownerUrl, ORIGIN: world.origin, CHECKPOINT_FILE }
  const restart = ['admin', 'log', 'restart', '--reason', 'The disk was lost', '--json']
  const { code, out, err } = await intake(restart, host)
  t.equal(code, 0, err)
  t.match(JSON.parse(out), { closed: 1, opened: 2 })
  t.match(await until(200), { status: 'ok', logKey: 'named' })
  const [first] = await sql`
    select convert_from(leaf, 'UTF8')::jsonb as said from audit_entry
    where action = 'log.restarted'`
  t.match(first?.said, { object: { kind: 'log', id: '1' }, caller: 'administrator' })
  for (let size = 0; size === 0; ) {
    const answer = await fetch(`${url}/v1/audit/logs/2/checkpoint`)
    if (answer.status === 200) {
      const [origin, count] = (await answer.text()).split('\n')
      t.equal(origin, two)
      size = Number(count)
    }
  }
  await requireBalanced(sql)
})
