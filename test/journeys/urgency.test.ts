/**
 * Goal: a client of another make that seals less than the rules give leaves nobody at the end of the
 * queue: one reader that opens the referral is enough.
 * Method: 65 referrals, the last of them sealed as `standard` although the rules give `immediate`. The SDK
 * opens it by its reference, without claiming it; the next claim is then compared with the order of before.
 */
import t from 'tap'
import { createReader } from '../../src/client/index.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'

t.test('a referral that was sealed as standard stands first after one reader saw it', async (t) => {
  const built = await build(t)
  const { world, url } = built
  const sql = asSuperuser(t, built.databases)
  for (let count = 0; count < 64; count += 1) await refer(built, undefined, { urgency: 'urgent' })
  const referral = completeReferral({
    clinical: { suicidalThoughts: { currentPlan: 'yes' } },
  })
  const last = await refer(built, undefined, { referral, urgency: 'standard' })
  const order = async () => {
    const rows = await sql<{ id: string }[]>`
      select referral_id as id from triage_item order by due_at, id`
    return rows.findIndex(({ id }) => id === last.referralId)
  }
  t.equal(await order(), 64, 'last of 65')

  const token = await world.token(world.clients.casework)
  const reader = createReader({
    ...{ url, trust: world.trust, recipient: world.recipients.casework, token: async () => token },
  })
  const opened = await reader.open(await reader.fetch(last.acknowledgement.reference))
  if (!opened.opened) throw new Error(opened.detail)
  t.match(opened.urgency, { compared: true, differs: true, proposal: { urgency: 'immediate' } })
  t.match(await reader.stateUrgency(opened), { before: 'standard', urgency: 'immediate' })

  t.equal(await order(), 0, 'first of 65')
  const [claim] = await reader.claim({ max: 1, leaseSeconds: 600 })
  t.match(claim, { urgency: 'immediate', referrals: [{ referralId: last.referralId }] })
  await requireBalanced(sql)
})
