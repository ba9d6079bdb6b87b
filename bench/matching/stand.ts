/** A PostgreSQL with databases of different sizes, and on each the services that pair. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { holdCeremony } from '../../examples/ceremony.ts'
import { createPairing } from '../../src/cases/pairing.ts'
import { connect, type Database } from '../../src/database/connect.ts'
import { startEmbedded } from '../../src/database/embedded.ts'
import type { Step } from '../../src/database/lock.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { populate, populationSettings } from './population.ts'

const origin = 'intake.bench'

/** One database, and what the service would do on it. */
export type Office = {
  readonly people: number
  readonly sql: postgres.Sql
  readonly database: Database
  /** The step as the loop runs it. */
  readonly pairing: Step
}

type Opened = { readonly office: Office; readonly pid: number }

export type Stand = {
  /** Populates a database, and opens it. */
  open(people: number, progress: (what: string) => void): Promise<Office>
  /** The same on a new connection. */
  reopen(office: Office): Promise<Opened>
  /** What the server logged. */
  log(): Promise<string>
  close(): Promise<void>
}

export async function startStand(): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-bench-'))
  const home = join(folder, 'postgres')
  const embedded = await startEmbedded(home, populationSettings)
  const { ownerUrl } = embedded
  const tokenKeyFile = join(folder, 'token-key.pem')
  await holdCeremony({ ownerUrl, origin, tokenKeyFile })
  const closing: (() => Promise<unknown>)[] = []
  const nameOf = (people: number) => `cases_${people}`
  const inDatabase = (url: string, people: number) => url.replace(/\/intake$/, `/${nameOf(people)}`)
  return {
    async open(people, progress) {
      const admin = postgres(embedded.superuserUrl.replace(/\/intake$/, '/postgres'), { max: 1 })
      await admin.unsafe(`create database ${nameOf(people)} template intake owner intake_owner`)
      await admin.end()
      const superuserUrl = inDatabase(embedded.superuserUrl, people)
      await populate(superuserUrl, people, progress)
      const sql = postgres(superuserUrl, { max: 1, onnotice: () => {} })
      const { office } = await openOffice(people, sql, inDatabase(embedded.url, people))
      closing.push(
        () => office.database.close(),
        () => sql.end(),
      )
      return office
    },
    async reopen({ people, sql }) {
      const opened = await openOffice(people, sql, inDatabase(embedded.url, people))
      closing.push(() => opened.office.database.close())
      return opened
    },
    log: () => readFile(join(home, 'postgres.log'), 'utf8'),
    async close() {
      for (const close of closing) await close()
      await embedded.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The services on one connection of the service's login, which is the server's process `pid`. */
export async function openOffice(people: number, sql: postgres.Sql, url: string): Promise<Opened> {
  const database = connect({ url, connectionsMax: 1, prepare: true })
  const notes = {
    onError: (error: unknown) => {
      throw error
    },
    onCrowded: () => {},
  }
  const pairing = createPairing(database, notes)
  const caller = { kind: 'system', request: newId() } as const
  const pid = await database.inTransaction(caller, async (tx) => {
    const [row] = await tx.sql<[{ pid: number }]>`select pg_backend_pid() as pid`
    return row.pid
  })
  return { office: { people, sql, database, pairing }, pid }
}

/** Pairs a referral, beside which no other waits; returns the milliseconds that it took. */
export async function pairOne({ sql, pairing }: Office, { id }: { id: string }): Promise<number> {
  await sql`insert into pairing (referral_id, queued_at) values (${id}, now())`
  const begun = performance.now()
  await pairing.run()
  const ms = performance.now() - begun
  const [row] = await sql<[{ waiting: number }]>`select count(*)::int as waiting from pairing`
  if (row.waiting > 0) throw new Error(`${row.waiting} referrals wait to be paired still`)
  return ms
}
