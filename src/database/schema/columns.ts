/**
 * Kinds of column that all tables share. Who may see and write which row stands in `migrations/*_access.sql`:
 * row-level security is not drizzle's to describe.
 */
import { customType, timestamp } from 'drizzle-orm/pg-core'

/** What a referrer sealed or signed: `jsonb` would keep the meaning and lose the bytes that were signed. */
export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
})

/** Milliseconds, because that is what a client's clock and an audit leaf can say back to us. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })
