import t from 'tap'
import { build } from '../helpers/build.ts'
import { callerOf, sealed } from '../helpers/referral.ts'

t.test('the same bytes again get the first acknowledgement again', async (t) => {
  const { world, url } = await build(t)
  const lawFirm = await callerOf(world, url, world.referring.lawFirm.clientId)
  const envelope = sealed(world)
  const path = `/v1/referrals/${envelope.header.referralId}`
  const first = await lawFirm('PUT', path, envelope)
  t.equal(first.status, 201)
  const second = await lawFirm('PUT', path, envelope)
  t.equal(second.status, 200)
  t.strictSame(second.body, first.body)
})
