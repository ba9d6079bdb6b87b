/**
 * Goal: docs/PARTNERS.md takes a developer from nothing to an accepted referral, in each language, and
 * whatever breaks on the way, one draft becomes one referral.
 * Method: its commands and programs are run as they stand there, with the client's own keys, against a service
 * with its own authorization server, by a way on which the first answer to each program is lost.
 */
import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'
import { signDirectory } from '../../src/protocol/trust/directory.ts'
import { called, folderOf } from '../cli/run.ts'
import { build } from '../helpers/build.ts'
import { onHost } from '../helpers/publish.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = join(root, 'examples/partners')
const way = await openWay()
t.teardown(() => way.close())
const built = await build(t, { publicUrl: way.url })
way.to(built.url)
const { world, databases } = built
const sql = asSuperuser(t, databases)
const home = await folderOf(t)
const administrator = { DATABASE_OWNER_URL: databases.ownerUrl, ORIGIN: world.origin }

/** A way to the service on which answers to a PUT can be lost, after the service has stored what came. */
async function openWay() {
  let isLosing = false
  let service = ''
  const server = createServer((near, answer) => {
    const { method, headers, url: path = '' } = near
    const far = send(new URL(path, service), { method, headers }, (found) => {
      if (isLosing && method === 'PUT') {
        found.resume().once('end', () => near.socket.destroy())
        return
      }
      answer.writeHead(found.statusCode ?? 502, found.headers)
      found.pipe(answer)
    })
    far.on('error', () => near.socket.destroy())
    near.pipe(far)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    to: (url: string) => {
      service = url
    },
    lose: (losing: boolean) => {
      isLosing = losing
    },
    close: () => server.close(),
  }
}

type Ran = { readonly code: number; readonly out: string; readonly err: string }

/** Runs a command as the partner's user: its home, its PATH, nothing of ours beside `intake`. */
function run(command: string, args: readonly string[]): Promise<Ran> {
  const PATH = `${join(home, 'bin')}:${process.env.PATH}`
  return new Promise((resolve) => {
    const env = { PATH, HOME: home }
    execFile(command, args, { cwd: home, env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err })
    })
  })
}

/** A program of the document, with the settings that were written. */
function program(command: string, file: string, ...args: string[]): Promise<Ran> {
  return run('sh', ['-c', '. .intake/partner.env; exec "$@"', 'sh', command, file, ...args])
}

const digitsIn = (printed: string) => /(\d{5} ){5}\d{5}/.exec(printed)?.[0] ?? ''
const there = (name: string) => stat(join(home, name)).then(Boolean, () => false)

t.before(async () => {
  const ours = pathToFileURL(join(root, 'src/client/index.ts')).href
  await mkdir(join(home, 'bin'))
  await mkdir(join(home, 'node_modules/referral-intake-client'), { recursive: true })
  const intake = `#!/bin/sh\nexec ${process.execPath} ${join(root, 'src/cli/intake.js')} "$@"\n`
  await writeFile(join(home, 'bin/intake'), intake, { mode: 0o755 })
  const client = join(home, 'node_modules/referral-intake-client')
  await writeFile(join(client, 'package.json'), '{"type":"module","exports":"./index.js"}')
  await writeFile(join(client, 'index.js'), `export * from '${ours}'\n`)
})

t.test('a stranger is let in, and is live once the directory names its key', async (t) => {
  const begun = await run('sh', [join(examples, 'begin.sh')])
  t.equal(begun.code, 0, begun.err)
  await writeFile(join(home, 'mail.txt'), begun.out)
  await writeFile(join(home, 'trust.json'), JSON.stringify(world.trust), { mode: 0o600 })
  const words = ['admin', 'partner', 'add', join(home, 'mail.txt'), '--url', way.url]
  const files = ['--trust', join(home, 'trust.json'), '--out', join(home, 'answer.txt')]
  const added = await called(
    t,
    [...words, ...files, '--fingerprint', digitsIn(begun.out)],
    administrator,
  )
  t.equal(added.code, 0, added.err)

  const text = await readFile(join(examples, 'join.sh'), 'utf8')
  const heard = text.replace('answer.txt', `answer.txt --fingerprint '${digitsIn(added.out)}'`)
  const early = await run('sh', ['-c', heard])
  t.match(early, { code: 1, out: /unknown-signer[\s\S]*publish/ }, early.err)
  await onHost(built, async (host) => {
    const draft = await host.draftDirectory(world.origin)
    await host.publishDirectory(signDirectory(draft, world.directoryKey))
  })
  const live = await run('sh', ['-c', heard])
  t.match(live, { code: 0, out: /You are live/ }, live.err)
})

const programs = [
  ['node', 'refer.mjs'],
  ['python3', 'refer.py'],
  ['php', 'refer.php'],
  ['sh', 'refer.sh'],
] as const

for (const [command, file] of programs) {
  t.test(`${file} loses the answer, keeps the bytes, and is acknowledged`, async (t) => {
    await copyFile(join(examples, file), join(home, file))
    await copyFile(join(examples, 'draft.json'), join(home, 'draft.json'))
    const before = await submitted()
    way.lose(true)
    const lost = await program(command, file, 'draft.json')
    way.lose(false)
    t.equal(lost.code, 75, lost.err)
    t.notMatch(lost.err, /without match keys/)
    t.equal((await submitted()).length, before.length + 1, 'it was stored all the same')
    const bytes = await readFile(join(home, 'draft.sealed'), 'utf8')
    t.notMatch(bytes, /Adeyemi/)

    const done = await program(command, file, 'draft.json')
    t.match(done, { code: 0, out: /^acknowledged, with the reference [0-9]{8}\n$/ }, done.err)
    t.equal(JSON.parse(bytes).header.referralId, (await submitted()).at(-1)?.id)
    t.equal((await submitted()).length, before.length + 1, 'and is one referral')
    t.notOk(await there('draft.sealed'), 'the bytes are kept no longer')
  })
}

t.test('what is not sealed is for a person, unless the service is away', async (t) => {
  await writeFile(join(home, 'empty.json'), '')
  await writeFile(join(home, 'unfit.json'), '{"channel":"fax"}')
  const away = '. .intake/partner.env; export INTAKE_URL=http://127.0.0.1:1; exec "$@"'
  const codes = await Promise.all(
    programs.map(async ([command, file]) => {
      const drafts = [[], ['absent.json'], ['empty.json'], ['unfit.json']]
      const ran = [await run('sh', ['-c', away, 'sh', command, file, 'draft.json'])]
      for (const draft of drafts) ran.push(await program(command, file, ...draft))
      return [file, ran.map(({ code }) => code)]
    }),
  )
  t.strictSame(
    codes,
    programs.map(([, file]) => [file, [75, 1, 1, 1, 1]]),
  )
  t.strictSame(
    (await readdir(home)).filter((name) => /\.(sealed|part)/.test(name)),
    [],
  )
})

t.test('intake refer does the same', async (t) => {
  const text = await readFile(join(examples, 'refer-with-intake.sh'), 'utf8')
  const done = await run('sh', ['-c', `. .intake/partner.env; ${text}`])
  t.match(done, { code: 0, out: /stored +draft\.json +reference/ }, done.err)
})

t.test('a refusal that is about the caller keeps the bytes', async (t) => {
  const [{ id } = { id: '' }] = await sql<{ id: string }[]>`
    select c.id from client c where c.label = 'Kessingland Law'`
  const disable = ['admin', 'client', 'disable', id]
  const { code } = await called(t, disable, administrator)
  t.equal(code, 0)
  for (const [command, file] of programs) {
    const refused = await program(command, file, 'draft.json')
    t.equal(refused.code, 1, `${file}: ${refused.err}`)
    t.notMatch(refused.err, /a wrong key|answers wrongly/, file)
    t.ok(await there('draft.sealed'), file)
    await rm(join(home, 'draft.sealed'))
  }
})

function submitted() {
  return sql<{ id: string }[]>`select id from referral order by received_at`
}
