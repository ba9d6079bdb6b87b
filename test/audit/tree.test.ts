/**
 * Goal: what is served of the log is a tree that anybody can check, and it holds every entry once.
 * Method: the service answers; its files are read back, and the root is made again from the entries by the
 * definition of RFC 6962, section 2.1. Sequencers of the test's own run at once, on a database that was set
 * back, and on tiles that somebody changed.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Proven, proveEntry } from '../../src/audit/proofs.ts'
import { restartLog } from '../../src/audit/restart.ts'
import { createSequencer, type Kept, type LogStanding } from '../../src/audit/sequencer.ts'
import { appendAll } from '../../src/audit/service.ts'
import type { KnownCaller } from '../../src/caller.ts'
import { connect } from '../../src/database/connect.ts'
import { isAway } from '../../src/database/lost.ts'
import { readIfThere, replaceFile } from '../../src/disk.ts'
import { decodeBase64url } from '../../src/protocol/bytes.ts'
import { generateSigningKey, type KeyPair } from '../../src/protocol/keys.ts'
import { openCheckpoint } from '../../src/protocol/log/checkpoint.ts'
import { treeHasher } from '../../src/protocol/log/hash.ts'
import { logKeyType, type NoteKey, noteKey } from '../../src/protocol/log/key.ts'
import { openProof, parseProofFile } from '../../src/protocol/log/prooffile.ts'
import { verify } from '../../src/protocol/signature.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'
import { stage } from '../helpers/stage.ts'
import { asSuperuser, holdTable, untilPaired, untilSequenced } from '../helpers/superuser.ts'

const origin = 'intake.test/v1/audit/logs/1'
const system = { kind: 'system', request: newId() } as const

const hasher = treeHasher(sha256)

/** RFC 6962, section 2.1, as it is written. */
function treeHash(leaves: readonly Uint8Array[]): Buffer {
  const hash = (...parts: Uint8Array[]) =>
    createHash('sha256').update(Buffer.concat(parts)).digest()
  if (leaves.length === 0) return hash()
  if (leaves.length === 1) return hash(Uint8Array.of(0), leaves[0]!)
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return hash(Uint8Array.of(1), treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)))
}

/** Entries that nobody's act made, in one transaction. */
function entries(count: number) {
  return Array.from({ length: count }, () => ({ action: 'request.received' }) as const)
}

t.test('the log that is served holds every entry, under the key of the keyset', async (t) => {
  const built = await build(t)
  const { url, world, database } = built
  const sql = asSuperuser(t, built.databases)
  await refer(built)
  await untilPaired(sql)
  await database.inTransaction(system, (tx) => appendAll(tx, entries(520)))
  await untilSequenced(sql)
  const token = await world.token(world.clients.auditor)
  const get = async (path: string, by?: string) => {
    const headers = by === undefined ? {} : { authorization: `Bearer ${by}` }
    return fetch(`${url}/v1/audit/logs/1/${path}`, { headers })
  }
  const shown = await get('checkpoint')
  t.match(shown.headers.get('content-type'), /^text\/plain; charset=utf-8$/)
  const publicKey = decodeBase64url(world.keyset.log.publicKeys[0]!, 32)
  const key = noteKey(sha256, { name: origin, type: logKeyType, publicKey })
  const checkpoint = openCheckpoint(await shown.text(), [key], verify)

  const leaves: Uint8Array[] = []
  for (let index = 0; leaves.length < checkpoint.size; index += 1) {
    const width = Math.min(256, checkpoint.size - index * 256)
    const name = `00${index}${width < 256 ? `.p/${width}` : ''}`
    const bundle = new Uint8Array(await (await get(`tile/entries/${name}`, token)).arrayBuffer())
    for (let at = 0; at < bundle.length; ) {
      const length = bundle[at]! * 256 + bundle[at + 1]!
      leaves.push(bundle.subarray(at + 2, at + 2 + length))
      at += 2 + length
    }
    const tile = await get(`tile/0/${name}`)
    t.match(tile.headers.get('cache-control'), /immutable/)
    t.match(tile.headers.get('content-type'), 'application/octet-stream')
    const own = leaves.slice(index * 256).map((leaf) => treeHash([leaf]))
    t.same(Buffer.from(await tile.arrayBuffer()), Buffer.concat(own), `tile ${name}`)
  }
  t.equal(leaves.length, checkpoint.size)
  t.same(Buffer.from(checkpoint.root), treeHash(leaves))
  const stored = await sql`select leaf from audit_entry`
  const read = new Set(leaves.map((leaf) => Buffer.from(leaf).toString()))
  t.equal(read.size, checkpoint.size, 'none twice')
  const later = stored.filter(({ leaf }) => !read.has(Buffer.from(leaf).toString()))
  t.same(
    later.map(({ leaf }) => JSON.parse(Buffer.from(leaf).toString()).action),
    ['audit.fetched'],
    'all but the one reading, which is an entry once and not three times',
  )
  const readJson = async <Body>(path: string): Promise<Body> => {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
    return (await answer.json()) as Body
  }
  const opened = (proven: Proven) =>
    openProof(hasher, parseProofFile(proven.proof), decodeBase64url(proven.leaf), {
      ...{ keys: [key], verify },
    })
  for (const index of [0, 255, 256, checkpoint.size - 1]) {
    const [row] = await sql`select entry_id as id from audit_index where index = ${index}`
    t.ok(
      opened(await readJson<Proven>(`/v1/audit/entries/${row?.id}/proof`)).size >= checkpoint.size,
      `entry ${index} is proven`,
    )
  }
  const { keyset, published } = await readJson<{
    keyset: string
    published: Proven
  }>('/v1/keyset')
  opened(published)
  const payload = createHash('sha256').update(Buffer.from(keyset.split('.')[1]!, 'base64url'))
  t.match(JSON.parse(Buffer.from(published.leaf, 'base64url').toString()), {
    action: 'keyset.published',
    object: { kind: 'keyset', id: '1', digest: payload.digest('base64url') },
  })
  for (const path of ['tile/0/000.p/0', 'tile/0/0', 'tile/x/000', 'tile/0/009', 'tile/9/000']) {
    t.equal((await get(path)).status, 404, path)
  }
  // Wider than it is yet: whatever were answered would be kept for a year.
  for (const path of ['tile/0/002.p/255', 'tile/0/002']) {
    const answer = await get(path)
    t.same([answer.status, answer.headers.get('cache-control')], [404, 'no-store'], path)
  }
  t.equal((await get('tile/entries/000')).status, 401, 'entries are for auditors')
  await requireBalanced(sql)
})

/** Sequencers on a database without any, and what each kept outside it. */
async function sequencing(t: Test) {
  const { database, databases, world, sql } = await stage(t)
  const create = (kept: Kept = keptIn({}), keys: readonly KeyPair[] = [world.logKey]) => {
    let standing: LogStanding | undefined
    const step = createSequencer(database, {
      ...{ origin: world.origin, keys, kept },
      onStanding: (told) => {
        standing = told
      },
    })
    return { run: () => step.run(), standing: () => standing }
  }
  const add = (count: number) =>
    database.inTransaction(system, (tx) => appendAll(tx, entries(count)))
  const size = async () => Number((await sql`select size from audit_log`)[0]?.size)
  const folder = await mkdtemp(join(tmpdir(), 'intake-tree-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return { database, databases, world, sql, create, add, size, file: join(folder, 'kept') }
}

function keyOf({ publicKey }: KeyPair): NoteKey {
  return noteKey(sha256, { name: origin, type: logKeyType, publicKey })
}

/** As `intake admin log restart` does it, as the owner. */
async function restart(
  { ownerUrl }: { ownerUrl: string },
  deployment: string,
  reason: string,
  kept: string | undefined,
) {
  const owner = connect({ url: ownerUrl, connectionsMax: 1, prepare: true })
  try {
    return await owner.inTransaction({ kind: 'administrator', request: newId() }, (tx) =>
      restartLog(tx, { deployment, reason, kept }),
    )
  } finally {
    await owner.close()
  }
}

function keptIn(place: { text?: string }): Kept {
  return {
    read: async () => place.text,
    write: async (text) => {
      place.text = text
    },
  }
}

t.test('while one appends, another neither waits for it nor fails after it', async (t) => {
  const { sql, create, add, size } = await sequencing(t)
  await create().run()
  const before = await size()
  await add(3)
  const hold = await holdTable(sql, 'audit_index')
  const first = create().run()
  await hold.blocked()
  // It sees what the first did not, and a head that is about to move.
  await add(2)
  let hasMore: boolean | undefined
  const second = create()
    .run()
    .then((found) => {
      hasMore = found
    })
  const held = () => sql`
    select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`
  while (hasMore === undefined && (await held()).length < 2);
  t.equal(hasMore, false, 'it leaves all to the first')
  await hold.letGo()
  await Promise.all([first, second])
  await create().run()
  t.equal(await size(), before + 5)
  await requireBalanced(sql)
})

t.test(
  'of several sequencers at once no entry gets two places, and none is left out',
  async (t) => {
    const { sql, create, add, size } = await sequencing(t)
    const all = [create(), create(), create(), create()]
    for (let round = 0; round < 6; round += 1) {
      await add(300)
      await Promise.all(all.map(({ run }) => run()))
    }
    while (await create().run());
    const [{ count }] = await sql<
      [{ count: number }]
    >`select count(*)::int as count from audit_entry`
    t.equal(await size(), count)
    await requireBalanced(sql)
  },
)

t.test('a row that waits twice, or once more, gets no second place', async (t) => {
  const { sql, create, add } = await sequencing(t)
  await add(3)
  await create().run()
  await sql`insert into audit_pending select at, id from audit_entry limit 2`
  await add(1)
  await create().run()
  await requireBalanced(sql)
})

t.test('an entry that waits has no proof yet, and what is no entry never has', async (t) => {
  const { database, sql, world, create, add } = await sequencing(t)
  await add(1)
  const auditor: KnownCaller = {
    ...{ kind: 'auditor', clientId: world.clients.auditor, organisationId: newId() },
    ...{ request: newId(), scopes: new Set(), kids: new Set() },
    labels: { client: 'An auditor', organisation: 'Oversight' },
  }
  const prove = (id: string) => database.inTransaction(auditor, (tx) => proveEntry(tx, id))
  const [waiting] = await sql`select entry_id as id from audit_pending`
  await t.rejects(prove(waiting?.id), { code: 'not-sequenced' })
  await t.rejects(prove(newId()), { code: 'not-found' })
  await create().run()
  t.match(await prove(waiting?.id), { proof: /^c2sp\.org\/tlog-proof@v1\n/ })
})

t.test('a database that was set back is not signed over, until the log is another', async (t) => {
  const { sql, databases, world, create, add, size } = await sequencing(t)
  const outside: { text?: string } = {}
  await add(10)
  await create(keptIn(outside)).run()
  const before = await size()
  const rows = await sql`
    select checkpoint from audit_log`
  const tiles = await sql`select level, n, hashes from audit_tile`
  await add(5)
  await create(keptIn(outside)).run()
  const ahead = outside.text
  // As a restored backup has it: the entries that came after are gone.
  await sql.begin(async (tx) => {
    const lost = await tx`delete from audit_index where index >= ${before} returning entry_id`
    const ids = lost.map(({ entry_id: id }) => id)
    await tx`delete from audit_opening where entry_id = any (${ids})`
    await tx`delete from audit_entry where id = any (${ids})`
    await tx`update audit_log set size = ${before}, checkpoint = ${rows[0]!.checkpoint}`
    for (const { level, n, hashes } of tiles) {
      await tx`update audit_tile set hashes = ${hashes} where level = ${level} and n = ${n}`
    }
  })
  await add(1)
  const halted = create(keptIn(outside))
  t.equal(await halted.run(), false)
  t.match(
    halted.standing()?.halted,
    new RegExp(`with ${before + 5} entries.*with ${before}: it was set back`),
  )
  t.equal(await size(), before)
  t.equal(outside.text, ahead, 'what is kept stays')
  await requireBalanced(sql)

  // On the host another log is opened, which says why.
  const restarted = await restart(databases, world.origin, 'The disk was lost', outside.text)
  t.same(restarted, { closed: 1, opened: 2 })
  await add(2)
  const next = create(keptIn(outside))
  while (await next.run());
  t.equal(next.standing()?.halted, undefined)
  const [first] = await sql`
    select e.leaf, o.details from audit_index i join audit_entry e on e.id = i.entry_id
    join audit_opening o on o.entry_id = e.id where i.log = 2 and i.index = 0`
  const [text] = ahead!.split('\n\n')
  const digest = createHash('sha256').update(`${text}\n`).digest('base64url')
  t.match(JSON.parse(Buffer.from(first?.leaf).toString()), {
    ...{ action: 'log.restarted', caller: 'administrator' },
    object: { kind: 'log', id: '1', digest },
  })
  t.same(first?.details, {
    ...{ reason: 'The disk was lost', checkpoint: ahead, entriesInDatabase: before },
  })
  t.match(outside.text, /^intake\.test\/v1\/audit\/logs\/2\n/)
  await requireBalanced(sql)
})

t.test('a log that went on without what was lost is found out when it is as large', async (t) => {
  const { create, add } = await sequencing(t)
  const outside: { text?: string } = {}
  await add(10)
  // The checkpoint of another tree of this size.
  await create(keptIn(outside)).run()
  outside.text = outside.text!.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${'A'.repeat(43)}=\n`)
  // Somebody without the file goes on: then it is another tree, which shows as soon as it is as large.
  await add(20)
  await create().run()
  const late = create(keptIn(outside))
  await late.run()
  t.match(late.standing()?.halted, /is of another tree/)
})

t.test('tiles that somebody changed are not signed over', async (t) => {
  const { sql, create, add, size } = await sequencing(t)
  await add(10)
  const signer = create()
  await signer.run()
  const before = await size()
  await sql`update audit_tile set hashes = sha256('') || substr(hashes, 33)`
  await add(1)
  const halted = create()
  for (const it of [signer, halted]) {
    await it.run()
    t.match(it.standing()?.halted, /not those of the checkpoint/)
    t.equal(await size(), before)
  }
  await sql`update audit_tile set hashes = substr(hashes, 33)`
  await halted.run()
  t.match(halted.standing()?.halted, /tile\/0\/000/)
})

t.test('an earlier checkpoint that somebody puts back does not replace what is kept', async (t) => {
  const { sql, create, add } = await sequencing(t)
  const outside: { text?: string } = {}
  await add(10)
  const sequencer = create(keptIn(outside))
  await sequencer.run()
  const [earlier] = await sql`select checkpoint from audit_log`
  await add(5)
  await sequencer.run()
  const [newest] = await sql`select checkpoint from audit_log`
  await sql`update audit_log set checkpoint = ${earlier?.checkpoint}`
  await sequencer.run()
  t.match(sequencer.standing()?.halted, /not those of the checkpoint/)
  t.equal(outside.text, newest?.checkpoint)
  // Mended, it goes on.
  await sql`update audit_log set checkpoint = ${newest?.checkpoint}`
  await add(1)
  await sequencer.run()
  t.equal(sequencer.standing()?.halted, undefined)
  await requireBalanced(sql)
})

t.test('a second log is not signed under the name of the first', async (t) => {
  const { sql, world, create, add } = await sequencing(t)
  const sequencer = create()
  await add(10)
  await sequencer.run()
  // Who can write to the database would have the whole log signed anew, over what is kept outside.
  await sql`update audit_log set closed_at = now()`
  await sql`insert into audit_log (n, origin) values (2, ${`${world.origin}/v1/audit/logs/1`})`
  await add(1)
  for (const it of [sequencer, create()]) {
    await it.run()
    t.match(it.standing()?.halted, /log 2 goes by another name/)
  }
  t.same(await sql`select size::int as size from audit_log where n = 2`, [{ size: 0 }])
})

t.test('what is kept outside is no checkpoint of this log: nothing is signed', async (t) => {
  const { create, add, sql } = await sequencing(t)
  await add(1)
  for (const text of ['', 'garbage', 'other.test/v1/audit/logs/1\n1\nAAAA\n\n— a AAAAAAA=\n']) {
    const halted = create(keptIn({ text }))
    await halted.run()
    t.ok(halted.standing()?.halted, text)
  }
  t.same(await sql`select from audit_index`, [])
})

t.test('what was not kept is kept before anything more is signed', async (t) => {
  const { create, add, size, world, file } = await sequencing(t)
  const key = keyOf(world.logKey)
  // Where a file stands no folder can be made; the system says so as it says that a disk is full.
  await writeFile(file, '')
  const kept = join(file, 'checkpoint')
  const sequencer = create({
    read: () => readIfThere(file).then((text) => text || undefined),
    write: (text) => replaceFile(kept, text),
  })
  const refused = async () => {
    const error = await sequencer.run().then(
      () => undefined,
      (error) => error,
    )
    t.match(error, { code: 'EEXIST' })
    t.notOk(isAway(error), 'that is no outage of the database')
  }
  await add(2)
  await refused()
  const signed = await size()
  await add(2)
  await refused()
  t.equal(await size(), signed)
  t.match(sequencer.standing(), { size: signed, unsequenced: 2 }, 'and what waits is seen to wait')
  await rm(file)
  await sequencer.run()
  t.equal(await size(), signed + 2)
  t.equal(openCheckpoint(await readFile(kept), [key], verify).size, signed + 2)
})

t.test('while a new key takes over, a checkpoint has the signature of both', async (t) => {
  const { create, add, size, world } = await sequencing(t)
  const outside: { text?: string } = {}
  const later = generateSigningKey()
  await add(2)
  await create(keptIn(outside)).run()
  await add(2)
  await create(keptIn(outside), [later, world.logKey]).run()
  for (const pair of [later, world.logKey]) {
    const opened = openCheckpoint(outside.text!, [keyOf(pair)], verify)
    t.same([opened.size, opened.note.signatures.length], [await size(), 2])
  }
  await add(2)
  await create(keptIn(outside), [later]).run()
  t.equal(openCheckpoint(outside.text!, [keyOf(later)], verify).size, await size())
  t.throws(() => openCheckpoint(outside.text!, [keyOf(world.logKey)], verify), { code: 'unsigned' })
})
