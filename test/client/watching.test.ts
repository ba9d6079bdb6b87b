import t from 'tap'
import { type ChangesPage, createReader } from '../../src/client/index.ts'
import { build } from '../helpers/build.ts'
import { databaseApart } from '../helpers/postgres.ts'
import { refer } from '../helpers/referral.ts'
import { type Answer, between } from './between.ts'

t.test('whoever watches the queue misses nothing, whatever becomes of its answers', async (t) => {
  // Whoever writes in any database of the server holds back what is shown.
  const built = await build(t, { databaseOf: databaseApart })
  const { world, url } = built
  const away: Answer = { status: 503, body: '{}', headers: { 'retry-after': '0' } }
  const outdated: Answer = {
    status: 409,
    body: JSON.stringify({ code: 'cursor-outdated', retry: 'never' }),
  }
  const next: Answer[] = []
  const line = await between(t, url, (answer, { path }) => {
    return path.includes('changes?since') ? (next.shift() ?? answer) : answer
  })
  const reader = createReader({
    ...{ url: line.url, trust: world.trust, recipient: world.recipients.casework },
    token: () => world.token(world.clients.casework),
  })
  const { referralId } = await refer(built)
  const stopping = new AbortController()
  const troubles: unknown[] = []
  const onTrouble = (error: unknown) => void troubles.push(error)
  const pages = reader.changes({ signal: stopping.signal, onTrouble })
  const take = async (): Promise<ChangesPage> => {
    const { value } = await pages.next()
    if (!value) throw new Error('it ended')
    return value
  }
  t.match(await take(), { isBeginning: true, changes: [], next: String })
  const { items } = await reader.items({ state: 'waiting', region: 'heathrow', limit: 5 })
  t.match(items, [{ referralIds: [referralId], state: 'waiting', urgency: 'standard' }])
  t.match(await reader.summary(), { waiting: 1, byUrgency: { standard: { waiting: 1 } } })

  const coming = take()
  const [claim] = await reader.claim({ max: 1, leaseSeconds: 60 })
  const { changes, ...place } = await coming
  t.match(changes, [{ type: 'claimed', itemId: claim!.claimId, caseId: claim!.caseId }])
  t.equal(place.isBeginning, false)

  // More than one request sends again by itself.
  next.push(away, away, away)
  const released = take()
  await reader.release(claim!)
  t.match(await released, { isBeginning: false, changes: [{ type: 'released' }] })
  t.match(troubles, [{ problem: { status: 503 } }])

  const { value: again } = await reader.changes({ since: place.next }).next()
  t.match(
    again,
    { isBeginning: false, changes: [{ type: 'released' }] },
    'from a place that was kept',
  )

  // Otherwise the service would let it wait before the answer is exchanged.
  await refer(built)
  next.push(outdated)
  t.match(await take(), { isBeginning: true, changes: [] }, 'where it is too old, it begins anew')
  const last = take().catch(() => 'ended')
  stopping.abort()
  t.equal(await last, 'ended')
  await t.rejects(reader.changes({ since: 'x' }).next(), { name: 'ServiceProblem' })
})
