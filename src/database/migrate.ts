/** Brings a database to the schema of this version. Run as `intake_owner`, before the service. */
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url))

/** Applies what is missing, in order, in one transaction; does nothing when nothing is. */
export async function migrate(ownerUrl: string): Promise<void> {
  const client = postgres(ownerUrl, { max: 1, fetch_types: false, onnotice: () => {} })
  try {
    // Two hosts that deploy at once would both find a migration missing: the second waits here.
    await client`select pg_advisory_lock(hashtext('referral-intake migrations'))`
    await applyMigrations(drizzle(client), { migrationsFolder })
  } finally {
    await client.end()
  }
}
