/** Act 12: somebody without an account refers, by what the page does, and comes back with a paper. */
import { createPublicReferrer, newReceipt } from '../../src/client/index.ts'
import { draftOf } from '../../src/web/refer/answers.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

/** What the page's questions were answered with. */
const answers = {
  who: 'detained_person_web',
  givenNames: 'Selam',
  familyName: 'Abraha',
  place: 'irc-harmondsworth',
  story: 'I cannot sleep since they moved me here. My back is scarred.',
} as const

export async function bearer({ url, world, reader }: Stage): Promise<void> {
  act(12, 'Somebody without an account refers, and comes back with a paper')
  const referrer = createPublicReferrer({ url, trust: world.trust })
  const receipt = await newReceipt()
  show('writes down first', receipt)
  const envelope = await referrer.seal(draftOf(answers, new Date()), receipt)
  const { reference, referralId } = await referrer.submit(envelope)
  show('some work, one PUT', `201, reference ${reference}`)
  const [received] = await referrer.state(receipt)
  show('comes back', `the paper shows: ${received?.state}`)
  const casework = reader('casework')
  const [claim] = await casework.claim({ max: 1, leaseSeconds: 60, unverified: true })
  const [released] = claim?.referrals ?? []
  if (!claim || !released) throw new Error('what came without an account is not on the queue')
  const opened = await casework.open(released)
  if (!opened.opened || opened.signedBy !== 'receipt') throw new Error('it is not as it was sent')
  const { story } = opened.compartments.narrative as { story?: string }
  show('casework opens', `unverified: ${claim.unverified}, ${story}`)
  const [held] = await referrer.state(receipt)
  show('meanwhile', `the paper shows: ${held?.state}, as before`)
  if (held?.changedAt !== received?.changedAt) throw new Error('a paper shows who reads it')
  await casework.complete(claim, { outcome: 'accepted', referrals: [referralId] })
  const [answered] = await referrer.state(receipt)
  const others = await referrer.state(await newReceipt())
  show('comes back again', `the paper shows: ${answered?.state}`)
  show('another paper shows', others.length === 0 ? 'nothing' : 'what it should not')
  if (answered?.state !== 'accepted' || others.length > 0) throw new Error('a paper shows too much')
}
