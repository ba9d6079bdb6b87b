/**
 * The services without HTTP and without the loop, for tests that say themselves when referrals are
 * paired. All of it is the product's own; only the wiring of `src/background/work.ts` is repeated.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type postgres from 'postgres'
import type { Test } from 'tap'
import { holdCeremony, type Referring, type World } from '../../examples/ceremony.ts'
import type { KnownCaller } from '../../src/caller.ts'
import { createPairing } from '../../src/cases/pairing.ts'
import { createWithdrawing } from '../../src/cases/withdrawing.ts'
import { connect, type Database } from '../../src/database/connect.ts'
import { createFiles } from '../../src/documents/files.ts'
import { limitsOf } from '../../src/documents/limits.ts'
import { createSweeping } from '../../src/documents/service.ts'
import type { Erasure } from '../../src/erasure/ending.ts'
import { createRetaining } from '../../src/erasure/retaining.ts'
import { noKeyholders } from '../../src/matching/keyholders.ts'
import { createRetiring } from '../../src/matching/retiring.ts'
import { createSettling } from '../../src/messages/service.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import type { Envelope, Matching } from '../../src/protocol/envelope/envelope.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import type { SealInput } from '../../src/protocol/envelope/seal.ts'
import { signMatchKeys } from '../../src/protocol/matching/matchvalues.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { createServices } from '../../src/services.ts'
import { cloneDatabase, type TestDatabase } from './postgres.ts'
import { sealed } from './referral.ts'
import { asSuperuser, countUnpaired } from './superuser.ts'

/** What the services of one replica do, and what they noted of pairing. @param folder - of documents */
export function servicesOn(database: Database, origin: string, folder = '') {
  const noted = { errors: [] as unknown[], crowded: 0, listed: [] as Erasure[], idle: 0 }
  const pairing = createPairing(database, {
    onError: (error: unknown) => void noted.errors.push(error),
    onCrowded: () => {
      noted.crowded += 1
    },
  })
  const services = createServices({
    ...{ database, origin, holders: noKeyholders, budgets: {}, wake: () => {}, countersMax: 1 },
    openingsPerHour: Infinity,
    blockOf: () => undefined,
    ...{ unopenedMax: Infinity, telephone: undefined, onHalf: () => {} },
    ...{ onUnknownReceipt: () => {}, onClaimed: () => {}, onRefused: () => {} },
    erasures: { add: async () => {}, sum: async () => {}, backupDays: 35 },
    webhooks: { key: new Uint8Array(32), faultOf: () => undefined },
    placeKey: new Uint8Array(32),
    documents: { folder, limits: limitsOf(1, 100) },
    listener: { onEvaluated: () => {}, onRefused: () => {} },
  })
  const [retiring, withdrawing] = [createRetiring(database), createWithdrawing(database)]
  const settling = createSettling(database)
  const sweeping = createSweeping(database, createFiles(folder), 0)
  const retaining = createRetaining(database, {
    add: async (erasures) => void noted.listed.push(...erasures),
    sum: async () => {},
    onError: (error) => void noted.errors.push(error),
    onIdle: () => {
      noted.idle += 1
    },
  })
  const steps = { pairing, withdrawing, retiring, settling, sweeping, retaining }
  return { ...services, ...steps, database, noted }
}

export type Services = ReturnType<typeof servicesOn>

export type Submission = Partial<SealInput> & { readonly by?: Referring }
export type Referred = { readonly referralId: string; readonly envelope: Envelope }
export type Worker = 'casework' | 'clinic'

export type Stage = Services & {
  readonly world: World
  readonly databases: TestDatabase
  /** Of documents. */
  readonly folder: string
  readonly sql: postgres.Sql
  readonly callers: Record<Worker, KnownCaller>
  /** Stores a referral with these match values; it is not paired yet. */
  refer(matching?: Matching, changes?: Submission): Promise<Referred>
  /** A recipient's word on the match keys of a referral. */
  check(
    referred: Referred,
    matching: Pick<Matching, 'epoch' | 'values'>,
    checking?: Services['reading'],
    by?: Worker,
  ): Promise<'same' | 'none' | 'other'>
  /** Pairs until nothing waits that is due. */
  pair(): Promise<void>
}

/** Sets it up on a database of its own, under the keyset of the ceremony, which lists epoch 1. */
export async function stage(t: Pick<Test, 'teardown'>, on = cloneDatabase): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-stage-'))
  const databases = await on()
  const { url, ownerUrl } = databases
  const tokenKeyFile = join(folder, 'token-key.pem')
  const world = await holdCeremony({ ownerUrl, origin: 'intake.test', tokenKeyFile })
  const database = connect({ url, connectionsMax: 10, prepare: true })
  t.teardown(async () => {
    await database.close()
    await databases.drop()
    await rm(folder, { recursive: true, force: true })
  })
  const sql = asSuperuser(t, databases)
  const services = servicesOn(database, world.origin, folder)
  const callers = { casework: workerOf(world, 'casework'), clinic: workerOf(world, 'clinic') }

  async function refer(matching?: Matching, { by, ...changes }: Submission = {}) {
    const { signing, ...referring } = by ?? world.referring.lawFirm
    const envelope = sealed(world, {
      signer: signing,
      ...(matching && { matching }),
      ...changes,
    })
    const { referralId } = envelope.header
    await services.intake.submit(partnerOf(referring), referralId, envelope)
    return { referralId, envelope }
  }

  async function check(
    { referralId, envelope }: Referred,
    { epoch, values }: Matching,
    { checkMatchKeys } = services.reading,
    by: Worker = 'casework',
  ) {
    const signature = signMatchKeys(
      headerHash(canonicalBytes(envelope.header)),
      { epoch, values },
      world.recipients[by].signing,
    )
    const request = { epoch, values, signature }
    return (await checkMatchKeys(callers[by], referralId, request)).before
  }

  async function pair() {
    do {
      for (let more = true; more; ) more = await services.pairing.run()
      // Whoever else held the step may have left some.
    } while ((await countUnpaired(sql)) > 0)
  }

  return { ...services, world, databases, folder, sql, callers, refer, check, pair }
}

function workerOf(world: World, name: Worker): KnownCaller {
  return {
    kind: 'internal',
    clientId: world.clients[name],
    organisationId: world.referring.telephone.organisationId,
    labels: { client: name, organisation: 'The charity' },
    scopes: new Set(['triage:work', 'cases:review', 'referrals:open', 'messages:write']),
    kids: new Set([world.recipients[name].receiving.kid]),
    request: newId(),
  }
}

export function partnerOf(referring: Omit<Referring, 'signing'>): KnownCaller {
  const { clientId, organisationId } = referring
  const scopes = new Set(['referrals:submit'] as const)
  return {
    ...{ kind: 'partner', clientId, organisationId, scopes, kids: new Set() },
    labels: { client: 'A client', organisation: 'A partner' },
    request: newId(),
  }
}
