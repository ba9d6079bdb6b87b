/**
 * Goal: `intake audit verify` finds a whole log whole, and names what was done to one that is not, with the
 * first index; `intake audit watch` catches a log that was written anew.
 * Method: a real service with over 512 entries. Rows are changed by the superuser; what only whoever holds
 * the log's key could do is forged with that key.
 */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { restartLog } from '../../src/audit/restart.ts'
import { appendAll } from '../../src/audit/service.ts'
import { hasher } from '../../src/audit/tree.ts'
import { createKeysetReader } from '../../src/client/index.ts'
import { connect } from '../../src/database/connect.ts'
import { encodeBase64url, utf8 } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { parseBundle } from '../../src/protocol/log/bundle.ts'
import { parseCheckpoint } from '../../src/protocol/log/checkpoint.ts'
import { cosignedMessage, encodeCosignature } from '../../src/protocol/log/cosignature.ts'
import { noteKey, verifierKey, witnessKeyType } from '../../src/protocol/log/key.ts'
import { parseNote, signatureLine } from '../../src/protocol/log/note.ts'
import { openProof, parseProofFile, writeProofFile } from '../../src/protocol/log/prooffile.ts'
import { tileAt, tilePath } from '../../src/protocol/log/tile.ts'
import { sign, verify } from '../../src/protocol/signature.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { forgeLog } from '../helpers/forgedlog.ts'
import { refer } from '../helpers/referral.ts'
import { keyOfLog } from '../helpers/servedlog.ts'
import { asSuperuser, untilPaired, untilSequenced } from '../helpers/superuser.ts'
import { called, folderOf, tooWide, unbroken } from './run.ts'

const built = await build(t, { share: { requestsPerMinute: 1_000_000 } })
const { world, url, database } = built
const sql = asSuperuser(t, built.databases)
const folder = await folderOf(t)
const system = { kind: 'system', request: newId() } as const
const file = (name: string) => join(folder, name)

const add = (count: number) =>
  database.inTransaction(system, (tx) =>
    appendAll(
      tx,
      Array.from({ length: count }, () => ({ action: 'request.received' }) as const),
    ),
  )

await refer(built)
await untilPaired(sql)
await add(520)
await untilSequenced(sql)
await mkdir(file('home'), { mode: 0o700 })
await writeFile(file('home/trust.json'), JSON.stringify(world.trust), { mode: 0o600 })
const anybody = { INTAKE_URL: url, INTAKE_HOME: file('home') }
const auditor = { ...anybody, INTAKE_TOKEN: await world.token(world.clients.auditor) }
const audit = async (t: Test, args: string[], environment: Record<string, string> = auditor) =>
  unbroken(await called(t, ['audit', ...args], environment))
const verified = (t: Test, ...args: string[]) => audit(t, ['verify', ...args])

const checkpointNow = async () => (await fetch(`${url}/v1/audit/logs/1/checkpoint`)).text()
const sizeIn = (checkpoint: string) => parseCheckpoint(parseNote(checkpoint).text).size

await writeFile(file('kept'), await checkpointNow())
t.equal((await audit(t, ['export', file('log')])).code, 0)

/** The entries of a folder in their order. */
async function leavesOf(log: string): Promise<Uint8Array[]> {
  const size = sizeIn(await readFile(join(log, 'checkpoint'), 'utf8'))
  const leaves: Uint8Array[] = []
  for (let index = 0; index * 256 < size; index += 1) {
    const tile = tileAt('entries', index, size)!
    const path = tilePath(tile)
    leaves.push(...parseBundle(await readFile(join(log, path)), tile.width, path))
  }
  return leaves
}

async function writeLog(name: string, files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  for (const [path, bytes] of files) {
    await mkdir(join(file(name), path, '..'), { recursive: true })
    await writeFile(join(file(name), path), bytes)
  }
  return file(name)
}

t.test(
  'a whole log is found whole, online and in a folder, by an earlier checkpoint',
  async (t) => {
    const online = await verified(t, '--since', file('kept'))
    t.match(online, {
      ...{ code: 0, err: '' },
      out: /^intake\.test\/v1\/audit\/logs\/1: \d+ entries, each as it was signed\.\nIt is unwitnessed\./,
    })
    t.match(online.out, /What is shown of all \d+ is what they say/)
    t.match(online.out, /Keyset 1 stands in it as entry \d+ of log 1/)
    t.match(await verified(t, '--log', `${url}/v1/audit/logs/1`), { code: 0 })
    const json = await verified(t, '--log', file('log'), '--since', file('kept'), '--json')
    t.equal(json.code, 0)
    const said = JSON.parse(json.out)
    t.match(said, { whole: true, origin: 'intake.test/v1/audit/logs/1', witnessing: 'unwitnessed' })
    t.same(said.logKeys, [verifierKey(keyOfLog(world))])
    t.equal(said.openings.shown, said.size, 'every entry has what opens it')
  },
)

t.test('an auditor with the log’s key and a folder needs no service', async (t) => {
  const policy = `log ${verifierKey(keyOfLog(world))}\nquorum none\n`
  await writeFile(file('policy'), policy)
  const offline = { INTAKE_URL: 'https://nowhere.invalid', INTAKE_HOME: file('none') }
  const args = ['verify', '--log', file('log'), '--policy', file('policy')]
  t.match(await audit(t, args, offline), { code: 0, err: '' })
  const other = noteKey(sha256, { ...keyOfLog(world), publicKey: generateSigningKey().publicKey })
  await writeFile(file('policy'), `log ${verifierKey(other)}\nquorum none\n`)
  t.match(await audit(t, args, offline), {
    ...{ code: 1, out: 'The checkpoint is not signed by the key of this log.\n' },
  })
})

t.test('witnesses of a policy are named, and a quorum that is not there is', async (t) => {
  const pair = generateSigningKey()
  const keys = [pair.publicKey, generateSigningKey().publicKey].map((publicKey, at) => {
    return noteKey(sha256, { name: `witness${at}.test`, type: witnessKeyType, publicKey })
  })
  const [key] = keys
  await cp(file('log'), file('cosigned'), { recursive: true })
  const checkpoint = await readFile(file('cosigned/checkpoint'), 'utf8')
  const seconds = 1_795_000_000
  const signature = sign(pair.secretKey, cosignedMessage(parseNote(checkpoint).text, seconds))
  const line = signatureLine({
    ...{ name: key!.name, id: key!.id },
    signature: encodeCosignature({ seconds, signature }),
  })
  await writeFile(file('cosigned/checkpoint'), checkpoint + line)
  const lines = keys.map((it, at) => `witness w${at} ${verifierKey(it)}\n`).join('')
  const by = async (end: string) => {
    await writeFile(file('policy'), lines + end)
    return verified(t, '--log', file('cosigned'), '--policy', file('policy'))
  }
  const at = new Date(seconds * 1000).toISOString()
  t.match((await by('quorum w0\n')).out, `It is witnessed by w0 at ${at}.\n`)
  const both = await by('group both all w0 w1\nquorum both\n')
  t.match(both.out, `It is witnessed by w0 at ${at}, fewer than are asked for.`)
  await writeFile(file('cosigned/checkpoint'), checkpoint + line.replace(/....\n$/, 'AAA=\n'))
  t.match(await by('quorum w0\n'), { code: 1, out: /signature of witness0\.test does not hold/ })
})

/** Changes rows, verifies, and puts them back. */
async function tampered(t: Test, change: string, back: string): Promise<string> {
  await untilSequenced(sql)
  const { count } = await sql.unsafe(change)
  t.ok(count > 0, 'something was changed')
  const { code, out } = await verified(t)
  t.equal(code, 1)
  const undone = await sql.unsafe(back)
  t.ok(undone.count > 0)
  return out
}

const entryAt = (index: number) =>
  `(select entry_id from audit_index where log = 1 and index = ${index})`

t.test('each tampering in the database is named, with the first index that is wrong', async (t) => {
  const leafTo = (from: string, to: string) =>
    `update audit_entry set leaf = convert_to(replace(convert_from(leaf, 'UTF8'),
      '"outcome":"${from}"', '"outcome":"${to}"'), 'UTF8') where id = ${entryAt(300)}`
  t.equal(
    await tampered(t, leafTo('permitted', 'refused'), leafTo('refused', 'permitted')),
    'Entry 300 is wrong: it was changed, moved or exchanged after it was signed.\n',
  )
  const swapped = `with gone as (
      delete from audit_index where log = 1 and index in (20, 30) returning *)
    insert into audit_index (log, index, entry_id)
    select log, 50 - index, entry_id from gone order by index`
  t.match(await tampered(t, swapped, swapped), /^Entry 20 is wrong/, 'reordered')
  const [row] = await sql.unsafe(`select ${entryAt(300)} as id`)
  t.match(
    await tampered(
      t,
      'delete from audit_index where log = 1 and index = 300',
      `insert into audit_index (log, index, entry_id) values (1, 300, '${row?.id}')`,
    ),
    /^Entries are missing from entry 256 on/,
    'dropped',
  )
  const tile = (at: number) =>
    `update audit_tile set hashes = set_byte(hashes, ${at}, get_byte(hashes, ${at}) # 1)
     where log = 1 and level = 0 and n = 1`
  t.equal(
    await tampered(t, tile(5 * 32), tile(5 * 32)),
    'The hashes in tile/0/001 were changed after they were signed, from that of entry 261 on.\n',
  )
  const checkpoint = `update audit_log set checkpoint =
    overlay(checkpoint placing reverse(substr(checkpoint, strpos(checkpoint, E'\\n\\n') - 9, 4))
    from strpos(checkpoint, E'\\n\\n') - 9 for 4)`
  t.match(await tampered(t, checkpoint, checkpoint), /^A signature on the checkpoint does not hold/)
  const [{ index }] = await sql<[{ index: string }]>`
    select min(i.index)::text as index from audit_index i join audit_opening o using (entry_id)
    where o.details is not null`
  const kept = await sql`select details from audit_opening where entry_id = (
    select entry_id from audit_index where log = 1 and index = ${index})`
  t.match(
    await tampered(
      t,
      `update audit_opening set details = '{"files":9}' where entry_id = ${entryAt(Number(index))}`,
      `update audit_opening set details = '${JSON.stringify(kept[0]?.details)}'
       where entry_id = ${entryAt(Number(index))}`,
    ),
    new RegExp(`^Entry ${index} is right, but not what is shown of it: .* as its details`),
  )
  const [named] = await sql`
    select i.index::int as index, e.object_id as object
    from audit_index i join audit_entry e on e.id = i.entry_id
    where e.action = 'referral.submitted'`
  const objectTo = (object: string) =>
    `update audit_entry set object_id = '${object}' where id = ${entryAt(named?.index)}`
  t.match(
    await tampered(t, objectTo(newId()), objectTo(named?.object)),
    new RegExp(`^Entry ${named?.index} is right, .* changed where it is kept`),
    'found under another object',
  )
  t.match(await verified(t), { code: 0 }, 'all of it is as it was')
})

t.test('one entry is proved, online and of a folder, and its proof is kept', async (t) => {
  const idAt = async (index: number) =>
    String((await sql.unsafe(`select ${entryAt(index)} as id`))[0]?.id)
  const id = await idAt(300)
  const one = (...args: string[]) => verified(t, '--entry', id, ...args)
  const said =
    /^Entry 300 of intake\.test\/v1\/audit\/logs\/1, which has \d+, is as it was signed\.\nIt is unw/
  const online = await one('--out', file('300.tlog-proof'))
  t.match(online, { code: 0, out: said }, online.err)
  t.match(online.out, /It says: request\.received, permitted, at 20/)
  t.same(tooWide((await one()).out), [])
  const [proof, entry] = await Promise.all(
    ['300.tlog-proof', '300.tlog-proof.entry'].map((name) => readFile(file(name))),
  )
  const opened = openProof(hasher, parseProofFile(proof!), entry!, {
    keys: [keyOfLog(world)],
    verify,
  })
  t.ok(opened.size > 300, 'a tool for tlog-proof needs the two files and the key')
  t.match(await one('--out', file('300.tlog-proof')), { code: 1, err: /EEXIST|exists/ })
  const json = await one('--log', file('log'), '--json')
  const { size } = JSON.parse((await verified(t, '--log', file('log'), '--json')).out)
  const found = { proven: true, index: 300, size, witnessing: 'unwitnessed', entry: { id } }
  t.match(JSON.parse(json.out), found, 'under the checkpoint of the folder')

  const nobody = newId()
  t.match(await verified(t, '--entry', nobody), { code: 1, err: /no entry of that id/ })
  const inFolder = ['--log', file('log')]
  t.match(await verified(t, '--entry', nobody, ...inFolder), {
    code: 1,
    err: /no entry of that id/,
  })
  t.match(await verified(t, '--entry', 'x'), { code: 2, err: /--entry is not the id/ })
  t.match(await verified(t, '--out', 'x'), { code: 2, err: /--out is for --entry/ })
  t.match(await one('--since', file('kept')), { code: 2, err: /not both/ })

  const leaf = (from: string, to: string) =>
    sql.unsafe(`update audit_entry set leaf = convert_to(replace(convert_from(leaf, 'UTF8'),
      '"outcome":"${from}"', '"outcome":"${to}"'), 'UTF8') where id = '${id}'`)
  await leaf('permitted', 'refused')
  const wrong = {
    code: 1,
    out: 'The proof does not hold: the proof does not hold for entry 300.\n',
  }
  t.match(await one(), wrong)
  await leaf('refused', 'permitted')
  t.match(await one(), { code: 0 })
  const leaves = await leavesOf(file('log'))
  const changed = Buffer.from(Buffer.from(leaves[300]!).toString().replace('permitted', 'refused'))
  await cp(file('log'), file('changed'), { recursive: true })
  const bundles = forgeLog(world, leaves.with(300, changed))
  const path = [...bundles.keys()].find((name) => name.startsWith('tile/entries/001'))!
  await writeFile(join(file('changed'), path), bundles.get(path)!)
  t.match(await one('--log', file('changed')), wrong)

  const other = await fetch(`${url}/v1/audit/entries/${await idAt(40)}/proof`, {
    headers: { authorization: `Bearer ${auditor.INTAKE_TOKEN}` },
  })
  const lies = new Map([[`/v1/audit/entries/${id}/proof`, utf8(await other.text())]])
  t.match(await one('--log', await serving(t, lies)), {
    ...{ code: 1, out: /^Entry 40 is right, but not what is shown of it: it is not the entry/ },
  })
})

t.test('a keyset that was exchanged, or whose proof is of something else, is named', async (t) => {
  const [first] = await sql`select jws from keyset where version = 1`
  const changed = first?.jws.replace(/.{4}$/, 'AAAA')
  await sql`update keyset set jws = ${changed} where version = 1`
  t.match(await verified(t), { code: 1, err: /trust-invalid/ })
  await sql`update keyset set jws = ${first?.jws} where version = 1`
  const answer = (await (await fetch(`${url}/v1/keyset`)).json()) as object
  const other = await fetch(
    `${url}/v1/audit/entries/${(await sql.unsafe(`select ${entryAt(40)} as id`))[0]?.id}/proof`,
    { headers: { authorization: `Bearer ${auditor.INTAKE_TOKEN}` } },
  )
  const lying = { ...answer, published: await other.json() }
  const server = await serving(t, new Map(), JSON.stringify(lying))
  const named = {
    code: 1,
    out: /The proof does not hold: the entry that was proven is about something else/,
  }
  t.match(await verified(t, '--log', server), named)
  const watch = ['watch', file('lied-to'), '--once', '--log', server]
  t.match(await audit(t, watch, anybody), named)
})

t.test('a keyset that is proved in another tree than the log’s is named', async (t) => {
  const answer = (await (await fetch(`${url}/v1/keyset`)).json()) as { published: { leaf: string } }
  const own = Buffer.from(answer.published.leaf, 'base64url')
  const entry = utf8('an entry of the other tree')
  const checkpoint = forgeLog(world, [own, entry]).get('checkpoint')!
  const proof = writeProofFile({
    ...{ index: 0, proof: [hasher.leaf(entry)], checkpoint: Buffer.from(checkpoint).toString() },
  })
  const lying = JSON.stringify({ ...answer, published: { ...answer.published, proof } })
  const environment = { ...auditor, INTAKE_URL: await serving(t, new Map(), lying) }
  t.match(await audit(t, ['verify', '--log', file('log')], environment), {
    ...{ code: 1, out: /^The log does not begin with what its earlier checkpoint signed/ },
  })
})

t.test(
  'a client says whether its keyset is in the log, and seals with it all the same',
  async (t) => {
    const options = { trust: world.trust, url }
    const keyset = await createKeysetReader(options).newest()
    t.same([keyset.witnessing, keyset.warnings], ['unwitnessed', []])
    t.match(keyset.publication, { index: 0, state: { origin: 'intake.test/v1/audit/logs/1' } })
    const { published, ...answer } = (await (await fetch(`${url}/v1/keyset`)).json()) as {
      published: { leaf: string; proof: string }
    }
    const shown = async (proven: object) => {
      const body = JSON.stringify({ ...answer, ...proven })
      return createKeysetReader({ ...options, url: await serving(t, new Map(), body) }).newest()
    }
    t.match(await shown({}), { witnessing: 'unproven', publication: undefined, warnings: [] })
    const proof = published.proof.replace(/^index 0$/m, 'index 1')
    const { witnessing, warnings } = await shown({ published: { ...published, proof } })
    t.equal(witnessing, 'unproven')
    t.match(warnings, [
      /^Keyset 1 is not proven to stand in the access log: the proof does not hold/,
    ])

    // Well proven, under the log's key, and of another keyset.
    const entry = JSON.parse(Buffer.from(published.leaf, 'base64url').toString())
    const object = { ...entry.object, digest: encodeBase64url(sha256(utf8('another'))) }
    const leaf = canonicalBytes({ ...entry, object })
    const checkpoint = forgeLog(world, [leaf]).get('checkpoint')!
    const other = writeProofFile({
      ...{ index: 0, proof: [], checkpoint: Buffer.from(checkpoint).toString() },
    })
    const lie = await shown({ published: { leaf: encodeBase64url(leaf), proof: other } })
    t.equal(lie.witnessing, 'unproven')
    t.match(lie.warnings, [/the entry that was proven is about something else/])
  },
)

/** A service that serves other files of its log, and the keyset of the real one or another. */
async function serving(
  t: Pick<Test, 'teardown'>,
  files: ReadonlyMap<string, Uint8Array>,
  keyset?: string,
): Promise<string> {
  const server = createServer(async ({ url: path = '' }, response) => {
    const bytes = files.get(path.replace('/v1/audit/logs/1/', ''))
    if (bytes) response.end(bytes)
    else if (path === '/v1/keyset') {
      response.end(keyset ?? (await (await fetch(url + path)).text()))
    } else response.writeHead(404).end()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => new Promise((closed) => server.close(closed)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('entries that the key signed and that are no entries are named', async (t) => {
  const leaves = await leavesOf(file('log'))
  const at = (index: number) => JSON.parse(Buffer.from(leaves[index]!).toString())
  const bad: [RegExp, unknown][] = [
    [/note/, { ...at(7), note: 'Amara Okonkwo' }],
    [/\/at/, { ...at(7), at: 'yesterday' }],
    [/\/object/, { ...at(7), object: { kind: 'person', id: 'Amara Okonkwo' } }],
  ]
  for (const [at, [words, entry]] of bad.entries()) {
    const forged = leaves.with(7, canonicalBytes(entry))
    const { code, out } = await verified(
      t,
      ...['--log', await writeLog(`form${at}`, forgeLog(world, forged))],
    )
    t.equal(code, 1)
    t.match(out, /^Entry 7 does not have the form of an entry/)
    t.match(out, words)
    t.notMatch(out, /Okonkwo/)
  }
  const spaced = Buffer.from(JSON.stringify(at(7), undefined, 1))
  const log = await writeLog('spaced', forgeLog(world, leaves.with(7, spaced)))
  t.match(await verified(t, '--log', log), { code: 1, out: /^Entry 7 .* canonical form/ })
  const second = await writeLog('second', forgeLog(world, leaves, 2))
  t.match(await verified(t, '--log', second), { code: 1, out: /^Entry 0 .*log 2 does not begin/ })
  // A log that follows itself, or one after it, follows none.
  const own = { ...at(0), action: 'log.restarted', object: { kind: 'log', id: '2' } }
  const itself = forgeLog(world, leaves.with(0, canonicalBytes(own)), 2)
  t.match(await verified(t, '--log', await writeLog('itself', itself)), {
    ...{ code: 1, out: /^Entry 0 .*log 2 does not begin/ },
  })
})

t.test(
  'a log that was written anew is whole, and betrays itself to a kept checkpoint',
  async (t) => {
    const leaves = await leavesOf(file('log'))
    const forged = leaves.toSpliced(11, 1)
    const log = await writeLog('forged', forgeLog(world, [...forged, leaves[0]!, leaves[1]!]))
    await writeFile(file('policy'), `log ${verifierKey(keyOfLog(world))}\nquorum none\n`)
    const offline = { INTAKE_URL: 'https://nowhere.invalid', INTAKE_HOME: file('none') }
    const alone = ['verify', '--log', log, '--policy', file('policy')]
    t.match(await audit(t, alone, offline), { code: 0 }, 'by itself it cannot be told')
    const stands = { code: 0, out: /\nAll \d+ entries of your checkpoint of log 1 stand\.\n/ }
    t.match(await verified(t, '--log', file('log'), '--since', file('kept')), stands)
    t.match(await verified(t, '--since', file('kept')), stands)
    t.match(await verified(t, '--log', log, '--since', file('kept')), {
      ...{ code: 1, out: /does not begin with what its earlier checkpoint signed/ },
    })
    const short = await writeLog('short', forgeLog(world, leaves.slice(0, 100)))
    t.match(await verified(t, '--log', short, '--since', file('kept')), {
      ...{ code: 1, out: /^The log was rolled back: the log had \d+ entries and has 100/ },
    })
  },
)

t.test(
  'who watches without an account keeps checkpoints, and names two that contradict',
  async (t) => {
    const watch = (dir: string, ...args: string[]) =>
      audit(t, ['watch', file(dir), '--once', ...args], anybody)
    const first = await watch('watched')
    t.same([first.code, first.err], [0, ''])
    t.match(
      first.out,
      /^Keyset 1 \(SHA-256 .*\) stands in the log\. It is unwitnessed\.\n\| c2sp\.org/,
    )
    t.match(first.out, /\nLog 1: \d+ entries\. It is unwitnessed\.\n/)
    await add(3)
    await untilSequenced(sql)
    t.match(await watch('watched'), { code: 0, out: /\nLog 1: \d+ entries/ })
    const names = await readdir(file('watched'))
    const kept = names.filter((name) => name.endsWith('.checkpoint'))
    t.equal(kept.length, 2)
    t.ok(names.includes('keyset-1.tlog-proof'))

    const leaves = await leavesOf(file('log'))
    const anew = leaves.map((leaf, index) => (index === 50 ? leaves[51]! : leaf))
    const forged = forgeLog(world, [...anew, ...leaves])
    const server = await serving(t, forged)
    const { code, out } = await watch('watched', '--log', server)
    t.equal(code, 1)
    t.match(out, /does not begin with what its earlier checkpoint signed/)
    const newest = kept.toSorted().at(-1)!
    t.match(out, `${sizeIn(await readFile(file(`watched/${newest}`), 'utf8'))} entries`)
    t.match(out, newest)
    const [contradiction] = (await readdir(file('watched'))).filter((it) =>
      /contradiction/.test(it),
    )
    t.match(out, contradiction)
    t.same(await readFile(file(`watched/${contradiction}`)), forged.get('checkpoint'))
    const small = await serving(t, forgeLog(world, leaves.slice(0, 100)))
    t.match(await watch('watched', '--log', small), { code: 1, out: /^The log was rolled back/m })
    t.match(await watch('watched'), { code: 0 }, 'the real one goes on from what is kept')

    const real = await sql<{ leaf: Uint8Array }[]>`
    select leaf from audit_index i join audit_entry e on e.id = i.entry_id
    where log = 1 order by index`
    const grown = forgeLog(world, [...real.map(({ leaf }) => leaf), ...leaves])
    await cp(file('watched'), file('other'), { recursive: true })
    const spoilt = new Map(grown)
    spoilt.set('tile/0/002', new Uint8Array(grown.get('tile/0/002')!).fill(0, 0, 32))
    t.match(await watch('other', '--log', await serving(t, spoilt)), {
      ...{ code: 1, out: /does not belong to the signed checkpoint/ },
    })
  },
)

t.test('a log that was set back is called so, and restarted once it is', async (t) => {
  await untilSequenced(sql)
  const before = sizeIn(await checkpointNow())
  const [head] = await sql`select checkpoint from audit_log`
  const tiles = await sql`select level, n, hashes from audit_tile`
  await add(5)
  await untilSequenced(sql)
  const kept = await checkpointNow()
  await writeFile(file('lost'), kept)
  t.match(await audit(t, ['watch', file('set-back'), '--once'], anybody), { code: 0 })
  await sql.begin(async (tx) => {
    const lost = await tx`delete from audit_index where index >= ${before} returning entry_id`
    const ids = lost.map(({ entry_id: id }) => id)
    await tx`delete from audit_opening where entry_id = any (${ids})`
    await tx`delete from audit_entry where id = any (${ids})`
    await tx`delete from audit_tile`
    for (const { level, n, hashes } of tiles) {
      await tx`insert into audit_tile (log, level, n, hashes) values (1, ${level}, ${n}, ${hashes})`
    }
    await tx`update audit_log set size = ${before}, checkpoint = ${head?.checkpoint}`
  })
  t.match(await verified(t, '--since', file('lost')), {
    ...{ code: 1, out: /^The log was rolled back: the log had \d+ entries and has \d+/ },
  })
  const owner = connect({ url: built.databases.ownerUrl, connectionsMax: 1, prepare: true })
  await owner.inTransaction({ kind: 'administrator', request: newId() }, (tx) =>
    restartLog(tx, { deployment: world.origin, reason: 'The disk was lost', kept }),
  )
  await owner.close()
  await add(1)
  await untilSequenced(sql)
  const second = `${url}/v1/audit/logs/2`
  const restarted = await verified(t, '--log', second, '--since', file('lost'))
  t.equal(restarted.code, 3, 'a person decides')
  t.match(restarted.out, /^intake\.test\/v1\/audit\/logs\/2: \d+ entries, each as it was signed/)
  t.match(restarted.out, /It was restarted: it follows log 1, which was closed/)
  t.match(restarted.out, /The next log names your checkpoint as its last/)
  t.notMatch(restarted.out + restarted.err, /wrong|tamper|rolled back/)
  t.match(await verified(t, '--log', second, '--since', file('kept')), {
    ...{ code: 0, out: /All \d+ entries of your checkpoint of log 1 stand/ },
  })
  t.match(await verified(t, '--log', `${url}/v1/audit/logs/1`), {
    ...{ code: 0, out: /It was restarted: log 2 follows it/ },
  })
  t.match(await audit(t, ['watch', file('set-back'), '--once'], anybody), {
    ...{ code: 0, out: /Log 1 was restarted: log 2 follows\. Ask why\.\nLog 2: \d+ entries/ },
  })
})
