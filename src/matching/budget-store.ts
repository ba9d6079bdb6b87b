/** What each client has had evaluated on each day. */
import type { Tx } from '../database/connect.ts'

/** More than any holder evaluates in a day, and within an integer. */
const evaluationsMax = 1_000_000_000

/**
 * Adds to what a client has spent today, by the database's clock, whichever replicas it asks at
 * once; returns the day, or `undefined` if that would be over `budget`, and then nothing is added.
 */
export async function chargeBudget(
  tx: Tx,
  clientId: string,
  elements: number,
  budget = evaluationsMax,
): Promise<string | undefined> {
  // Waits for another transaction of the same client, and for no other.
  const [row] = await tx.sql<{ day: string }[]>`
    insert into evaluation_budget as spent (client_id, day, elements)
    select ${clientId}, (now() at time zone 'UTC')::date, ${elements}
    where ${elements}::int <= ${budget}::int
    on conflict (client_id, day) do update
      set elements = spent.elements + excluded.elements
      where spent.elements + excluded.elements <= ${budget}
    returning day::text`
  return row?.day
}

/** Takes back what was charged on `day` for nothing. */
export async function giveBack(
  tx: Tx,
  clientId: string,
  day: string,
  elements: number,
): Promise<void> {
  await tx.sql`
    update evaluation_budget set elements = elements - ${elements}
    where client_id = ${clientId} and day = ${day}`
}
