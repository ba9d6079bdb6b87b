/** Act 14: a question goes out to somebody who has nothing but a receipt, and the answer moves the item. */
import { createPublicReferrer, newReceipt, ServiceProblem } from '../../src/client/index.ts'
import { draftOf } from '../../src/web/refer/answers.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

/** What the page's questions were answered with. */
const answers = {
  who: 'detained_person_web',
  givenNames: 'Yonas',
  familyName: 'Tekle',
  place: 'irc-colnbrook',
  story: 'They say that I am to leave this centre.',
} as const

const question = 'Were you given a day for your removal?'
const answer = 'Yes: Thursday, at six in the morning.'

/** Casework asks and parks; the bearer of the paper reads and answers; the item wakes, more urgent. */
export async function questionAndAnswer(stage: Stage): Promise<void> {
  const { url, world, reader } = stage
  act(14, 'A question goes out, and the paper brings the answer')
  const receipt = await newReceipt()
  const page = createPublicReferrer({ url, trust: world.trust })
  const { referralId } = await page.submit(await page.seal(draftOf(answers, new Date()), receipt))

  const casework = reader('casework')
  const list = { max: 1, leaseSeconds: 60, unverified: true }
  const [claim] = await casework.claim(list)
  const [released] = claim?.referrals ?? []
  if (!claim || released?.referralId !== referralId) throw new Error('it is not on the queue')
  const about = await casework.open(released)
  if (!about.opened) throw new Error(`casework could not open: ${about.step}`)
  await casework.reply(about, { text: question })
  show('casework asks', question)
  await casework.park(claim, { reason: 'returned_for_information' })
  const none = await casework.claim(list)
  show('and parks the item', `urgency: ${claim.urgency}; no claim gets it`)
  if (none.length > 0) throw new Error('what is parked was claimed')

  await readAndAnswer(stage, receipt)
  const [woken] = await casework.claim({ ...list, waitSeconds: 10 })
  const unread = woken?.referrals[0]?.unread
  show('the item wakes', `urgency: ${woken?.urgency}; ${unread} message not read yet`)
  const { messages } = await casework.messages(about)
  const read = messages.find(({ from }) => from === 'referrer')
  const text = read?.opened ? (read.content as { text: string }).text : 'nothing'
  show('casework reads', text)
  if (!woken || unread !== 1 || text !== answer) throw new Error('the answer did not come back')
  await casework.complete(woken, { outcome: 'accepted', referrals: [referralId] })
}

/** With the receipt alone, on a machine that never saw the referral. */
async function readAndAnswer({ url, world, superuser }: Stage, receipt: string): Promise<void> {
  const elsewhere = createPublicReferrer({ url, trust: world.trust })
  const [own] = await elsewhere.state(receipt)
  if (!own) throw new Error('the paper shows nothing')
  const { referralId } = own
  show('another telephone', `the paper shows: ${own.state}, ${own.unread} message not read yet`)
  const { messages, faults } = await elsewhere.messages(receipt, referralId)
  const [asked] = messages
  const text = asked?.opened ? (asked.content as { text: string }).text : 'nothing'
  if (text !== question || faults.length > 0) throw new Error('the question did not arrive')
  show(`it opens ${asked?.writer?.label}’s`, text)
  await elsewhere.send(receipt, referralId, { text: answer, urgency: 'immediate' })
  show('it seals, immediate', answer)

  const other = await elsewhere
    .messages(await newReceipt(), referralId)
    .catch((error: unknown) => error)
  const code = other instanceof ServiceProblem ? other.problem.code : 'what it should not'
  show('another paper shows', `404 ${code}`)
  const kept = await superuser<{ text: string }[]>`
    select m::text || convert_from(envelope, 'UTF8') as text from message m
    where referral_id = ${referralId}`
  const legible = kept.filter(({ text }) => [question, answer].some((word) => text.includes(word)))
  show('the server stores', `${kept.length} messages, ${legible.length} of them in the clear`)
  if (code !== 'not-found' || legible.length > 0) throw new Error('others can read it')
}
