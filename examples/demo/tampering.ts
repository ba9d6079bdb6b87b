/** The last act, its end: the log checked by the auditor's own tool, before and after somebody changed a row. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { show } from './screen.ts'
import type { Stage } from './stage.ts'

type Verdict = { readonly size?: number; readonly fault?: { readonly index?: number } }

/** Hides who opened a referral, in the database and behind the service's back; and puts it back. */
export async function hiddenOpening(stage: Stage, token: string): Promise<void> {
  const { superuser } = stage
  const whole = await verifyLog(stage, token)
  show(
    'the log is verified',
    `exit ${whole.code}: ${whole.said.size} entries, each as it was signed`,
  )
  const [entry] = await superuser<{ id: string; index: number; leaf: Uint8Array }[]>`
    select e.id, i.index::int as index, e.leaf
    from audit_entry e join audit_index i on i.entry_id = e.id
    where e.action = 'referral.opened' order by i.index limit 1`
  if (!entry) throw new Error('no opening stands in the log')
  const changed = Buffer.from(entry.leaf).toString().replace('"permitted"', '"refused"')
  await superuser`update audit_entry set leaf = ${Buffer.from(changed)} where id = ${entry.id}`
  show('an opening is hidden', 'its row says refused, by a hand in the database')
  try {
    const { code, said } = await verifyLog(stage, token)
    show('the log is verified', `exit ${code}: entry ${said.fault?.index} is wrong`)
    if (whole.code !== 0 || code !== 1 || said.fault?.index !== entry.index) {
      throw new Error('the log was not judged as it is')
    }
  } finally {
    await superuser`update audit_entry set leaf = ${entry.leaf} where id = ${entry.id}`
  }
}

/** `intake audit verify`, as the auditor calls it, with nothing but the root keys that were pinned. */
async function verifyLog({ folder, url, world }: Stage, token: string) {
  const trust = join(folder, 'trust.json')
  await writeFile(trust, JSON.stringify(world.trust), { mode: 0o600 })
  const { PATH, NODE_OPTIONS } = process.env
  const program = join(import.meta.dirname, '../../src/cli/intake.js')
  const child = spawn(process.execPath, [program, 'audit', 'verify', '--json'], {
    env: {
      ...{ PATH, NODE_OPTIONS, INTAKE_URL: url, INTAKE_TOKEN: token },
      ...{ INTAKE_TRUST: trust, INTAKE_HOME: join(folder, 'auditor') },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said, [code]] = await Promise.all([json(child.stdout), once(child, 'close')])
  return { said: said as Verdict, code: code as number | null }
}
