/**
 * Goal: the service says where its matching key is, and does not start with one that it cannot use.
 * Method: the service as a process of its own, on a database of its own.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { holdCeremony } from '../../examples/ceremony.ts'
import { readConfig } from '../../src/config/server.ts'
import { writeSecret } from '../../src/disk.ts'
import { openKeyholders } from '../../src/keyholder/open.ts'
import { sealMatchingKey } from '../../src/protocol/matching/matchingkey.ts'
import { generateMatchingKey } from '../../src/protocol/matching/voprf.ts'
import { argon2id } from '../helpers/build.ts'
import { blindedElements, holderFiles, serveKeyholder } from '../helpers/holder.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { listening, start } from '../helpers/process.ts'
import { callerOf } from '../helpers/referral.ts'

const key = generateMatchingKey()

async function deployment(t: Test) {
  const databases = await cloneDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'intake-open-'))
  t.teardown(async () => {
    await databases.drop()
    await rm(folder, { recursive: true, force: true })
  })
  const [tokenKeyFile, origin] = [join(folder, 'token-key.pem'), 'intake.test']
  const matching = { keys: [key], argon2id }
  const world = await holdCeremony({
    ...{ ownerUrl: databases.ownerUrl, origin, tokenKeyFile, matching },
  })
  const variables = {
    ...{ HOST: '127.0.0.1', PORT: '0', ORIGIN: origin, LOG_LEVEL: 'info', DATA_DIR: folder },
    ...{ DATABASE_URL: databases.url, TOKEN_KEY_FILE: tokenKeyFile },
  }
  /** What the service says of its key, and what it answers to one element. */
  const tried = async (more: Record<string, string>) => {
    const service = await listening(t, { ...variables, ...more })
    const call = await callerOf(world, service.url, world.referring.ngo.clientId)
    const ready = await call('GET', '/readyz')
    const body = { epoch: 1, elements: blindedElements(1) }
    const { status } = await call('POST', '/v1/matching/evaluations', body)
    service.child.kill('SIGTERM')
    const code = await service.ended
    const [, logged] = /"matchingKey":"(\w+)","msg":"started"/.exec(service.output()) ?? []
    return { ready: ready.body.matchingKey, logged, status, code }
  }
  return { folder, variables, tried }
}

t.test('where the key is apart, embedded or nowhere, is in the log and in /readyz', async (t) => {
  const { folder, tried } = await deployment(t)
  const left = join(folder, 'matching-key.json')
  await writeSecret(left, sealMatchingKey(key, undefined))
  t.same(await tried({}), { ready: 'none', logged: 'none', status: 503, code: 0 })

  const files = await holderFiles(t, [key])
  const holder = await serveKeyholder(t, files)
  t.same(
    await tried({
      MATCHING_HOLDERS: holder.url,
      MATCHING_TLS_KEY_FILE: await files.put('api-key.pem', files.client.key),
      MATCHING_TLS_CERT_FILE: await files.put('api-cert.pem', files.client.cert),
      MATCHING_TLS_CA_FILE: await files.put('ca.pem', files.client.ca),
    }),
    { ready: 'apart', logged: 'apart', status: 200, code: 0 },
  )

  const named = join(folder, 'named.json')
  await writeSecret(named, sealMatchingKey(key, 'a long passphrase'))
  t.same(await tried({ INTAKE_PASSPHRASE: 'a long passphrase', MATCHING_KEY_FILES: named }), {
    ...{ ready: 'embedded', logged: 'embedded', status: 200, code: 0 },
  })
})

t.test(
  'the key that a trial left behind is used by a trial only, and the log says so',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'intake-open-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const left = join(folder, 'matching-key.json')
    await writeSecret(left, sealMatchingKey(key, undefined))
    const opened = async (environment: Record<string, string>) => {
      const lines: object[] = []
      const log = { info() {}, error() {}, warn: (...line: unknown[]) => void lines.push(line) }
      const { matching } = readConfig({ DATA_DIR: folder, ...environment })
      const holders = await openKeyholders(matching, log)
      t.teardown(() => holders.close())
      return { place: holders.place, lines }
    }
    t.same(await opened({}), { place: 'embedded', lines: [] })
    const own = { DATABASE_URL: 'postgres://intake_service@db/intake', ORIGIN: 'intake.test' }
    t.match(await opened(own), { place: 'none', lines: [[{ file: left }, /MATCHING_KEY_FILES/]] })
    t.same(await opened({ ...own, MATCHING_KEY_FILES: left }), { place: 'embedded', lines: [] })
  },
)

t.test('a key that cannot be opened stops the start, and is not quoted', async (t) => {
  const { folder, variables } = await deployment(t)
  const sealed = join(folder, 'sealed.json')
  const open = join(folder, 'open.json')
  await writeSecret(sealed, sealMatchingKey(key, 'a long passphrase'))
  await writeSecret(open, sealMatchingKey(key, undefined))
  await chmod(open, 0o644)
  const faults: [Record<string, string>, RegExp][] = [
    [{ MATCHING_KEY_FILES: join(folder, 'nowhere.json') }, /no such file/],
    [{ MATCHING_KEY_FILES: sealed }, /sealed under a passphrase/],
    [{ MATCHING_KEY_FILES: sealed, INTAKE_PASSPHRASE: 'wrong' }, /does not open the key file/],
    [{ MATCHING_KEY_FILES: open }, /chmod 600/],
    [
      { MATCHING_KEY_FILES: variables.TOKEN_KEY_FILE },
      /MATCHING_KEY_FILES is .* that is not a matching key/,
    ],
  ]
  for (const [more, words] of faults) {
    const service = start(t, { ...variables, ...more })
    t.equal(await service.ended, 1)
    t.match(service.output(), words)
    t.notMatch(service.output(), Buffer.from(key.secretKey).toString('base64url'))
  }
})
