import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openKeyFile } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { folderOf, intake } from './run.ts'

const passphrase = 'correct horse battery'

t.test('a key file is its owner’s alone, sealed, and never overwritten', async (t) => {
  const folder = await folderOf(t)
  const file = join(folder, 'app.key')
  const make = ['keys', 'generate', '--kind', 'recipient', '--out', file]
  const made = await intake(make, { INTAKE_PASSPHRASE: passphrase })
  t.equal(made.code, 0, made.err)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  const text = await readFile(file, 'utf8')
  const { signing, receiving } = openKeyFile(text, passphrase)
  const half = await readFile(join(folder, 'app.pub'), 'utf8')
  t.same(JSON.parse(half), {
    kid: receiving?.kid,
    alg: 'X-Wing',
    publicKey: encodeBase64url(receiving!.publicKey),
    signingKey: encodeBase64url(signing.publicKey),
  })
  t.ok(made.out.includes(half.trim()), 'its public half is shown, and stands in a file')
  for (const { secretKey } of [signing, receiving!]) {
    const secret = encodeBase64url(secretKey)
    t.notOk([text, half, made.out, made.err].some((shown) => shown.includes(secret)))
  }
  t.notOk([text, half, made.out, made.err].some((shown) => shown.includes(passphrase)))

  const again = await intake(make, { INTAKE_PASSPHRASE: passphrase })
  t.match(again, { code: 1, out: '', err: /exists, and is not overwritten/ })
  t.equal(await readFile(file, 'utf8'), text)
  await rm(file)
  t.match(await intake(make, { INTAKE_PASSPHRASE: passphrase }), {
    code: 1,
    err: /app\.pub exists/,
  })
  await t.rejects(stat(file), 'nor made where the public half of another stands')
})

t.test(
  'a passphrase is asked for, and without a terminal the call says how to give it',
  async (t) => {
    const file = join(await folderOf(t), 'app.key')
    const asked = await intake(['keys', 'generate', '--out', file])
    t.match(asked, { code: 2, err: /INTAKE_PASSPHRASE/ })
    const short = await intake(['keys', 'generate', '--out', file], { INTAKE_PASSPHRASE: 'short' })
    t.match(short, { code: 2, err: /8 characters/ })
    t.equal((await intake(['keys', 'generate', '--out', file, '--no-passphrase'])).code, 0)
  },
)

t.test('a key file that others can read is refused', async (t) => {
  const file = join(await folderOf(t), 'app.key')
  await intake(['keys', 'generate', '--out', file, '--no-passphrase'])
  await chmod(file, 0o640)
  const ran = await intake(['refer', '--key', file], { INTAKE_HOME: await folderOf(t) })
  t.match(ran, { code: 1, err: /chmod 600/ })
})

t.test('what lies in the folder that one stands in is not believed', async (t) => {
  const [folder, home] = [await folderOf(t), await folderOf(t)]
  const planted = join(folder, '.intake')
  await mkdir(planted, { mode: 0o700 })
  const trust = { origin: 'intake.test', rootKeys: ['A'.repeat(43)], minimumVersion: 1 }
  await writeFile(join(planted, 'trust.json'), JSON.stringify(trust), { mode: 0o600 })
  const file = join(folder, 'app.key')
  await intake(['keys', 'generate', '--out', file, '--no-passphrase'])
  const call = ['refer', '--key', file, '--url', 'http://127.0.0.1:1']
  const ran = await intake(call, { HOME: home }, '', folder)
  const words = new RegExp(
    `${join(home, '.intake', 'trust.json')} is not there: .*--trust FILE, or INTAKE_TRUST`,
  )
  t.match(ran, { code: 2, err: words })
  const named = await intake([...call, '--home', '.intake'], { HOME: home }, '', folder)
  t.notMatch(named.err, /is not there/, 'unless its owner says so')
})

t.test('an address without its scheme names the variable, and what to write', async (t) => {
  const file = join(await folderOf(t), 'app.key')
  await intake(['keys', 'generate', '--out', file, '--no-passphrase'])
  for (const url of ['intake.example.org', 'intake.example.org:443', 'https://']) {
    const ran = await intake(['refer', '--key', file], { INTAKE_URL: url })
    const words = /INTAKE_URL is not the address of a service: .*https:\/\/intake\.example\.org/s
    t.match(ran, { code: 2, err: words }, url)
  }
})

t.test('a folder is no key file, and the first word of commands is no command', async (t) => {
  const folder = await folderOf(t)
  const call = ['claim', '--key', folder, '--trust', join(folder, 'trust.json')]
  await writeFile(call[4]!, '{"origin":"intake.test","rootKeys":[],"minimumVersion":1}')
  t.match(await intake(call), { code: 1, err: /is a folder: name the file/ })
  t.match(await intake(['partner']), { code: 2, err: /intake partner --help lists them/ })
})

t.test('a wrong call exits with 2 and says where help is, and quotes no value', async (t) => {
  for (const args of [
    ['keys'],
    ['keys', 'generate'],
    ['claim', '--max', '51'],
    ['refer', '--token=a-secret'],
    ['check'],
  ]) {
    const ran = await intake(args)
    t.match(ran, { code: 2, out: '', err: /--help/ }, args.join(' '))
    t.notMatch(ran.err, /a-secret/)
  }
})

t.test('every command has help, and programs can read it', async (t) => {
  const { code, out } = await intake(['--help'])
  t.equal(code, 0)
  const names = [...out.matchAll(/^ {2}(\S+( \S+)?) {2,}/gm)].map(([, name]) => name!)
  t.ok(names.length >= 11)
  const helps = await Promise.all(
    ['refer', 'keyset sign', 'admin', 'admin client add'].map((name) => {
      return intake([...name.split(' '), '--help', '--json'])
    }),
  )
  for (const help of helps) t.match(JSON.parse(help.out).help, /^Usage: intake /)
})
