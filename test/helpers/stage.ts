/**
 * The services without HTTP and without the loop, for tests that say themselves when referrals are
 * paired. All of it is the product's own; only the wiring of `src/http/app.ts` and of
 * `src/background/work.ts` is repeated.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type postgres from 'postgres'
import type { Test } from 'tap'
import { holdCeremony, type Referring, type World } from '../../examples/ceremony.ts'
import { createAudit } from '../../src/audit/service.ts'
import type { KnownCaller } from '../../src/caller.ts'
import { createPairing } from '../../src/cases/pairing.ts'
import { createCases } from '../../src/cases/service.ts'
import { connect, type Database } from '../../src/database/connect.ts'
import { createDirectory } from '../../src/directory/service.ts'
import { createChecking } from '../../src/intake/checking.ts'
import { createIntake } from '../../src/intake/service.ts'
import { createStating } from '../../src/intake/stating.ts'
import { createRetiring } from '../../src/matching/retiring.ts'
import { createMatching } from '../../src/matching/service.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import type { Envelope, Matching } from '../../src/protocol/envelope/envelope.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import type { SealInput } from '../../src/protocol/envelope/seal.ts'
import { signMatchKeys } from '../../src/protocol/matching/matchvalues.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { createTriage } from '../../src/triage/service.ts'
import { createVault } from '../../src/vault/service.ts'
import { cloneDatabase, type TestDatabase } from './postgres.ts'
import { sealed } from './referral.ts'
import { asSuperuser, countUnpaired } from './superuser.ts'

/** What the services of one replica do, and what they noted of pairing. */
export function servicesOn(database: Database, origin: string) {
  const audit = createAudit({ database })
  const directory = createDirectory({ database, audit })
  const referrals = createVault({ directory })
  const matching = createMatching({ database, audit, directory })
  const triage = createTriage({ database, audit, referrals })
  const noted = { errors: [] as unknown[], crowded: 0 }
  const notes = {
    onError: (error: unknown) => void noted.errors.push(error),
    onCrowded: () => {
      noted.crowded += 1
    },
  }
  const cases = createCases({ database, audit, directory, matching, triage, origin })
  const pairing = createPairing({ database, audit, matching, triage, notes })
  const services = { database, audit, directory, referrals, matching, cases, origin }
  const intake = createIntake({ ...services, wake: () => {} })
  const checking = createChecking({ ...services, wake: () => {} })
  const stating = createStating({ ...services, triage })
  const retiring = createRetiring({ database, audit, directory })
  return { ...services, triage, intake, checking, stating, pairing, retiring, noted }
}

export type Services = ReturnType<typeof servicesOn>

export type Submission = Partial<SealInput> & { readonly by?: Referring }
export type Referred = { readonly referralId: string; readonly envelope: Envelope }
export type Worker = 'casework' | 'clinic'

export type Stage = Services & {
  readonly world: World
  readonly databases: TestDatabase
  readonly sql: postgres.Sql
  readonly callers: Record<Worker, KnownCaller>
  /** Stores a referral with these match values; it is not paired yet. */
  refer(matching?: Matching, changes?: Submission): Promise<Referred>
  /** A recipient's word on the match keys of a referral. */
  check(
    referred: Referred,
    matching: Pick<Matching, 'epoch' | 'values'>,
    checking?: Services['checking'],
    by?: Worker,
  ): Promise<'same' | 'none' | 'other'>
  /** Pairs until nothing waits that is due. */
  pair(): Promise<void>
}

/** Sets it up on a database of its own, under the keyset of the ceremony, which lists epoch 1. */
export async function stage(t: Pick<Test, 'teardown'>): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-stage-'))
  const databases = await cloneDatabase()
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
  const services = servicesOn(database, world.origin)
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
    { checkMatchKeys } = services.checking,
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

  return { ...services, world, databases, sql, callers, refer, check, pair }
}

function workerOf(world: World, name: Worker): KnownCaller {
  return {
    kind: 'internal',
    clientId: world.clients[name],
    organisationId: world.referring.telephone.organisationId,
    scopes: new Set(['triage:work', 'cases:review', 'referrals:open']),
    kids: new Set([world.recipients[name].receiving.kid]),
    request: newId(),
  }
}

export function partnerOf(referring: Omit<Referring, 'signing'>): KnownCaller {
  const { clientId, organisationId } = referring
  const scopes = new Set(['referrals:submit'] as const)
  return { kind: 'partner', clientId, organisationId, scopes, kids: new Set(), request: newId() }
}
