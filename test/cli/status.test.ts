/**
 * Goal: a law firm sees at its terminal what became of what it sent, in words and by London's clock.
 * Method: the command in a process of its own, against a service on a server of its own, because whoever writes in any
 * database of a server holds back what is shown.
 */
import t from 'tap'
import { londonTime } from '../../src/client/london.ts'
import { build } from '../helpers/build.ts'
import { databaseApart } from '../helpers/postgres.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { intake, partyOf, tooWide } from './run.ts'

t.test('all, one by its reference, and what is new since then', async (t) => {
  const built = await build(t, { databaseOf: databaseApart })
  const { url, world } = built
  const { lawFirm, ngo } = world.referring
  const { clientId, signing } = lawFirm
  const { environment } = await partyOf(t, { url, world, clientId, keys: { signing } })
  const casework = await callerOf(world, url, world.clients.casework)
  const [first, second] = [await refer(built), await refer(built)]
  await refer(built, ngo)
  const { reference } = first.acknowledgement

  const all = await intake(['status'], environment)
  t.match(all, { code: 0, err: '' })
  t.strictSame(tooWide(all.out), [])
  t.equal(all.out.match(/ {2}Received$/gm)?.length, 2, 'and nothing of the NGO')
  const { next } = JSON.parse((await intake(['status', '--json'], environment)).out)

  const recipient = world.recipients.casework.receiving.kid
  const asked = { recipient, max: 1, leaseSeconds: 60, referral: first.referralId }
  const { body } = await casework('POST', '/v1/triage/claims', asked)
  const [{ claimId, fence }] = body.claims
  await casework('POST', `/v1/triage/claims/${claimId}/completion`, {
    ...{ fence, outcome: 'declined', reason: 'no_capacity', referrals: [first.referralId] },
  })
  const { state, changedAt } = JSON.parse(
    (await intake(['status', reference, '--json'], environment)).out,
  ).referrals[0]
  t.equal(state, 'declined')

  const since = await intake(['status', '--since', next], environment)
  t.match(
    since.out,
    new RegExp(`^${reference} {2}Declined: No capacity\n {2}Since ${londonTime(changedAt)}`),
  )
  t.notMatch(since.out, second.acknowledgement.reference)
  t.match(await intake(['status', '00000000'], environment), { code: 1, err: /sent no referral/ })
})
