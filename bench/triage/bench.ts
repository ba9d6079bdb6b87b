/**
 * The queue: what it costs to claim and to complete, beside the newest job queues on PostgreSQL and beside a
 * handler that writes the same rows. `-- small` is for trying: its figures mean little.
 */
import { startStage } from '../intake/stage.ts'
import { overHttp } from './http.ts'
import { inProcess } from './inprocess.ts'
import { startQueue } from './queue.ts'

export async function bench([size = 'full']: readonly string[]): Promise<void> {
  // One client plays fifty: less would measure its budget.
  process.env.CLIENT_REQUESTS_AT_ONCE = '50'
  const stage = await startStage()
  try {
    const service = await stage.start('src/server.ts')
    const queue = await startQueue(stage, service.url)
    try {
      const place = { stage, service, queue, isSmall: size === 'small' }
      await overHttp(place)
      await inProcess(place)
    } finally {
      await queue.close()
    }
  } finally {
    await stage.close()
  }
}
