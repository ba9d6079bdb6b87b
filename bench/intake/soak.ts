/**
 * A soak: submissions and claims for ten minutes (or `-- SECONDS`) to the service as the image runs it, and
 * what happens to its resident memory: the slope of a line fitted to it, in MB a minute, past the warm-up.
 */
import { createReader } from '../../src/client/index.ts'
import { tell } from '../report.ts'
import { putAll } from './load.ts'
import { asImageRuns, residentMb, sealer, startStage } from './stage.ts'

const secondsByDefault = 600
/** Bodies are sealed as they are sent: the sealing is what paces the soak. */
const bodiesPerBatch = 100
/**
 * Until caches are full and the heap has found its size: that takes minutes, although a collection leaves as much
 * after ten minutes as after one. What is kept of each act adds as much in the second half as in the first.
 */
const warmUpShare = 0.5
const mbPerMinuteMax = 0.5

type Sample = { readonly minutes: number; readonly mb: number }

export async function bench([seconds]: readonly string[]): Promise<void> {
  const duration = Number(seconds ?? secondsByDefault)
  const server = asImageRuns()
  const stage = await startStage()
  try {
    const { world } = stage
    const seal = await sealer(world)
    const token = await world.token(world.referring.lawFirm.clientId)
    const caseworkToken = await world.token(world.clients.casework)
    const service = await stage.start(server)
    const reader = createReader({
      url: service.url,
      trust: world.trust,
      token: () => caseworkToken,
      recipient: world.recipients.casework,
    })
    const samples: Sample[] = []
    const begun = performance.now()
    const elapsed = () => (performance.now() - begun) / 1000
    let sent = 0
    while (elapsed() < duration) {
      const bodies = Array.from({ length: bodiesPerBatch }, seal)
      await putAll(service.url, token, bodies, 32)
      sent += bodies.length
      for (const claim of await reader.claim({ max: 20, leaseSeconds: 60 })) {
        const referrals = claim.referrals.map(({ referralId }) => referralId)
        await reader.complete(claim, { outcome: 'accepted', referrals })
      }
      samples.push({ minutes: elapsed() / 60, mb: await residentMb(service.process) })
    }
    const settled = samples.slice(Math.floor(samples.length * warmUpShare))
    const slope = slopeOf(settled)
    const [first, last] = [settled[0]?.mb ?? 0, settled.at(-1)?.mb ?? 0]
    tell('referrals sent', sent)
    tell('seconds', elapsed())
    tell('resident memory of the service once settled, MB', first)
    tell('resident memory of the service at the end, MB', last)
    const headline = { name: 'memory slope, MB a minute', ours: Number(slope.toFixed(3)) }
    const promised = {
      against: null,
      ratio: null,
      target: mbPerMinuteMax,
      met: slope < mbPerMinuteMax,
    }
    console.log(JSON.stringify({ ...headline, ...promised }))
  } finally {
    await stage.close()
  }
}

/** Least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  const x = mean(({ minutes }) => minutes)
  const y = mean(({ mb }) => mb)
  const covariance = mean(({ minutes, mb }) => (minutes - x) * (mb - y))
  return covariance / mean(({ minutes }) => (minutes - x) ** 2)
}
