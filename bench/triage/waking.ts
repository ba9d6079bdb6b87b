/**
 * From the commit that brings work to whoever waits for it: a client of ours, over HTTP and with everything, that holds
 * the answer with the item; and a task of graphile-worker, in process, that begins. Both are brought their work by this
 * process, as another replica would be, and both hear of it by NOTIFY. The clock runs from the answer to the commit.
 */
import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import { connect } from '../../src/database/connect.ts'
import { joinReplicas } from '../../src/database/notify.ts'
import { median, percentile, report, tell } from '../report.ts'
import type { Place } from './http.ts'

const silent = new Logger(() => () => {})
/** Long enough for whoever was served to wait again. */
const pauseMs = 50

type Side = { wake(): Promise<number>; close(): Promise<void> | void }

export async function waking({ stage, service, queue, isSmall }: Place): Promise<void> {
  await queue.empty()
  await queue.fill(1)
  const sides = [await ours({ stage, service, queue, isSmall }), await theirs(stage.superuserUrl)]
  const times: [number[], number[]] = [[], []]
  const count = isSmall ? 40 : 300
  // The first ones warm up.
  for (let number = -20; number < count; number += 1) {
    for (const [index, side] of sides.entries()) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs * (1 + Math.random())))
      const ms = await side.wake()
      if (number >= 0) times[index]?.push(ms)
    }
  }
  for (const side of sides) await side.close()
  const [own, peer] = times
  tell('ms from commit to claimed, of 20 the slowest', percentile(own, 0.95))
  tell('ms from commit to begun, of 20 the slowest: graphile-worker', percentile(peer, 0.95))
  const name = 'ms from commit to claimed over HTTP, to begun in process: graphile-worker'
  report(name, median(own), median(peer), 1, 'at most')
}

/** One item, which is claimed again and again. */
async function ours({ stage, service, queue: { sql } }: Place): Promise<Side> {
  const database = connect({ url: stage.url, connectionsMax: 1, prepare: true })
  const replica = joinReplicas({
    ...{ database, url: stage.url },
    onLost: (error) => console.error(error),
    onHeard: () => {},
    onDeaf: () => {},
  })
  const headers = {
    authorization: `Bearer ${await stage.world.token(stage.world.clients.casework)}`,
    'content-type': 'application/json',
  }
  const { kid } = stage.world.recipients.casework.receiving
  const asked = { recipient: kid, max: 1, leaseSeconds: 600, waitSeconds: 30 }
  const body = JSON.stringify({ ...asked, compartments: ['clinical'] })

  async function claim(): Promise<{ at: number; claimed: number }> {
    const answer = await fetch(`${service.url}/v1/triage/claims`, { method: 'POST', headers, body })
    const text = await answer.text()
    if (!answer.ok) throw new Error(text)
    return { at: performance.now(), claimed: JSON.parse(text).claims.length }
  }

  await claim()
  let waiting = claim()
  return {
    async wake() {
      await sql`
        update triage_item set fence = fence + 1, leased_by = null, leased_until = null
        where completed_at is null`
      const committed = performance.now()
      database.announced(true)
      const { at, claimed } = await waiting
      if (claimed !== 1) throw new Error('nothing was claimed')
      waiting = claim()
      return at - committed
    },
    async close() {
      await sql`update triage_item set leased_until = null, leased_by = null`
      database.announced(true)
      await waiting
      replica.close()
      await database.close()
    },
  }
}

async function theirs(connectionString: string): Promise<Side> {
  const utils = await makeWorkerUtils({ connectionString, logger: silent })
  await utils.migrate()
  let begin = (_: number) => {}
  const runner = await run({
    preset: { worker: { connectionString, maxPoolSize: 10, logger: silent } },
    noHandleSignals: true,
    taskList: { waking: async () => begin(performance.now()) },
  })
  return {
    async wake() {
      const begun = new Promise<number>((resolve) => {
        begin = resolve
      })
      await utils.addJob('waking', {})
      const committed = performance.now()
      return (await begun) - committed
    },
    async close() {
      await runner.stop()
      await utils.release()
    },
  }
}
