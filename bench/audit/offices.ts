/** A PostgreSQL with one database for each size of log. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { holdCeremony, type World } from '../../examples/ceremony.ts'
import { connect, type Database } from '../../src/database/connect.ts'
import { startEmbedded } from '../../src/database/embedded.ts'
import { populationSettings } from '../matching/population.ts'
import { empty, fill } from './fill.ts'

/** A database with a log of `size` entries. */
export type Office = {
  readonly size: number
  readonly sql: postgres.Sql
  readonly database: Database
}

export type Offices = {
  readonly world: World
  /** A folder that goes with them. */
  readonly folder: string
  open(size: number): Promise<Office>
  close(): Promise<void>
}

export async function startOffices(): Promise<Offices> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-bench-'))
  const embedded = await startEmbedded(join(folder, 'postgres'), populationSettings)
  const { ownerUrl, superuserUrl } = embedded
  const tokenKeyFile = join(folder, 'token-key.pem')
  const world = await holdCeremony({ ownerUrl, origin: 'intake.bench', tokenKeyFile })
  const closing: (() => Promise<unknown>)[] = []
  return {
    ...{ world, folder },
    async open(size) {
      const name = `log_${size}`
      const admin = postgres(superuserUrl.replace(/\/intake$/, '/postgres'), { max: 1 })
      await admin.unsafe(`create database ${name} template intake owner intake_owner`)
      await admin.end()
      const within = (url: string) => url.replace(/\/intake$/, `/${name}`)
      const sql = postgres(within(superuserUrl), { max: 1, onnotice: () => {} })
      await empty(sql)
      await fill(sql, size, world)
      const database = connect({ url: within(embedded.url), connectionsMax: 4, prepare: true })
      closing.push(
        () => database.close(),
        () => sql.end(),
      )
      return { size, sql, database }
    },
    async close() {
      for (const close of closing) await close()
      await embedded.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
