/** What grows with the log: sequencing and searching, on two sizes in turns. */

import { createSequencer } from '../../src/audit/sequencer.ts'
import { appendAll, list } from '../../src/audit/service.ts'
import type { Filter } from '../../src/audit/store.ts'
import type { KnownCaller } from '../../src/caller.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { median, report } from '../report.ts'
import { clients, organisations } from './fill.ts'
import type { Office, Offices } from './offices.ts'

const batch = 500
const counted = 40
/** Until each connection has prepared its statements and chosen its plans. */
const warming = 10

/** A batch of entries gets its places. */
export async function sequencingRatio({ world }: Offices, small: Office, large: Office) {
  const system = { kind: 'system', request: newId() } as const
  const acts = Array.from({ length: batch }, () => ({ action: 'request.received' }) as const)
  const sides = [small, large].map(({ database }) => {
    const step = createSequencer(database, {
      ...{ origin: world.origin, keys: [world.logKey], onStanding: () => {} },
      kept: { read: async () => undefined, write: async () => {} },
    })
    return async () => {
      await database.inTransaction(system, (tx) => appendAll(tx, acts))
      return timed(step.run)
    }
  })
  const [against = 0, ours = 0] = await inTurns(sides)
  report(
    `ms to sequence ${batch}: of ${large.size}, of ${small.size}`,
    ours,
    against,
    1.2,
    'at most',
  )
}

/** A page of 50 by each filter. */
export async function searchRatios(small: Office, large: Office) {
  // The last of them was refused now and then, the first never.
  const [client = '', organisation = ''] = [clients.at(-1), organisations.at(-1)]
  const filters: Readonly<Record<string, (office: Office) => Promise<Omit<Filter, 'before'>>>> = {
    nothing: async () => ({}),
    object: async (office) => ({ object: await anObject(office) }),
    reference: async (office) => ({ object: await aReference(office) }),
    actor: async () => ({ actor: client }),
    organisation: async () => ({ organisation }),
    action: async () => ({ action: 'referral.opened' }),
    outcome: async () => ({ outcome: 'refused' }),
    'actor and outcome': async () => ({ actor: client, outcome: 'refused' }),
    'organisation and outcome': async () => ({ organisation, outcome: 'refused' }),
    'an actor who was never refused': async () => ({
      actor: clients[0] ?? '',
      outcome: 'refused',
    }),
    'an actor who did nothing': async () => ({ actor: newId() }),
    'an action that was not done': async () => ({ action: 'case.split' }),
    day: async () => ({ from: { day: yesterday() }, to: { day: yesterday() } }),
  }
  for (const [name, filterOn] of Object.entries(filters)) {
    const sides = await Promise.all(
      [small, large].map(async (office) => {
        const filter = await filterOn(office)
        return () =>
          timed(() => office.database.inTransaction(auditor, (tx) => list(tx, filter, 50)))
      }),
    )
    const [against = 0, ours = 0] = await inTurns(sides)
    report(
      `ms to search by ${name}: of ${large.size}, of ${small.size}`,
      ours,
      against,
      2,
      'at most',
    )
  }
}

const auditor: KnownCaller = {
  ...{ kind: 'auditor', clientId: newId(), organisationId: newId(), request: newId() },
  ...{ scopes: new Set(), kids: new Set() },
  labels: { client: 'The auditor', organisation: 'The charity' },
}

function yesterday(): string {
  return new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
}

async function anObject({ sql, size }: Office): Promise<string> {
  const [row] = await sql`
    select object_id as id from audit_index i join audit_entry e on e.id = i.entry_id
    where i.index = ${Math.floor(size / 2)}`
  return row?.id
}

async function aReference({ sql, size }: Office): Promise<string> {
  const [row] = await sql`
    select details ->> 'reference' as reference
    from audit_index i join audit_opening o on o.entry_id = i.entry_id
    where i.index >= ${Math.floor(size / 2)} and details ->> 'reference' is not null
    order by i.index limit 1`
  return row?.reference
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await act()
  return performance.now() - begun
}

/** The median of what each side answers, asked in turns. */
async function inTurns(sides: readonly (() => Promise<number>)[]): Promise<number[]> {
  const all = sides.map((): number[] => [])
  for (let round = 0; round < warming + counted; round += 1) {
    for (const [side, act] of sides.entries()) {
      const ms = await act()
      if (round >= warming) all[side]?.push(ms)
    }
  }
  return all.map(median)
}
