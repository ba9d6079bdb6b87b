/**
 * Goal: what a person does with the queue beside claiming needs no program of their own, and no word of why is among the
 * arguments of a command.
 * Method: two parties against the real service; what one did is read by the other.
 */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { createReader, newId } from '../../src/client/index.ts'
import { build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'
import { called, intake, partyOf, tooWide, unbroken } from './run.ts'

t.test('against the service', async (t) => {
  const built = await build(t)
  const { url, world } = built
  const { clients, recipients } = world
  const partyCalled = (name: 'casework' | 'clinic') =>
    partyOf(t, { url, world, clientId: clients[name], keys: recipients[name] })
  const [casework, clinic] = [await partyCalled('casework'), await partyCalled('clinic')]
  const runAs =
    ({ environment }: typeof casework) =>
    async (...args: string[]) =>
      unbroken(await called(t, args, environment))
  const [run, runAsClinic] = [runAs(casework), runAs(clinic)]
  const reader = createReader({
    ...{ url, trust: world.trust, recipient: recipients.clinic },
    token: () => world.token(clients.clinic),
  })
  const file = join(casework.folder, 'why.txt')
  const sent = async () => {
    const { referralId, acknowledgement } = await refer(built)
    return { referralId, reference: acknowledgement.reference as string }
  }
  const notesAbout = async (referralId: string) => {
    const opened = await reader.open(await reader.fetch(referralId))
    if (!opened.opened) throw new Error(opened.step)
    const { notes, faults } = await reader.readNotes(opened)
    t.same(faults, [])
    return notes.map((note) => note.opened && (note.content as { text: string }).text)
  }

  t.test(
    'an item is handed over, completed with a note, reopened, and its past told',
    async (t) => {
      const { referralId, reference } = await sent()
      t.equal((await run('claim', '--referral', reference)).code, 0)
      t.match(await run('hand-over', reference, '--to', 'Anna'), { code: 2, err: /id of a client/ })
      t.match(await run('hand-over', reference, '--to', newId()), { code: 1, err: /not-found/ })
      const handed = await run('hand-over', reference, '--to', clients.clinic)
      t.match(handed, { code: 0, out: `Handed over: client ${clients.clinic} holds it now\n` })
      t.match(await run('mine'), { out: /No item is yours/ })
      t.match(await runAsClinic('mine'), { out: new RegExp(`Reference ${reference}`) })

      const note = join(clinic.folder, 'note.txt')
      await writeFile(note, 'She has a lawyer by now.\n')
      const done = ['complete', reference, '--referral', reference, '--outcome', 'accepted']
      const completed = await runAsClinic(...done, '--note', note)
      t.match(completed, { code: 0, out: /^Completed as accepted$/m }, completed.err)
      t.match(completed.err, `The note is about referral ${referralId}, `)
      t.same(await notesAbout(referralId), ['She has a lawyer by now.'])

      const again = await runAsClinic('reopen', reference)
      t.match(again, { code: 0, out: `Reopened ${reference}: it is on the queue again` }, again.err)
      t.equal((await reader.items({ state: 'waiting', referral: reference })).items.length, 1)
      const past = await runAsClinic('attempts', reference)
      t.equal(past.code, 0, past.err)
      t.match(past.out, /^2\d{3}\S+ \S+ {2}2\d{3}\S+ \S+ {2}handed over Casework app$/m)
      t.match(past.out, /^2\d{3}\S+ \S+ {2}2\d{3}\S+ \S+ {2}completed {3}Clinic app$/m)
      t.same(tooWide(past.out), [])
      t.match(JSON.parse((await run('attempts', reference, '--json')).out).attempts, [
        { ending: 'handed_over' },
        { ending: 'completed' },
      ])
      t.match(await run('attempts', newId()), { code: 1, err: /not-found/ })

      const claimed = await run('claim', '--referral', reference, '--json')
      const [{ claimId }] = JSON.parse(claimed.out).claims
      await writeFile(file, 'Nobody picks up.')
      const parked = await run('park', claimId, '--reason', 'call_back', '--note', file)
      t.match(parked, { code: 0, out: /^Parked, to be called back/m }, parked.err)
      t.same(await notesAbout(referralId), ['She has a lawyer by now.', 'Nobody picks up.'])
    },
  )

  t.test('what was accepted is closed once, and its referrer is shown that', async (t) => {
    const { referralId, reference } = await sent()
    const { clientId, signing } = world.referring.lawFirm
    const lawFirm = await partyOf(t, { url, world, clientId, keys: { signing } })
    const close = (...args: string[]) => intake(['close', ...args], casework.environment)
    const stands = async () => {
      const { out } = await runAs(lawFirm)('status', reference, '--json')
      return JSON.parse(out).referrals[0]
    }
    const refused = await close(reference)
    t.match(refused, { code: 1, out: '', err: /^The referral does not go .* \(state-refused\)$/m })
    t.match(refused.err, 'the referral is received, which does not become closed')
    t.match(refused.err, /Next: .*What has no answer yet is answered first/)
    t.equal((await stands()).state, 'received')

    t.equal((await run('claim', '--referral', reference)).code, 0)
    const done = ['complete', reference, '--referral', reference, '--outcome', 'accepted']
    t.equal((await run(...done)).code, 0)
    const out = `Closed ${reference}: whoever sent it is shown that.\n`
    t.strictSame(await close(reference), { code: 0, out, err: '' })
    const closed = await stands()
    t.equal(closed.state, 'closed')
    const told = await runAs(lawFirm)('status', reference)
    t.match(told, { code: 0, out: new RegExp(`^${reference}  Closed\\n  Since `) })

    const again = await close(referralId.toUpperCase(), '--json')
    t.match(again, { code: 0, err: '' })
    t.strictSame(JSON.parse(again.out), { closed: referralId })
    t.strictSame(await stands(), closed, 'closed again, the first time stands')
    t.match(await run('reopen', reference), { code: 1, err: /is closed since/ })

    t.match(await close(newId()), { code: 1, err: /not-found/ })
    t.match(await close('Kidane'), { code: 2, err: /by its id, or by its reference/ })
    t.match(await close(), { code: 2, err: /REFERENCE\|ID is missing/ })
  })

  t.test('urgency is set up and down, and why is asked for elsewhere than in argv', async (t) => {
    const { referralId, reference } = await sent()
    const set = (...args: string[]) => run('urgency', ...args)
    t.match(await set(reference, 'sooner'), { code: 2, err: /^URGENCY is one of .*, up, down$/m })
    t.match(await set('7', 'up'), { code: 2, err: /by its reference of 8 digits/ })
    t.match(await set(reference, 'up'), { code: 2, err: /--reason FILE is missing/ })
    await writeFile(file, ' \n')
    t.match(await set(reference, 'up', '--reason', file), { code: 2, err: /the reason is empty/ })
    t.same(await notesAbout(referralId), [])

    const piped = ['urgency', reference, 'up', '--reason', '-']
    const raised = await intake(piped, casework.environment, 'Removal is on Tuesday.\n')
    t.match(
      raised,
      { code: 0, out: /^Immediate, and was urgent\n(Due|Overdue since) 2/ },
      raised.err,
    )
    await writeFile(file, 'It was cancelled.')
    const lowered = await set(referralId, 'standard', '--reason', file)
    t.match(lowered, { code: 0, out: /^Standard, and was immediate$/m }, lowered.err)
    t.same(await notesAbout(referralId), ['Removal is on Tuesday.', 'It was cancelled.'])
    for (const word of ['standard', 'down']) {
      t.match(await set(reference, word, '--reason', file), { code: 2, err: /it is standard/ })
    }
    t.equal((await notesAbout(referralId)).length, 2)
    await runAsClinic('claim', '--referral', reference)
    t.match(
      await set(reference, 'immediate', '--reason', file),
      { code: 0 },
      'also while it is held',
    )
    t.match((await runAsClinic('renew', reference)).out, /^Immediate\. Due /m)
    const ended = ['complete', reference, '--referral', reference, '--outcome', 'redirected']
    t.equal((await runAsClinic(...ended)).code, 0)
    t.match(await set(reference, 'up', '--reason', file), { code: 1, err: /has no open item/ })
  })

  t.test('webhooks are managed, and a secret is shown once', async (t) => {
    const hooks = (...args: string[]) => run('webhooks', ...args)
    t.match(await hooks('list'), { code: 0, out: /^No server is told/ })
    t.match(await hooks('add', 'hooks.example.org'), { code: 2, err: /https:\/\// })
    t.match(await hooks('add', 'http://hooks.example.org/'), { code: 1, err: /endpoint-refused/ })
    const added = await hooks('add', 'https://hooks.example.org/queue')
    t.equal(added.code, 0, added.err)
    const [, id = ''] = /^Endpoint ([0-9a-f-]{36})$/m.exec(added.out) ?? []
    const [, secret = ''] = /^ {2}Secret, shown this once: (whsec_\S+)$/m.exec(added.out) ?? []
    t.ok(new Webhook(secret))
    const listed = await hooks('list')
    t.match(listed.out, `Endpoint ${id}\n  https://hooks.example.org/queue\n  enabled\n`)
    t.notOk(listed.out.includes('whsec_'))
    t.same(tooWide(listed.out), [])

    const kept = join(casework.folder, 'secret')
    const rotated = await hooks('rotate', id, '--overlap-hours', '0', '--secret-file', kept)
    t.match(rotated, { code: 0, out: `Its secret is in ${kept}` }, rotated.err)
    t.notOk(rotated.out.includes('whsec_'))
    t.equal((await stat(kept)).mode & 0o777, 0o600)
    t.not((await readFile(kept, 'utf8')).trim(), secret)
    const over = await hooks('rotate', id, '--secret-file', kept)
    t.match(over, { code: 2, err: /is not overwritten/ })

    t.match(await hooks('disable', id), { code: 0, out: /disabled since 2\S+ \S+, as you asked$/m })
    t.match(await hooks('enable', id), { code: 0, out: /^ {2}enabled$/m })
    t.match(await hooks('replay', id), { code: 2, err: /--since or --message/ })
    const since = new Date(Date.now() - 60_000).toISOString()
    t.match(await hooks('replay', id, '--since', since), { code: 2, err: /--since is a time/ })
    const whole = since.replace(/\.\d+/, '')
    t.match(await hooks('replay', id, '--since', whole), { code: 0, out: new RegExp(id) })
    t.match(await hooks('replay', id, '--message', 'msg_x'), { code: 1, err: /malformed-request/ })
    t.match(await hooks('enable', 'mine'), { code: 2, err: /ENDPOINT is an id/ })
    t.match(await hooks('enable', newId()), { code: 1, err: /not-found/ })
    t.match(await hooks('remove', id), { code: 0, out: `Removed ${id}\n` })
    t.match(JSON.parse((await hooks('list', '--json')).out), { endpoints: [] })
  })
})
