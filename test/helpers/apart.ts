/** A service that asks holders apart, which a test can exchange while it runs. */
import type { Test } from 'tap'
import { createRemoteKeyholders } from '../../src/keyholder/remote.ts'
import type { Certificates } from '../../src/keyholder/serve.ts'
import { createLogger } from '../../src/log.ts'
import type { Keyholders } from '../../src/matching/keyholders.ts'
import { blindMatchKeys, finalizeMatchKeys } from '../../src/protocol/matching/matchvalues.ts'
import type { MatchingKey } from '../../src/protocol/matching/voprf.ts'
import { requireBalanced } from './books.ts'
import { build } from './build.ts'
import { blindedElements } from './holder.ts'
import { callerOf } from './referral.ts'
import { asSuperuser } from './superuser.ts'

/** A service whose holders can be exchanged, with a partner that asks and what it has spent. */
export async function serviceApart(t: Test, matchingKeys: readonly MatchingKey[]) {
  let current: Keyholders | undefined
  const holders: Keyholders = {
    place: 'apart',
    evaluate: async (...asked) => (current ? current.evaluate(...asked) : []),
  }
  const built = await build(t, { holders, matchingKeys })
  const sql = asSuperuser(t, built.databases)
  t.teardown(() => requireBalanced(sql))
  const call = await callerOf(built.world, built.url, built.world.referring.lawFirm.clientId)
  const lines: string[] = []
  const log = createLogger('info', { write: (line: string) => void lines.push(line) })
  return {
    built,
    /** What it logged of its holders, since the last time. */
    log: () => lines.splice(0).join(''),
    use(urls: readonly string[], certificates: Certificates) {
      const remote = createRemoteKeyholders({ urls, certificates, log })
      t.teardown(() => remote.close())
      current = remote
    },
    evaluate: (count: number, epoch = 1) =>
      call('POST', '/v1/matching/evaluations', { epoch, elements: blindedElements(count) }),
    async values(epoch = built.world.keyset.matching[0]!) {
      const keys = [{ type: 'N', value: 'okonkwo zuleika' }]
      const blinding = blindMatchKeys(keys, built.world.origin, epoch)
      const body = { epoch: epoch.epoch, elements: blinding.elements }
      const { status, body: answer } = await call('POST', '/v1/matching/evaluations', body)
      return status === 200 ? finalizeMatchKeys(blinding, answer.answers) : answer.code
    },
    async spent() {
      const [row] = await sql`select coalesce(sum(elements), 0)::int as n from evaluation_budget`
      return row?.n as number
    },
  }
}
