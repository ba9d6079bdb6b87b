/** Brings a database to the schema of this version. Run as `intake_owner`, before the service. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type * as Drizzle from 'drizzle-orm/postgres-js'
import type * as Migrator from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { tlsOf } from './address.ts'
import { ownerFault } from './standing.ts'

const require = createRequire(import.meta.url)
const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url))

/**
 * Applies what is missing, in order, in one transaction; does nothing when nothing is.
 *
 * @throws Error that says what is wrong with the login, before anything is done
 */
export async function migrate(ownerUrl: string): Promise<void> {
  const client = postgres(ownerUrl, {
    max: 1,
    fetch_types: false,
    onnotice: () => {},
    ...tlsOf(ownerUrl),
  })
  try {
    const fault = await ownerFault(client)
    if (fault) throw new Error(fault)
    // Two hosts that deploy at once would both find a migration missing: the second waits here.
    await client`select pg_advisory_lock(hashtext('referral-intake migrations'))`
    await apply(client)
    // The tables of drizzle's own are made by no migration. The service asks them at its start.
    await client`grant usage on schema drizzle to intake_service`
    await client`grant select on drizzle.__drizzle_migrations to intake_service`
  } finally {
    await client.end()
  }
}

/**
 * As CommonJS, and only where something migrates: as ES modules drizzle-orm takes 240 MB of a process's
 * memory in Node 24, which hands over the package's package.json for each of its 448 files.
 */
async function apply(client: postgres.Sql): Promise<void> {
  const { drizzle } = require('drizzle-orm/postgres-js') as typeof Drizzle
  const { migrate: run } = require('drizzle-orm/postgres-js/migrator') as typeof Migrator
  await run(drizzle(client), { migrationsFolder })
}
