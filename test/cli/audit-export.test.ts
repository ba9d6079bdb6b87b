/**
 * Goal: the folder that `intake audit export` writes is the log: whatever reads C2SP tlog-tiles checks
 * it, and its openings are those of its entries.
 */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { writePage } from '../../src/cli/auditor/page.ts'
import { pageEntriesMax } from '../../src/client/logpage.ts'
import { openCheckpoint } from '../../src/protocol/log/checkpoint.ts'
import { treeHasher } from '../../src/protocol/log/hash.ts'
import { parseTilePath } from '../../src/protocol/log/tile.ts'
import { verifyLog } from '../../src/protocol/log/verify.ts'
import { verify } from '../../src/protocol/signature.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { build } from '../helpers/build.ts'
import { forgeLog } from '../helpers/forgedlog.ts'
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

t.test('of a log that is too long for a page, the page has the newest entries', async (t) => {
  const leaf = Buffer.from('{}')
  const size = pageEntriesMax + 300
  const files = forgeLog(
    world,
    Array.from({ length: size }, () => leaf),
  )
  const long = join(folder, 'long')
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(long, path)), { recursive: true })
    await writeFile(join(long, path), bytes)
  }
  const { keyset } = world
  const about = { origin: 'intake.test', written: new Date().toISOString(), size, recipients: [] }
  const tiles = [...files.keys()].flatMap((path) => parseTilePath(path) ?? [])
  await writePage(
    long,
    { ...about, keyset },
    tiles,
    Buffer.from(files.get('checkpoint')!).toString(),
  )
  const data = await readdir(join(long, 'data'))
  const told = await readFile(join(long, 'data/about.js'), 'utf8')
  t.match(told, /\\"first\\":512,/)
  t.equal(data.filter((file) => file.startsWith('tile-entries-')).length, 512)
  t.notOk(data.includes('tile-entries-001.js'))
  t.ok(data.includes('tile-entries-002.js'))
  t.notOk(data.includes('tile-0-001.js'), 'nor the hashes of what is left out')
  t.ok(data.includes('tile-1-000.js'), 'but those above them')
})
