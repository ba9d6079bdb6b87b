import t from 'tap'
import { build } from '../helpers/build.ts'
import { callerOf } from '../helpers/referral.ts'

t.test('a body that does not say how long it is counts as the longest', async (t) => {
  const { world, url } = await build(t, { share: { requestsPerMinute: 1 } })
  const token = await world.token(world.referring.lawFirm.clientId)
  const answer = await fetch(`${url}/v1/referrals/x`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: new Blob(['{}']).stream(),
    duplex: 'half',
  })
  t.equal(answer.status, 429)
})

t.test(
  'a client has so many requests a minute, by what they bring, and another has its own',
  async (t) => {
    const { world, url } = await build(t, { share: { requestsPerMinute: 8 } })
    const asLawFirm = await callerOf(world, url, world.referring.lawFirm.clientId)
    const asNgo = await callerOf(world, url, world.referring.ngo.clientId)
    // A minute may end in between, which starts the count anew: then once more.
    let statuses: number[] = []
    let retryAfter = 0
    const minute = () => Math.floor(Date.now() / 60_000)
    for (let begun = -1; begun !== minute(); ) {
      begun = minute()
      statuses = []
      const big = JSON.stringify({ filling: 'x'.repeat(3 * 65_536) })
      for (const body of [big, '{}', '{}', '{}', '{}', '{}']) {
        const { status, headers } = await asLawFirm('PUT', '/v1/referrals/x', body)
        statuses.push(status)
        retryAfter = Number(headers.get('retry-after'))
      }
    }
    t.same(statuses, [400, 400, 400, 400, 400, 429], 'the first counted four times')
    t.ok(retryAfter >= 1 && retryAfter <= 60)
    t.equal((await asNgo('PUT', '/v1/referrals/x', {})).status, 400)
  },
)
