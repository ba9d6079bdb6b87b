/**
 * The queue: what it costs to claim and to complete, beside the newest job queues on PostgreSQL and beside a
 * handler that writes the same rows; and how that cost grows. `-- small` is for trying: its figures mean little.
 * `-- full http`, or another part, measures no more than that.
 */
import { startStage } from '../intake/stage.ts'
import { byDeadRows, byWaiting, renewals } from './depth.ts'
import { overHttp } from './http.ts'
import { inProcess } from './inprocess.ts'
import { startQueue } from './queue.ts'
import { waiters } from './waiters.ts'
import { waking } from './waking.ts'

const parts = {
  http: overHttp,
  process: inProcess,
  waiting: byWaiting,
  dead: byDeadRows,
  renewals,
  waking,
  waiters,
}

export async function bench([size = 'full', only]: readonly string[]): Promise<void> {
  // One client plays fifty: less would measure its budget.
  process.env.CLIENT_REQUESTS_AT_ONCE = '50'
  const stage = await startStage()
  try {
    const service = await stage.start('src/server.ts')
    const queue = await startQueue(stage, service.url)
    try {
      const place = { stage, service, queue, isSmall: size === 'small' }
      for (const [name, measure] of Object.entries(parts)) {
        if (only === undefined || only === name) await measure(place)
      }
    } finally {
      await queue.close()
    }
  } finally {
    await stage.close()
  }
}
