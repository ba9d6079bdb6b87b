/**
 * Goal: whoever writes a receiver of webhooks on a laptop gets there what the service would post.
 * Method: the command in a process of its own, a receiver on this machine, Standard Webhooks' own library.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { build } from '../helpers/build.ts'
import { databaseApart } from '../helpers/postgres.ts'
import { receive, say } from '../helpers/receiver.ts'
import { refer } from '../helpers/referral.ts'
import { intake, partyOf, running } from './run.ts'

t.test('what becomes of items is posted, signed, until it is taken', async (t) => {
  // Whoever writes in any database of the server holds back what is shown.
  const built = await build(t, { databaseOf: databaseApart })
  const { url, world, folder } = built
  const keys = world.recipients.casework
  const { environment } = await partyOf(t, { url, world, clientId: world.clients.casework, keys })
  const secret = `whsec_${Buffer.alloc(25, 7).toString('base64')}`
  const file = join(folder, 'secret')
  await writeFile(file, `${secret}\n`, { mode: 0o600 })
  const receiver = await receive(t)
  receiver.answers.push(say(500))
  const to = `http://localhost:${receiver.port}/hook`
  const listening = running(t, ['listen', '--forward', to, '--secret', file], environment)
  await listening.printed(/is posted to/)
  await refer(built)
  const printed = await listening.printed(/204 {2}item\.opened/)
  t.match(printed, /500 {2}item\.opened/)
  const { code, out } = await listening.stop('SIGTERM')
  t.equal(code, 0)
  t.match(out, /1 taken, 1 tries failed/)
  t.equal(receiver.received.length, 2)
  const [first, second] = receiver.received
  t.equal(first!.headers['webhook-id'], second!.headers['webhook-id'])
  const told = new Webhook(secret).verify(second!.body, second!.headers as Record<string, string>)
  t.match(told, {
    type: 'item.opened',
    data: { changeId: /^\d+$/, itemId: String, caseId: String },
  })

  await writeFile(file, secret.replaceAll('=', ''))
  for (const [args, words] of [
    [['--forward', 'http://hooks.example.org/'], /https, or http on this machine/],
    [['--forward', to, '--secret', file], /whsec_ and 24 to 64 bytes/],
    [[], /--forward is missing/],
  ] as const) {
    t.match(await intake(['listen', ...args], environment), { code: 2, err: words })
  }
})
