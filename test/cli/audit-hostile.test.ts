/**
 * Goal: no server of a log can end who checks it with a stack, have it read without end, or hide from it what the
 * log holds; and one that is away, or asks for a pause, is waited for.
 * Method: a server of the test's own, with a log that whoever holds its key may write as they like.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { firstKeyset } from '../../examples/ceremony.ts'
import { writeEntry } from '../../src/audit/entry.ts'
import { signedCheckpoint } from '../../src/audit/tree.ts'
import { openState, trustKeyset, verifyGrowth } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import { originOfLog } from '../../src/protocol/logorigin.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { roots, signKeyset, trust } from '../client/keysets.ts'
import { forgeLog } from '../helpers/forgedlog.ts'
import { called, folderOf, running, unbroken } from './run.ts'

const reader = () => ({ signing: generateSigningKey(), receiving: generateRecipientKey() })
const log = { origin: trust.origin, logKey: generateSigningKey() }
const first = firstKeyset(
  trust,
  { directoryKey: generateSigningKey(), logKey: log.logKey },
  { casework: reader(), clinic: reader(), recovery: reader() },
)
const keyset = signKeyset(first, roots[0])
const folder = await folderOf(t)
const file = (name: string) => join(folder, name)
await mkdir(file('home'), { mode: 0o700 })
await writeFile(file('home/trust.json'), JSON.stringify(trust), { mode: 0o600 })

const begunAt = Date.parse('2026-11-29T06:00:00.000Z')
/** An entry, so many minutes after the first. */
const entryAt = (minutes: number) => {
  const at = new Date(begunAt + minutes * 60_000)
  return writeEntry(
    { kind: 'system', request: newId() },
    { action: 'request.received' },
    newId(),
    at,
  ).leaf
}
/** An entry as the service shows it. */
const shownOf = (leaf: Uint8Array): Record<string, unknown> => {
  const { v: _, ...said } = JSON.parse(Buffer.from(leaf).toString())
  return { ...said, opening: {}, leaf: encodeBase64url(leaf), intact: true }
}
const linesOf = (shown: readonly object[]) => shown.map((it) => `${JSON.stringify(it)}\n`).join('')

type Files = Record<string, string | Uint8Array>
const prefix = '/v1/audit/logs/1/'
const exported = '/v1/audit/export?format=ndjson'
/** The answers of a service with these entries, which shows all of them. */
function filesOf(leaves: readonly Uint8Array[]): Files {
  const forged = [...forgeLog(log, leaves)].map(([path, bytes]) => [prefix + path, bytes])
  return {
    ...Object.fromEntries(forged),
    '/v1/keyset': JSON.stringify({ keyset }),
    [exported]: linesOf(leaves.map(shownOf)),
  }
}

/** Serves what `answer` returns for a path: a file, nothing, or a status with the pause that it asks for. */
async function serving(
  t: Pick<Test, 'teardown'>,
  answer: (path: string) => string | Uint8Array | { status: number; pause?: string } | undefined,
): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    const said = answer(url)
    if (typeof said === 'string' || said instanceof Uint8Array) response.end(said)
    else {
      const { status = 404, pause } = said ?? {}
      response.writeHead(status, { ...(pause && { 'retry-after': pause }) }).end()
    }
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise((closed) => server.close(closed))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const anybody = (url: string) => ({ INTAKE_URL: url, INTAKE_HOME: file('home') })
const auditor = (url: string) => ({ ...anybody(url), INTAKE_TOKEN: 'x' })
const audit = async (t: Test, url: string, ...args: string[]) =>
  unbroken(await called(t, ['audit', ...args], auditor(url)))

const leaves = Array.from({ length: 300 }, (_, minutes) => entryAt(minutes))
const honest = filesOf(leaves)
const shown = leaves.map(shownOf)

t.test('what is kept from an auditor, or shown and in no log, is named', async (t) => {
  const show = async (lines: readonly object[]) => {
    const files: Files = { ...honest, [exported]: linesOf(lines) }
    return audit(t, await serving(t, (path) => files[path]), 'verify')
  }
  t.match(await show(shown), { code: 0, out: /What is shown of all 300 is what they say\.\n/ })
  const later = shownOf(entryAt(301))
  t.match(await show([later, ...shown]), { code: 0, out: /not under this checkpoint: 1\./ })

  // As many lines as there are entries, and not the same.
  t.match(await show(shown.with(7, shown[8]!)), {
    ...{
      code: 1,
      out: 'Entry 7 is in the log, and not among what is shown of it: it is kept from you.\n',
    },
  })
  const old = shownOf(entryAt(10))
  t.match(await show([...shown, old]), { code: 1, out: new RegExp(`^An entry .* ${old.id} of `) })
  const told = (words: string) => ({
    ...{ code: 1, out: `Entry 9 is right, but not what is shown of it: ${words}.\n` },
  })
  const { v: _, ...said } = JSON.parse(Buffer.from(leaves[9]!).toString())
  const other = canonicalBytes({ v: 1, ...said, outcome: 'refused' })
  t.match(
    await show(shown.with(9, shownOf(other))),
    told('it is shown with other bytes than were signed'),
  )
  t.match(
    await show(shown.with(9, { ...shown[9], outcome: 'refused' })),
    told('what is shown of it is not what it says'),
  )
  for (const opening of [
    { actor: { client: 'x' } },
    { details: {}, detailsSalt: 'A'.repeat(43) },
  ]) {
    const name = Object.keys(opening)[0]
    t.match(
      await show(shown.with(9, { ...shown[9], opening })),
      told(`what is shown as its ${name} is not what it commits to`),
    )
  }
  t.match(await show(shown.with(9, { ...shown[9], intact: false })), {
    ...{ code: 1, out: /^Entry 9 is right, but not what is shown of it: the service says/ },
  })
})

t.test('what never ends, is too deep or too large is given up, in words', async (t) => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  const huge = { size: Number.MAX_SAFE_INTEGER, root: new Uint8Array(32) }
  const lies: [Files, RegExp][] = [
    [{ [exported]: 'x'.repeat(2 ** 21) }, /has a line that is too long/],
    [{ [exported]: JSON.stringify(shown[0]) }, /has a line that does not end/],
    [
      {
        [exported]: `${JSON.stringify({ ...shown[0], opening: 0 }).replace(':0', `:{"actor":${deep}}`)}\n`,
      },
      /a line of the openings is no entry/,
    ],
    [
      { [`${prefix}checkpoint`]: signedCheckpoint(originOfLog(log.origin, 1), huge, [log.logKey]) },
      /^Hashes are missing/,
    ],
    [{ [`${prefix}tile/entries/000`]: new Uint8Array(2 ** 21 + 1) }, /is over 2 MiB/],
    [{ [`${prefix}tile/entries/000`]: new Uint8Array(2 ** 21) }, /^Entry 0 is wrong/],
  ]
  for (const [lie, words] of lies) {
    const files = { ...honest, ...lie }
    const { code, out, err } = await audit(t, await serving(t, (path) => files[path]), 'verify')
    t.equal(code, 1)
    t.match(out + err, words)
    t.notMatch(out + err, / at .*:\d+:\d+/)
  }
  const files: Files = { ...honest, [`${prefix}tile/0/000`]: new Uint8Array(2 ** 21 + 1) }
  const url = await serving(t, (path) => files[path])
  t.match(await audit(t, url, 'export', file('large')), { code: 1, err: /is over 2 MiB/ })
})

t.test('entries that are gone are excused by no log that nobody signed', async (t) => {
  await writeFile(file('kept'), honest[`${prefix}checkpoint`]!)
  const files: Files = filesOf(leaves.slice(0, 100))
  const url = await serving(t, (path) => files[path])
  const since = () => audit(t, url, 'verify', '--since', file('kept'))
  t.match(await since(), { code: 1, out: /^The log was rolled back/ })
  const next = (keys: (typeof roots)[0][]) =>
    signedCheckpoint(originOfLog(log.origin, 2), { size: 1, root: new Uint8Array(32) }, keys)
  files['/v1/audit/logs/2/checkpoint'] = next([generateSigningKey()])
  t.match(await since(), { code: 1, out: 'The checkpoint is not signed by the key of this log.\n' })
  files['/v1/audit/logs/2/checkpoint'] = next([log.logKey])
  t.match(await since(), { code: 3, out: /It was restarted: log 2 follows it/ })
  // Nor does one excuse that the log before it was written anew.
  Object.assign(files, filesOf(leaves.with(7, entryAt(7))))
  t.match(await since(), { code: 1, out: /does not begin with what its earlier checkpoint/ })
})

t.test('no other log passes for this one, under the same key neither', async (t) => {
  const checkpointOf = (origin: string, n: number) =>
    forgeLog({ ...log, origin }, leaves, n).get('checkpoint')!
  const second: Files = { ...honest, [`${prefix}checkpoint`]: checkpointOf(log.origin, 2) }
  const url = await serving(t, (path) => second[path])
  for (const args of [['verify'], ['watch', file('second'), '--once']]) {
    t.match(await audit(t, url, ...args), {
      ...{ code: 1, out: /^(Keyset .*\n)?The checkpoint is that of another log\.\n/ },
    })
  }
  const state = openState(checkpointOf(log.origin, 1), trustKeyset(first))
  const read = async (path: string) => honest[prefix + path] as Uint8Array | undefined
  await verifyGrowth(read, state, state)
  const elsewhere = { ...state, origin: originOfLog(log.origin, 2) }
  await t.rejects(verifyGrowth(read, elsewhere, state), { code: 'origin-wrong' })

  await mkdir(file('foreign'))
  await writeFile(file('foreign/checkpoint'), checkpointOf('other.test', 1))
  t.match(await audit(t, url, 'verify', '--log', file('foreign')), {
    ...{ code: 1, out: 'The checkpoint is not signed by the key of this log.\n' },
  })
})

t.test('a pause that is asked for is kept', async (t) => {
  let pauses = ['1', '-9']
  const askedAt: number[] = []
  const url = await serving(t, (path) => {
    if (path !== `${prefix}tile/0/000`) return honest[path]
    askedAt.push(performance.now())
    const [pause, ...rest] = pauses
    pauses = rest
    return pause === undefined ? honest[path] : { status: 429, pause }
  })
  t.match(await audit(t, url, 'export', file('paused')), { code: 0 })
  t.equal(askedAt.length, 3)
  for (const [index, at] of askedAt.slice(1).entries()) t.ok(at - askedAt[index]! > 990)
})

t.test('who watches waits for a service that is away, and ends with a contradiction', async (t) => {
  let answer = (path: string) => honest[path] as ReturnType<Parameters<typeof serving>[1]>
  const url = await serving(t, (path) => answer(path))
  const watch = running(t, ['audit', 'watch', file('watched'), '--every', '1'], anybody(url))
  await watch.printed(/Log 1: 300 entries/)
  answer = () => ({ status: 503 })
  await watch.printed(/status 503/)
  const grown = filesOf([...leaves, entryAt(301)])
  answer = (path) => grown[path]
  t.match(await watch.printed(/The service answers again\./), /Log 1: 301 entries/)
  const anew = filesOf([...leaves.with(7, entryAt(7)), entryAt(301), entryAt(302)])
  answer = (path) => anew[path]
  const { code, out } = await watch.ended
  t.equal(code, 1)
  t.match(out, /does not begin with what its earlier checkpoint signed/)
  t.match(await readdir(file('watched')), [/300/, /301/, /302\.contradiction/])

  answer = (path) => honest[path]
  const other = running(t, ['audit', 'watch', file('other'), '--every', '86400'], anybody(url))
  await other.printed(/Log 1: 300 entries/)
  t.match(await other.stop('SIGTERM'), { code: 0, err: '' })

  answer = () => ({ status: 403 })
  const refused = running(t, ['audit', 'watch', file('refused')], anybody(url))
  t.match(
    await refused.ended,
    { code: 1, err: /status 403/ },
    'what will not pass is not waited for',
  )
})
