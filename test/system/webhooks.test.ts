/**
 * Goal: what we sign is verified by the libraries of Standard Webhooks that receivers use, in three languages.
 * Method: the programs of docs/WEBHOOKS.md, as they stand there, over messages with secrets of every length that counts.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { newId } from '../../src/protocol/uuid.ts'
import { changeMessage, webhookHeaders, writeWebhookSecret } from '../../src/protocol/webhook.ts'

const folder = await mkdtemp(join(tmpdir(), 'intake-webhooks-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))
const example = (name: string) => resolve('examples/webhooks', name)

const python = join(folder, 'python')
const { PATH, NODE_OPTIONS } = process.env
const run = (command: string, args: readonly string[], input = '', own: object = {}) => {
  const env = { PATH, ...own }
  return spawnSync(command, args, { input, env, encoding: 'utf8', timeout: 120_000 })
}
const install = ['-m', 'pip', 'install', '--quiet', '--target', python, 'standardwebhooks==1.1.0']
t.equal(run('python3', install).status, 0)

const languages: Record<string, (files: string[], body: string) => ReturnType<typeof run>> = {
  JavaScript: (files, body) =>
    run(process.execPath, [example('verify.mjs'), ...files], body, { NODE_OPTIONS }),
  Python: (files, body) =>
    run('python3', [example('verify.py'), ...files], body, { PYTHONPATH: python }),
  Go: (files, body) => run('webhook-verify', files, body),
}

/** A change, signed with these secrets. */
function signed(secrets: readonly Uint8Array[]) {
  const [itemId, caseId] = [newId(), newId()]
  const at = new Date().toISOString()
  const message = changeMessage('8d6f0a3b11c2e945', {
    id: '1207',
    type: 'opened',
    itemId,
    caseId,
    at,
  })
  const seconds = Math.floor(Date.now() / 1000)
  return { body: message.body, headers: webhookHeaders(message, secrets, seconds) }
}

const file = (name: string) => join(folder, name)
async function files(secret: Uint8Array, headers: Record<string, string>): Promise<string[]> {
  // With the line break that an editor puts there.
  await writeFile(file('secret'), `${writeWebhookSecret(secret)}\n`)
  await writeFile(file('headers'), JSON.stringify(headers))
  return [file('secret'), file('headers')]
}

for (const [language, verify] of Object.entries(languages)) {
  t.test(`${language} verifies what we sign, and nothing else`, async (t) => {
    for (const length of [24, 25, 26, 32, 64]) {
      const secret = crypto.getRandomValues(new Uint8Array(length))
      const { body, headers } = signed([secret])
      const taken = verify(await files(secret, headers), body)
      t.match(taken, { status: 0, stdout: /^item\.opened\n$/ }, `${length}: ${taken.stderr}`)
    }
    const [secret, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const both = signed([secret, other])
    for (const one of [secret, other]) {
      t.equal(verify(await files(one, both.headers), both.body).status, 0, 'while it is replaced')
    }
    const { body, headers } = signed([other])
    t.not(verify(await files(secret, headers), body).status, 0, 'another secret')
    const given = await files(other, headers)
    t.not(verify(given, body.replace('opened', 'merged')).status, 0, 'another body')
    const late = {
      ...headers,
      'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1),
    }
    t.not(verify(await files(other, late), body).status, 0, 'another time')
  })
}
