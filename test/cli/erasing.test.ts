/**
 * Goal: nothing of a case is erased that was not shown, and nothing of it unasked; what stays is named with why.
 * Method: the commands against a service; two referrals of one case, of which one is held.
 */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { confirmed } from '../../src/cli/recipient/confirming.ts'
import { createReader, type ServiceProblem } from '../../src/client/index.ts'
import { build } from '../helpers/build.ts'
import { onHost } from '../helpers/publish.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { called, partyOf, unbroken } from './run.ts'

t.test('it is erased for the word itself, and for nothing else', async (t) => {
  const asked = async (answer: string | undefined) => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const answered = confirmed({ input, output }, 'What goes', 'erase')
    let text = ''
    output.on('data', (chunk) => (text += chunk))
    while (!/What goes\n.*Type erase to go on: /s.test(text)) await once(output, 'data')
    input.end(answer)
    return answered
  }
  t.equal(await asked('erase\n'), true)
  t.equal(await asked(' erase \n'), true)
  for (const other of ['yes\n', 'erase it\n', '\n', undefined]) t.equal(await asked(other), false)
  t.equal(await confirmed(undefined, 'What goes', 'erase'), undefined, 'nobody can be asked')
})

t.test('a case is erased by command, and a hold keeps one of it', async (t) => {
  const built = await build(t)
  const { url, world } = built
  const { casework } = world.recipients
  const clientId = world.clients.casework
  const party = await partyOf(t, { url, world, clientId, keys: casework })
  const run = async (...args: string[]) => unbroken(await called(t, args, party.environment))
  const reader = createReader({
    ...{ url, trust: world.trust, recipient: casework, token: () => world.token(clientId) },
  })
  const [one, other, late] = [await refer(built), await refer(built), await refer(built)]
  const [reference, held] = [one, other].map(({ acknowledgement }) => acknowledgement.reference)
  const merged = await reader.merge(reference!, held!)
  const stands = async () => (await reader.case(merged.caseId)).referrals.length

  t.match(await run('hold', held!, '--reason', 'spite'), { code: 2, err: /--reason is one of/ })
  t.match(await run('hold', held!, '--reason', 'inquiry'), { code: 0, out: /Held: A public inq/ })
  const listed = await run('holds')
  t.match(listed, { code: 0, out: new RegExp(`Reference ${held}, since .*: A public inquiry`) })

  const shown = await run('case', 'erase', reference!)
  t.equal(shown.code, 3, 'nobody could be asked')
  t.match(shown.out, new RegExp(`Reference ${reference}, came .*: Received`))
  t.match(shown.out, /Stays, because it is held: A public inquiry/)
  t.match(shown.out, /Nothing was erased/)
  t.equal(await stands(), 2)

  const read = await reader.case(merged.caseId)
  await reader.merge(merged.caseId, late.acknowledgement.reference)
  const { erased, left } = await reader.eraseCase({ referrals: read.referrals.slice(0, 1) })
  t.equal(erased.length + left.length, 1, 'what was not shown stays')
  t.equal(await stands(), 2)

  const done = await run('case', 'erase', late.acknowledgement.reference, '--yes')
  t.equal(done.code, 1, 'not all of it went')
  t.match(done.out, new RegExp(`Reference ${late.acknowledgement.reference}: erased `))
  t.match(done.out, new RegExp(`Reference ${held}: stays, .*legal hold: inquiry.*erasure-refused`))
  const days = Date.parse(/Backups forget it too on ([0-9-]{10})\./.exec(done.out)![1]!)
  t.equal((days - Date.parse(new Date().toISOString().slice(0, 10))) / 86_400_000, 35)

  t.match(await run('hold', 'lift', held!), { code: 0, out: /Lifted/ })
  t.match(await run('holds'), { code: 0, out: /Nothing is held/ })
  const last = await run('case', 'erase', held!, '--yes', '--json')
  t.equal(last.code, 0)
  t.match(JSON.parse(last.out), { erased: [{ referralId: other.referralId }], left: [] })
  t.match(await run('case', 'erase', held!, '--yes'), { code: 1, err: /erased/ })
  const again = await reader.erase(other.referralId)
  t.equal(again.erasedAt, JSON.parse(last.out).erased[0].erasedAt, 'the first time stands')
})

t.test('neither is for a client that was not named for it', async (t) => {
  const built = await build(t)
  const { url, world } = built
  const { organisationId } = world.referring.telephone
  const usual = await onHost(built, (host) =>
    host.addClient({
      ...{ organisationId, label: 'Usual', kind: 'internal' },
      scopes: ['referrals:open', 'cases:review'],
      kids: [world.recipients.casework.receiving.kid],
    }),
  )
  const { referralId } = await refer(built)
  const reader = createReader({
    ...{ url, trust: world.trust, recipient: world.recipients.casework },
    token: () => world.token(usual),
  })
  const refused = { problem: { code: 'insufficient-scope' } } as unknown as ServiceProblem
  const found = await reader.case(
    (await reader.search({ reference: (await reader.fetch(referralId)).reference })).cases[0]!
      .caseId,
  )
  for (const act of [
    () => reader.erase(referralId),
    () => reader.eraseCase(found),
    () => reader.placeHold(referralId, 'complaint'),
    () => reader.liftHold(referralId),
    () => reader.holds(),
  ]) {
    await t.rejects(async () => void (await act()), refused)
  }
  t.equal(
    (await (await callerOf(world, url, usual))('GET', `/v1/cases/${found.caseId}`)).status,
    200,
    'nothing was done',
  )
})
