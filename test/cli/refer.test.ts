import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { between } from '../client/between.ts'
import { type Built, build } from '../helpers/build.ts'
import { type Environment, intake, partyOf } from './run.ts'

const examples = fileURLToPath(new URL('../../examples/referrals', import.meta.url))
const draft = (familyName: string) =>
  JSON.stringify({ channel: 'partner_ngo', region: 'kent', referral: { identity: { familyName } } })

const lawFirm = (t: Parameters<typeof partyOf>[0], { url, world }: Built) =>
  partyOf(t, {
    url,
    world,
    clientId: world.referring.lawFirm.clientId,
    keys: { signing: world.referring.lawFirm.signing },
  })

const results = (out: string): { status: string; referralId: string; reference: string }[] =>
  JSON.parse(out).results

t.test('against the service', async (t) => {
  const built = await build(t)
  const stored = (ids: readonly string[]) =>
    built.database.inTransaction({ kind: 'system', request: 'test' }, async (tx) => {
      const rows = await tx.sql`select from referral where id = any (${ids as string[]}::uuid[])`
      return rows.length
    })

  t.test('all the example referrals are sealed and acknowledged, once', async (t) => {
    const { environment, token } = await lawFirm(t, built)
    const files = (await readdir(examples)).filter((name) => name.endsWith('.json'))
    t.ok(files.length > 0)
    const first = await intake(['refer', examples, '--json'], environment)
    t.equal(first.code, 0, first.err)
    const referred = results(first.out)
    t.equal(referred.length, files.length)
    t.ok(referred.every(({ status }) => status === 'stored'))
    t.equal(await stored(referred.map(({ referralId }) => referralId)), files.length)
    const second = await intake(['refer', examples], environment)
    t.match(second.out, `${files.length} of ${files.length} acknowledged.`)
    t.notMatch(second.out, /^stored /m, 'nothing is sent twice')
    const home = await readAll(environment.INTAKE_HOME!)
    for (const text of [first.out, first.err, built.log(), home]) t.notOk(text.includes(token))
  })

  t.test('what was sealed and not acknowledged is kept, and the same bytes go again', async (t) => {
    const { environment, folder } = await lawFirm(t, built)
    const file = join(folder, 'draft.json')
    await writeFile(file, draft('Adeyemi'))
    let lost = true
    const line = await between(t, built.url, (answer, { method }) =>
      method === 'PUT' && lost ? undefined : answer,
    )
    const badly = { ...environment, INTAKE_URL: line.url }
    const first = await intake(['refer', file, '--json'], badly)
    const [waiting] = results(first.out)
    t.match({ code: first.code, waiting }, { code: 1, waiting: { status: 'waiting' } })
    const kept = join(environment.INTAKE_HOME!, 'outbox', `${waiting!.referralId}.json`)
    t.equal((await stat(kept)).mode & 0o777, 0o600)
    t.notMatch(await readFile(kept, 'utf8'), /Adeyemi/)

    lost = false
    const second = await intake(['refer', file, '--json'], badly)
    t.match(results(second.out), [{ status: 'stored', referralId: waiting!.referralId }])
    t.equal(second.code, 0)
    const bodies = line.passed.filter(({ method }) => method === 'PUT').map(({ body }) => body)
    t.ok(bodies.length > 1)
    t.equal(new Set(bodies).size, 1)
    t.same(await readdir(join(environment.INTAKE_HOME!, 'outbox')), [])

    await writeFile(join(folder, 'a copy.json'), draft('Adeyemi'))
    const third = await intake(['refer', file, join(folder, 'a copy.json'), '--json'], badly)
    const { referralId } = waiting!
    const before = { status: 'stored-before', referralId }
    t.match(results(third.out), [before, before], 'the same bytes are the same referral')
  })

  t.test(
    'a service that is away is not asked for each, and all is sealed for the next call',
    async (t) => {
      const { environment, folder } = await lawFirm(t, built)
      const names = ['a.json', 'b.json', 'c.json', 'd.json', 'e.json', 'f.json']
      for (const name of names) await writeFile(join(folder, name), draft(name))
      const files = names.map((name) => join(folder, name))
      const line = await between(t, built.url, (answer, { method }) =>
        method === 'PUT' ? { ...answer, status: 503, body: '' } : answer,
      )
      const first = await intake(['refer', ...files], { ...environment, INTAKE_URL: line.url })
      t.match(first, { code: 1, out: /0 of 6 acknowledged, 6 kept in the outbox/ })
      const tries = line.passed.filter(({ method }) => method === 'PUT').length
      t.ok(tries <= 4 * 3, 'those in flight, three times each')
      const second = await intake(['refer', '--json'], environment)
      t.equal(second.code, 0)
      t.equal(results(second.out).length, 6)
      t.equal(await stored(results(second.out).map(({ referralId }) => referralId)), 6)
    },
  )

  t.test('one draft that does not fit keeps no other from being referred', async (t) => {
    const { environment, folder } = await lawFirm(t, built)
    const [good, bad, torn] = ['good.json', 'bad.json', 'torn.json'].map((name) =>
      join(folder, name),
    )
    await writeFile(good!, draft('Mahboob'))
    await writeFile(bad!, '{"channel":"carrier_pigeon","region":"kent","referral":{}}')
    await writeFile(torn!, '{"channel": Sentamu')
    const ran = await intake(['refer', good!, bad!, torn!], environment)
    t.equal(ran.code, 1)
    t.match(ran.out, /^stored +.*good\.json +reference [0-9]{8}$/m)
    t.match(ran.out, /^failed +.*bad\.json\n.*\(referral-invalid\)\n +\/channel must be one of/m)
    t.match(ran.out, /1 of 3 acknowledged, 2 neither sealed nor kept: name them again\./)
    const away = { ...environment, INTAKE_URL: 'http://127.0.0.1:1' }
    await writeFile(good!, draft('Mahboob again'))
    const unsent = await intake(['refer', good!], away)
    t.match(unsent, { code: 1, out: /0 of 1 acknowledged, 1 neither sealed nor kept/ })
    t.notMatch(ran.out, /pigeon|Sentamu/)
    t.match(await intake(['check', torn!, bad!]), {
      code: 1,
      out: /torn\.json is not JSON in UTF-8\n.*\n +\/channel must be one of/,
    })
    t.match(await intake(['check', good!]), { code: 0, out: /can be sealed, urgent/ })
  })

  t.test('what is worth a second look is told by check and refer, and sent', async (t) => {
    const { environment, folder } = await lawFirm(t, built)
    const file = join(folder, 'odd.json')
    const odd = JSON.parse(draft('Mahboob'))
    odd.referral.identity.identifiers = [{ type: 'uan', value: '1234' }]
    await writeFile(file, JSON.stringify(odd))
    const told = / {2}Look again: \/referral\/identity\/identifiers\/0\/value is not 16 digits/
    t.match(await intake(['check', file]), { code: 0, out: told })
    t.match(await intake(['refer', file], environment), { code: 0, out: told })
    await writeFile(file, JSON.stringify({ ...odd, respondBy: '2020-01-01' }))
    t.match(await intake(['check', file]), { code: 1, out: /\/respondBy lies in the past\./ })
  })

  t.test('a refusal of the bytes drops them; the same draft goes under the same id', async (t) => {
    const { environment, folder } = await lawFirm(t, built)
    const file = join(folder, 'draft.json')
    await writeFile(file, draft('Tarek'))
    const strange = join(folder, 'strange.key')
    await intake(['keys', 'generate', '--out', strange, '--no-passphrase'])
    const ran = await intake(['refer', file, '--key', strange, '--json'], environment)
    const [refused] = results(ran.out)
    t.match(refused, { status: 'refused', problem: { code: 'unknown-signer', next: String } })
    t.match(results((await intake(['refer', file, '--json'], environment)).out), [
      { status: 'stored', referralId: refused!.referralId },
    ])
  })

  t.test('a token that others can read is refused, and what was sealed waits', async (t) => {
    const { environment, folder, token } = await lawFirm(t, built)
    const file = join(folder, 'draft.json')
    await writeFile(file, draft('Rashid'))
    await writeFile(join(folder, 'open'), token, { mode: 0o644 })
    const open: Environment = { ...environment, INTAKE_TOKEN_FILE: join(folder, 'open') }
    const ran = await intake(['refer', file], open)
    t.match(ran, { code: 1, out: /chmod 600/ })
    const { INTAKE_TOKEN_FILE, ...none } = environment
    t.match(await intake(['refer'], { ...none, INTAKE_TOKEN: token }), { code: 0 })
  })

  t.test('seal reads a draft and writes an envelope, and nothing is stored', async (t) => {
    const { environment } = await lawFirm(t, built)
    const { INTAKE_TOKEN_FILE, ...none } = environment
    const ran = await intake(['seal'], none, draft('Hamid'))
    t.equal(ran.code, 0, ran.err)
    const envelope = JSON.parse(ran.out)
    t.match(envelope, { header: { region: 'kent' }, signature: {} })
    t.notMatch(ran.out, /Hamid/)
    t.equal(await stored([envelope.header.referralId]), 0)
  })
})

async function readAll(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const texts = files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8'))
  return (await Promise.all(texts)).join('\n')
}
