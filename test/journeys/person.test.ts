/**
 * Goal: a person who fills in the form and a person who rings from detention are asked, answer, add to what they said and
 * are told how it ended, and neither needs more than a number on paper.
 * Method: the answers of the form's own questions and the SDK that the form seals with; the command line at each desk.
 * The form itself, in a browser, is walked by test/system/form.test.ts.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createPublicReferrer, newReceipt } from '../../src/client/index.ts'
import { generateRecipientKey } from '../../src/protocol/keys.ts'
import { draftOf } from '../../src/web/refer/answers.ts'
import { called, partyOf } from '../cli/run.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { callerOf } from '../helpers/referral.ts'
import { asSuperuser, untilPaired, untilSettled } from '../helpers/superuser.ts'

const built = await build(t)
const { url, world } = built
const sql = asSuperuser(t, built.databases)
t.afterEach(async () => {
  await untilSettled(sql)
  await requireBalanced(sql)
})

const { telephone, ngo } = world.referring
const party = (clientId: string, keys: Parameters<typeof partyOf>[1]['keys']) =>
  partyOf(t, { url, world, clientId, keys })
const casework = await party(world.clients.casework, world.recipients.casework)
const desk = await party(telephone.clientId, {
  ...{ signing: telephone.signing, receiving: generateRecipientKey() },
})
const atCasework = (...args: string[]) => called(t, args, casework.environment)
const atDesk = (...args: string[]) => called(t, args, desk.environment)
const asAuditor = await callerOf(world, url, world.clients.auditor)

async function fileOf(by: typeof desk, name: string, text: string): Promise<string> {
  const file = join(by.folder, name)
  await writeFile(file, text)
  return file
}

/** Takes a referral in hand. @returns the id of the claim */
async function claimed(reference: string): Promise<string> {
  await untilPaired(sql)
  const { out, err } = await atCasework('claim', '--referral', reference, '--json')
  const [claim] = JSON.parse(out || err).claims
  return claim.claimId
}

/** What the log says was done with a referral, the oldest first. */
async function actsOn(referralId: string): Promise<string[]> {
  const { body } = await asAuditor('GET', `/v1/audit/entries?object=${referralId}`)
  return body.entries.map(({ action }: { action: string }) => action).reverse()
}

t.test('a person on the form', async (t) => {
  const here = createPublicReferrer({ url, trust: world.trust })
  const receipt = await newReceipt()
  const answers = { who: 'detained_person_web', familyName: 'Zerezghi', torture: 'yes' } as const
  const first = await here.seal(draftOf(answers, new Date()), receipt)
  const { referralId } = first.header
  const { reference } = await here.submit(first)
  t.match(await here.state(receipt), [{ reference, state: 'received', unread: 0 }])

  const claim = await claimed(reference)
  t.match((await atCasework('open', reference)).out, /Zerezghi/)
  t.match(await here.state(receipt), [{ state: 'received' }], 'that it is looked at is not told')
  const question = await fileOf(casework, 'question.txt', 'Which wing are you on?')
  t.match(await atCasework('reply', reference, '--file', question), { code: 0 })

  t.match(await here.state(receipt), [{ unread: 1 }])
  const thread = await here.messages(receipt, referralId)
  t.match(thread.messages, [{ from: 'recipient', content: { text: 'Which wing are you on?' } }])
  t.strictSame([...thread.faults, ...thread.refused], [])
  await here.send(receipt, referralId, { text: 'B wing, since Monday.' })
  await untilSettled(sql)
  t.match((await atCasework('messages', reference)).out, /\n {2}\| B wing, since Monday\.\n/)

  const more = { who: 'detained_person_web', story: 'They moved me to C wing.' } as const
  const amendment = await here.seal(draftOf(more, new Date()), receipt, { supersedes: referralId })
  const added = await here.submit(amendment)
  await untilPaired(sql)
  t.equal((await sql`select distinct case_id from referral_case`).length, 1, 'one case')

  const end = ['--outcome', 'declined', '--reason', 'no_capacity']
  t.match(await atCasework('complete', claim, '--referral', reference, ...end), { code: 0 })
  const told = await here.state(receipt)
  t.match(told, [
    { reference: added.reference, state: 'received', supersedes: referralId },
    { reference, state: 'declined' },
  ])
  t.notMatch(JSON.stringify(told), /capacity|declineReason/, 'why is said by a person')

  await here.askToWithdraw(receipt, amendment.header.referralId)
  t.match((await atCasework('withdrawals')).out, added.reference)
  t.match(await atCasework('withdraw', added.reference, '--confirm'), { code: 0 })
  const [withdrawn] = await here.state(receipt)
  t.match(withdrawn, { state: 'withdrawn' })
  const keptMs = Date.parse(withdrawn!.keptUntil!) - Date.parse(withdrawn!.withdrawalAskedAt!)
  t.equal(keptMs, 7 * 86_400_000, 'and nothing is erased for seven days')
  t.strictSame(await here.state(await newReceipt()), [], 'another number shows nothing')

  const acts = await actsOn(referralId)
  for (const act of ['message.sent', 'messages.read', 'referral.answered']) {
    t.ok(acts.includes(act), act)
  }
})

t.test('a person who rings from detention', async (t) => {
  const draftFile = (name: string, referral: object) =>
    fileOf(
      desk,
      name,
      JSON.stringify({ channel: 'detained_person_phone', region: 'heathrow', referral }),
    )
  const person = { identity: { familyName: 'Tesfay' } }
  const sent = await atDesk('refer', await draftFile('first.json', person), '--json')
  const [{ reference, referralId }] = JSON.parse(sent.out).results
  t.match(reference, /^\d{8}$/, 'a number that can be said')

  const misheard = reference.replace(/\d$/, (digit: string) => String((Number(digit) + 1) % 10))
  t.match(await atDesk('status', misheard), { code: 2, err: /mistyped/ })
  const elsewhere = await party(ngo.clientId, { signing: ngo.signing })
  const theirs = await called(t, ['status', reference], elsewhere.environment)
  t.equal(theirs.code, 1, 'the number alone opens nothing')
  t.notMatch(theirs.out + theirs.err, /Received/)

  const claim = await claimed(reference)
  const question = await fileOf(casework, 'question.txt', 'Do you have your medicine?')
  const asked = await atCasework('reply', reference, '--file', question, '--read-aloud', 'tir')
  const [, messageId = ''] = /intake delivered \d{8} (\S+)/.exec(asked.out) ?? []

  // She rings again, and says her number. Whoever takes the call reads to her, and types what she says.
  t.match((await atDesk('status', reference)).out, /One message not read yet/)
  const call = await atDesk('messages', reference)
  t.match(call.out, /\n {2}\| Do you have your medicine\?\n[^|]*To be read aloud, in tir\n/)
  const answer = await fileOf(desk, 'answer.txt', 'No, since Thursday.')
  t.match(await atDesk('reply', reference, '--file', answer, '--urgency', 'immediate'), { code: 0 })
  await untilSettled(sql)
  t.match(await atCasework('delivered', reference, messageId, '--read-aloud', 'tir'), { code: 0 })
  t.match((await atCasework('messages', reference)).out, /Immediate\n {2}\| No, since Thursday\./)

  const more = await draftFile('second.json', { ...person, contact: { extension: 'B wing' } })
  const amended = await atDesk('refer', more, '--amends', reference, '--json')
  const [second] = JSON.parse(amended.out).results
  await untilPaired(sql)
  const together = await sql`
    select distinct case_id from referral_case
    where referral_id in (${referralId}, ${second.referralId})`
  t.equal(together.length, 1, 'what was added is the same case')

  const answered = [reference, second.reference].flatMap((name) => ['--referral', name])
  await atCasework('renew', claim)
  t.match(await atCasework('complete', claim, ...answered, '--outcome', 'accepted'), { code: 0 })
  const told = await atDesk('status', reference, second.reference)
  t.match(told.out, new RegExp(`${reference} {2}Accepted[\\s\\S]*${second.reference} {2}Accepted`))
  const acts = await actsOn(referralId)
  for (const act of ['message.sent', 'message.delivered', 'states.read', 'referral.answered']) {
    t.ok(acts.includes(act), act)
  }
})
