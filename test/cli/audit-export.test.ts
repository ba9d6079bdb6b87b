/**
 * Goal: the folder that `intake audit export` writes is the log: whatever reads C2SP tlog-tiles checks
 * it, and its openings are those of its entries.
 */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openCheckpoint } from '../../src/protocol/log/checkpoint.ts'
import { treeHasher } from '../../src/protocol/log/hash.ts'
import { verifyLog } from '../../src/protocol/log/verify.ts'
import { verify } from '../../src/protocol/signature.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'
import { keyOfLog } from '../helpers/servedlog.ts'
import { asSuperuser, untilPaired, untilSequenced } from '../helpers/superuser.ts'
import { called } from './run.ts'

const built = await build(t, { share: { requestsPerMinute: 1_000_000 } })
const { world, url, folder } = built
const sql = asSuperuser(t, built.databases)
const trustFile = join(folder, 'trust.json')
await writeFile(trustFile, JSON.stringify(world.trust), { mode: 0o600 })
const as = async (clientId: string) => ({
  ...{ INTAKE_URL: url, INTAKE_TRUST: trustFile, INTAKE_HOME: join(folder, 'home') },
  INTAKE_TOKEN: await world.token(clientId),
})

t.test('the folder is the whole log, and public tools can check it', async (t) => {
  const { referralId } = await refer(built)
  await untilPaired(sql)
  // More than a tile, so that one is full and its level has another above.
  for (let count = 0; count < 260; count += 1) {
    await fetch(`${url}/v1/audit/entries?limit=1`, {
      headers: { authorization: `Bearer ${await world.token(world.clients.auditor)}` },
    })
  }
  await untilSequenced(sql)
  const out = join(folder, 'log')
  const { code, err } = await called(t, ['audit', 'export', out], await as(world.clients.auditor))
  t.same([code, err], [0, ''])

  const read = (path: string) => readFile(join(out, path)).catch(() => undefined)
  const state = openCheckpoint((await read('checkpoint'))!, [keyOfLog(world)], verify)
  t.ok(state.size > 256)
  const ids: string[] = []
  await verifyLog(treeHasher(sha256), read, state, {
    onEntries: (_, entries) => {
      for (const entry of entries) ids.push(JSON.parse(Buffer.from(entry).toString()).id)
    },
  })
  const openings = (await readFile(join(out, 'openings.ndjson'), 'utf8')).trimEnd().split('\n')
  const opened = new Map(openings.map((line) => [JSON.parse(line).id, JSON.parse(line)]))
  t.ok(ids.every((id) => opened.get(id)?.intact === true))
  t.ok([...opened.values()].some(({ object }) => object?.id === referralId))
  t.equal((await stat(join(out, 'openings.ndjson'))).mode & 0o077, 0, 'for its owner alone')
})

t.test('a folder that is there, or a caller who may not, is told so', async (t) => {
  const there = join(folder, 'there')
  await mkdir(there)
  t.match(await called(t, ['audit', 'export', there], await as(world.clients.auditor)), {
    code: 2,
    err: /is there: name a new folder/,
  })
  const other = join(folder, 'other')
  const { code } = await called(
    t,
    ['audit', 'export', other],
    await as(world.referring.lawFirm.clientId),
  )
  t.equal(code, 1)
  await t.rejects(stat(join(other, 'checkpoint')))
})
