/**
 * Fifty clients refer one person at one instant, to two replicas that both pair: for two hundred
 * people (or `-- PEOPLE`), one after the other on one database. Each must end in one case with one
 * item, and the books must balance. Ends with exit code 1 where anything did not.
 */
import { isDeepStrictEqual } from 'node:util'
import postgres from 'postgres'
import { requireBalanced } from '../../test/helpers/books.ts'
import { deadlocksIn, fiftyClients, oneCase } from '../../test/helpers/fifty.ts'
import { report, tell } from '../report.ts'
import { startStage } from './stage.ts'

const peopleByDefault = 200

export async function bench([people]: readonly string[]): Promise<void> {
  const count = Number(people ?? peopleByDefault)
  const stage = await startStage()
  const sql = postgres(stage.superuserUrl, { max: 3, onnotice: () => {} })
  try {
    const replicas = [await stage.start('src/server.ts'), await stage.start('src/server.ts')]
    const urls = replicas.map(({ url }) => url)
    let failures = 0
    for (const { process } of replicas) {
      process.stdout?.on('data', (lines) => {
        failures += String(lines).match(/"level":[56]0/g)?.length ?? 0
      })
    }
    const refer = await fiftyClients(stage.world, urls, sql)
    const begun = performance.now()
    let right = 0
    for (let person = 0; person < count; person += 1) {
      const ended = await refer(person)
      if (isDeepStrictEqual(ended, oneCase)) right += 1
      else console.error(`person ${person}: ${JSON.stringify(ended)}`)
    }
    const deadlocks = await deadlocksIn(sql)
    await requireBalanced(sql)
    tell('seconds', (performance.now() - begun) / 1000)
    tell('deadlocks', deadlocks)
    tell('errors in the logs of the replicas', failures)
    report('people in one case with one item, of all', right, count, 1)
    if (right !== count || deadlocks > 0 || failures > 0) process.exitCode = 1
  } finally {
    await sql.end()
    await stage.close()
  }
}
