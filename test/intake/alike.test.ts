/**
 * Goal: nothing that a referrer is shown depends on whether others referred the person.
 * Method: one firm refers a person whom others referred as well, and one whom nobody knows. While recipients and the others
 * do all that they may with the first person's case, and nothing with the second's, what the firm gets of both is compared:
 * status, headers and body, but for ids and for which time it is.
 */
import t from 'tap'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { messageOn, replyKeys } from '../helpers/message.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired, untilSettled } from '../helpers/superuser.ts'
import { withdrawalOf } from '../helpers/withdrawal.ts'

const built = await build(t)
const { world, url } = built
const { lawFirm, ngo } = world.referring
const sql = asSuperuser(t, built.databases)
const firm = await callerOf(world, url, lawFirm.clientId)
const others = await callerOf(world, url, ngo.clientId)
const casework = await callerOf(world, url, world.clients.casework)
const { kid } = world.recipients.casework.receiving

type Referred = Awaited<ReturnType<typeof refer>>

/** What the firm gets of one, with the same words for what is another's by its nature. */
async function shownOf({ referralId, envelope, acknowledgement }: Referred) {
  const one = `/v1/referrals/${referralId}`
  const asked = [
    ['PUT', one, envelope],
    ['GET', `${one}/state`],
    ['GET', `/v1/referrals/${acknowledgement.reference}/state`],
    ['GET', `${one}/messages`],
    ['GET', `${one}/openings`],
    ['GET', one],
    ['POST', `${one}/messages`, { ...messageOn(world, { envelope, acknowledgement }), more: 1 }],
  ] as const
  const { reference, entryId } = acknowledgement
  const replaced = [referralId, reference, entryId, envelope.header.replyTo!.kid]
  return Promise.all(
    asked.map(async ([method, path, body]) => {
      const answer = await firm(method, path, body)
      let text = JSON.stringify(answer.body)
      for (const own of replaced) text = text.replaceAll(own, 'its own')
      text = text.replaceAll(acknowledgement.receivedAt, 'when it was received')
      text = text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'a time')
      // What it signed itself, and a request's id.
      text = text.replaceAll(/[\w-]{43,}|[0-9a-f]{8}-[0-9a-f-]{27}/g, 'its own')
      const { etag, date: _, ...headers } = Object.fromEntries(answer.headers)
      return {
        asked: `${method} ${path.replace(referralId, '').replace(reference, '')}`,
        ...answer,
        headers,
        etag,
        text,
      }
    }),
  )
}

/** The places of these in the firm's feed behind a place, in the order in which they are told. */
async function toldOf(since: string, ...referred: readonly Referred[]) {
  const { body } = await firm('GET', `/v1/referrals?changedSince=${since}`)
  const ids = body.referrals.map((one: { referralId: string }) => one.referralId)
  return ids.map((id: string) => referred.findIndex(({ referralId }) => referralId === id))
}

async function claimOf({ referralId: referral }: Referred) {
  const asked = { recipient: kid, max: 1, leaseSeconds: 600, referral }
  const { status, body } = await casework('POST', '/v1/triage/claims', asked)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body.claims[0] as { claimId: string; fence: number }
}

async function done(call: Promise<{ status: number; body: object }>): Promise<void> {
  const { status, body } = await call
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`)
}

t.test(
  'what a firm sees of a person whom others referred is what it sees of another',
  async (t) => {
    const person = stranger()
    const byOthers = { matching: matchingOf(person), replyTo: replyKeys().replyTo }
    const [first, second] = [await refer(built, ngo, byOthers), await refer(built, ngo, byOthers)]
    const own = () => ({ replyTo: replyKeys().replyTo })
    const known = await refer(built, lawFirm, { ...own(), matching: matchingOf(person) })
    const alone = await refer(built, lawFirm, { ...own(), matching: matchingOf(stranger()) })
    await untilPaired(sql)
    const cases = await sql`
    select distinct case_id from referral_case
    where referral_id in (${known.referralId}, ${first.referralId}, ${second.referralId})`
    t.equal(cases.length, 1, 'three are one case')
    const begun = await shownOf(known)
    // Work in the background holds the feed back for a moment.
    let next = ''
    for (let count = 0; count < 2; ) {
      const { body } = await firm('GET', '/v1/referrals')
      next = body.next
      count = body.referrals.length
    }

    let claim: { claimId: string; fence: number }
    const path = () => `/v1/triage/claims/${claim.claimId}`
    const ended = () => ({ fence: claim.fence, outcome: 'accepted' })
    const acts: Record<string, () => Promise<unknown>> = {
      'nothing was done yet': async () => {},
      'its case is held': async () => {
        claim = await claimOf(known)
      },
      'others write about it, at once': async () => {
        const message = messageOn(world, first, undefined, {
          ...{ urgency: 'immediate', signer: ngo.signing },
        })
        await done(others('POST', `/v1/referrals/${first.referralId}/messages`, message))
        await untilSettled(sql)
      },
      'others are asked': () =>
        done(
          casework('POST', `${path()}/parking`, {
            ...{ fence: claim.fence, reason: 'returned_for_information' },
            tellReferrersOf: [first.referralId],
          }),
        ),
      'others have their answer': async () => {
        claim = await claimOf(known)
        const referrals = [first.referralId]
        await done(casework('POST', `${path()}/completion`, { ...ended(), referrals }))
      },
      'their answer is taken back': () =>
        done(casework('POST', `/v1/triage/items/${claim.claimId}/reopening`)),
      'others withdraw': async () => {
        const message = withdrawalOf(world, second.envelope, { signer: ngo.signing })
        await done(others('POST', `/v1/referrals/${second.referralId}/withdrawal`, message))
        for (let left = 1; left > 0; ) {
          const rows = await sql`select from withdrawal where settled_at is null`
          left = rows.length
        }
      },
      'what others sent is held, and then erased': async () => {
        const one = `/v1/referrals/${first.referralId}`
        await done(casework('PUT', `${one}/hold?reason=complaint`))
        await done(casework('DELETE', `${one}/hold`))
        await done(casework('POST', `${one}/erasure`))
      },
      'somebody else is let in to the others': async () => {
        await done(casework('GET', `/v1/cases/${cases[0]?.case_id}`))
        await done(casework('GET', `/v1/cases/${cases[0]?.case_id}/export`))
      },
    }
    for (const [name, act] of Object.entries(acts)) {
      await act()
      const [ofKnown, ofAlone] = [await shownOf(known), await shownOf(alone)]
      const looks = (shown: typeof ofKnown) =>
        shown.map(({ asked, status, headers, text }) => ({ asked, status, headers, text }))
      t.strictSame(looks(ofKnown), looks(ofAlone), name)
      const tags = (shown: typeof ofKnown) => shown.map(({ etag }) => etag)
      t.strictSame(tags(ofKnown), tags(begun), `${name}: the same ETag as before`)
      t.strictSame(await toldOf(next, known, alone), [], `${name}: nothing new in the feed`)
    }
    t.ok(begun.some(({ status }) => status === 200) && begun.some(({ etag }) => etag))
    await requireBalanced(sql)
  },
)
