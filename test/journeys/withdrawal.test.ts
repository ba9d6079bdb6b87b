/**
 * Goal: an NGO takes back what it sent while a caseworker has it in hand, and a person with a slip of paper asks for that
 * and a caseworker decides: from the terminal, and each is told in words.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createReader, createReferrer, newId } from '../../src/client/index.ts'
import { londonTime } from '../../src/client/london.ts'
import { called, partyOf, tooWide } from '../cli/run.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { asBearer, receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { addVolunteer } from '../helpers/volunteer.ts'

const built = await build(t)
const { url, world, databases } = built
const sql = asSuperuser(t, databases)
t.afterEach(() => requireBalanced(sql))

const { ngo } = world.referring
const referrer = createReferrer({
  ...{ url, trust: world.trust, signer: ngo.signing, onUnmatched() {} },
  token: () => world.token(ngo.clientId),
})
const reader = createReader({
  ...{ url, trust: world.trust, recipient: world.recipients.casework },
  token: () => world.token(world.clients.casework),
})
const { clientId, signing } = ngo
const atNgo = await partyOf(t, { url, world, clientId, keys: { signing } })
const keys = world.recipients.casework
/** What leaves the service to be passed on, and is no opening. */
async function wrapsTo(kid: string): Promise<readonly { referralId: string }[]> {
  const call = await callerOf(world, url, world.clients.casework)
  const query = `recipient=${keys.receiving.kid}&to=${kid}`
  return (await call('GET', `/v1/referrals/wraps?${query}`)).body.referrals
}
const isOf = (id: string) => (one: { referralId: string }) => one.referralId === id
const atCharity = await partyOf(t, { url, world, clientId: world.clients.casework, keys })

/** Waits for the background work, which looks twice a second. */
async function untilTold(act: () => Promise<unknown>): Promise<{ problem: { code: string } }> {
  for (;;) {
    const failure = await act().then(
      () => undefined,
      (error) => error,
    )
    if (failure) return failure
  }
}

t.test('an NGO withdraws what a caseworker has in hand', async (t) => {
  const draft = { channel: 'partner_ngo', region: 'unknown', referral: {} } as const
  const { referralId, reference } = await referrer.submit(await referrer.seal(draft))
  const [claim] = await reader.claim({ max: 1, leaseSeconds: 600 })
  const file = join(atNgo.folder, 'why.txt')
  await writeFile(file, 'Zuleika Okonkwo has a lawyer by now.\n')
  const run = (...args: string[]) => called(t, args, atNgo.environment)

  t.match(await run('withdraw', reference, '--confirm', '--reason-file', file), { code: 2 })
  t.match(await run('withdraw', newId(), '--reason-file', file), { code: 1, err: /sent no/ })
  const withdrawn = await run('withdraw', reference, '--reason-file', file)
  t.match(withdrawn, { code: 0, err: '' })
  t.strictSame(tooWide(withdrawn.out), [])
  const { withdrawalAskedAt, keptUntil } = await referrer.state(referralId)
  const words = [
    `${reference}  Withdrawn ${londonTime(withdrawalAskedAt!)}`,
    `  Nothing of it is erased before ${londonTime(keptUntil!)}`,
  ]
  t.equal(withdrawn.out.trimEnd(), words.join('\n'))
  t.equal((await run('withdraw', reference, '--reason-file', file)).out, withdrawn.out)
  t.match(await run('status', reference), { code: 0, out: /Withdrawn\n {2}Since/ })

  const refused = await untilTold(() => reader.renew(claim!, 600))
  t.match(refused, { problem: { code: 'lease-lost', detail: /withdrawn by who sent it/ } })
  const end = { outcome: 'accepted', referrals: [referralId] } as const
  t.match(await untilTold(() => reader.complete(claim!, end)), { problem: { code: 'lease-lost' } })
})

t.test('why it was withdrawn is read by who reads the referral, and by nobody else', async (t) => {
  const volunteer = await addVolunteer(built, ['identity'], { label: 'Interpreter' })
  const draft = { channel: 'partner_ngo', region: 'unknown', referral: {} } as const
  const { referralId, reference } = await referrer.submit(await referrer.seal(draft))
  const other = await referrer.submit(await referrer.seal(draft))
  await referrer.withdraw(referralId, 'She is with her sister now.\nThank you.')
  await referrer.withdraw(other.referralId, 'Sent twice.')
  const run = (...args: string[]) => called(t, args, atCharity.environment)
  const openings = async () => {
    const rows = await sql`
      select from audit_entry where object_id = ${referralId} and action = 'referral.opened'`
    return rows.length
  }
  const words =
    /^ +Withdrawn by who sent it, because:\n +\| She is with her sister now\.\n +\| Thank you\.$/m
  const opened = await run('open', reference)
  t.match(opened, { code: 0, out: words })
  t.equal(await openings(), 1, 'one entry, as for any that is opened')
  const shown = await run('case', reference, '--notes')
  t.match(shown, { code: 0, out: words })
  t.equal(await openings(), 2)
  t.notMatch((await run('case', reference)).out, /sister/)
  for (const { out } of [opened, shown]) t.strictSame(tooWide(out), [])

  const released = await reader.fetch(referralId)
  const about = await reader.open(released)
  if (!about.opened) throw new Error(about.step)
  const { withdrawal } = (await reader.fetch(other.referralId)) as { withdrawal?: object }
  const exchanged = await reader.withdrawalReason({ ...released, withdrawal } as never, about)
  t.match(exchanged, { opened: false, step: 'id' }, 'that of another referral is none')
  const { withdrawal: own } = released as { withdrawal?: { compartments: { message: string } } }
  const message = own!.compartments.message.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
  const spoilt = { ...own, compartments: { message } }
  const refused = await reader.withdrawalReason({ ...released, withdrawal: spoilt } as never, about)
  t.match(refused, { opened: false, step: 'signature' })
  t.notOk('withdrawal' in (await wrapsTo(volunteer.grantee.kid)).find(isOf(referralId))!)

  await reader.grant(referralId, { to: 'Interpreter', compartments: ['identity'] })
  const interpreter = createReader({
    ...{ url, trust: world.trust, recipient: volunteer.keys },
    token: () => world.token(volunteer.clientId),
  })
  const lent = await interpreter.fetch(referralId)
  t.match(await interpreter.open(lent), { opened: true })
  t.notOk('withdrawal' in lent, 'it was not sealed to who was let in later')
})

t.test('a person with a slip of paper asks, and a caseworker decides', async (t) => {
  const slip = receiptKeysOfNobody()
  const { reference, referralId } = (await sendPublicly(url, sealedByReceipt(world, slip))).body
  const run = (...args: string[]) => called(t, args, atCharity.environment)
  t.match(await run('withdrawals'), { code: 0, out: /^Nobody asks/ })
  t.match(await run('withdraw', reference, '--confirm'), { code: 1, err: /nobody asked/ })
  await asBearer(url, slip, 'POST', { referralId })
  const listed = await run('withdrawals')
  t.match(listed, { code: 0, out: new RegExp(`^${reference} {2}Received\n {2}Asked for`) })
  t.match(listed.out, /network that day: 0$/m)
  t.strictSame(tooWide(listed.out), [])
  t.match(await run('withdraw', reference, '--decline'), { code: 0, out: /Not withdrawn/ })
  const done = await run('withdraw', reference, '--confirm')
  t.match(done, { code: 0, out: new RegExp(`^${reference} {2}Withdrawn`) })
  t.match(done.out, /Nothing of it is erased before/)
  const { referrals } = (await asBearer(url, slip)).body
  t.match(referrals, [{ state: 'withdrawn' }])
})
