/** A second process of the service, but for the process: on the database and keys of a first. */
import { join } from 'node:path'
import type { Test } from 'tap'
import { readPublicKey } from '../../src/access/token.ts'
import { createTell } from '../../src/background/report.ts'
import { createWork } from '../../src/background/work.ts'
import { connect } from '../../src/database/connect.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import type { Built } from './build.ts'
import { logIn } from './log.ts'
import { sealKey } from './token.ts'

/** Starts it; it is closed when `t` ends. */
export async function replicaOf(t: Pick<Test, 'teardown'>, { databases, world, folder }: Built) {
  const database = connect({ url: databases.url, connectionsMax: 10, prepare: true })
  const lines: string[] = []
  const logger = createLogger('warn', { write: (line: string) => void lines.push(line) })
  const work = createWork(
    database,
    logIn(folder, world),
    createTell(logger, createMetrics().background),
  )
  const app = await createApp({
    ...{ database, logger, origin: world.origin, wake: work.wake },
    sealKey,
    tokenPublicKey: await readPublicKey(join(folder, 'token-key.pem')),
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  work.start()
  t.teardown(async () => {
    await app.close()
    await work.stop()
    await database.close()
  })
  return { url, log: () => lines.join('') }
}

/** What a service logged as an error. */
export function failuresIn({ log }: Pick<Built, 'log'>): string[] {
  return log()
    .split('\n')
    .filter((line) => /"level":(50|60)/.test(line))
}
