/**
 * The stored referrals against the access log, both ways: each is as its entry says, and none of which the log
 * says that it was stored is missing. For the host, after a restore above all. Read a little at a time, so
 * that it costs no more memory for more referrals, beside a service that is running.
 */
import * as audit from '../audit/service.ts'
import type { Database, Tx } from '../database/connect.ts'
import { publishedKeysets, signingKeysOf } from '../directory/service.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import { newId } from '../protocol/uuid.ts'
import type { Header } from '../referral/header.ts'
import {
  countStored,
  type GrantedRow,
  type StoredRow,
  selectErasedOf,
  selectGranted,
  selectMissing,
  selectStored,
  selectWraps,
} from './check-store.ts'
import type { StoredGrant } from './grantsoundness.ts'
import { presentGrant } from './releasing.ts'
import { faultOf } from './soundness.ts'
import { selectCompartments } from './store.ts'

/** What was found. */
export type VaultStanding = {
  readonly referrals: number
  /** How many are not as the log or their signature says. */
  readonly wrong: number
  /** How many the log names that are not there. */
  readonly missing: number
  /** The first of them, and what is wrong. */
  readonly first?: { readonly referralId: string; readonly what: string }
}

/** A page is some megabytes at the most. */
const pageReferrals = 16
const pageEntries = 1_000
const beforeAll = '00000000-0000-0000-0000-000000000000'

/**
 * Checks all that is stored. What comes meanwhile may be left out.
 *
 * @param database - as the service itself, for the owner reads no row of anybody
 * @param onProgress - told of each step, and of how many there are
 */
export async function verifyVault(
  database: Database,
  onProgress: (total: number) => void,
): Promise<VaultStanding> {
  const request = newId()
  const asService = <T>(act: (tx: Tx) => Promise<T>) =>
    database.inTransaction({ kind: 'system', request }, act)
  const { total, signers } = await asService(async (tx) => {
    const [stored, entries] = [await countStored(tx), await audit.countAll(tx)]
    const steps = Math.ceil(stored / pageReferrals) + Math.ceil(entries / pageEntries)
    return { total: steps, signers: await signingKeysOf(tx) }
  })
  let [referrals, wrong, missing] = [0, 0, 0]
  let first: VaultStanding['first']

  for (let after = beforeAll; ; ) {
    const { ids, faults } = await judge(database, request, signers, after, pageReferrals)
    for (const { referralId, what } of faults) {
      const before = ids[ids.indexOf(referralId) - 1] ?? after
      // A page is read by several statements, and somebody may have acted between two: it is looked at once more.
      const again = await judge(database, request, signers, before, 1)
      if (!again.faults.some((fault) => fault.referralId === referralId)) continue
      wrong += 1
      first ??= { referralId, what }
    }
    referrals += ids.length
    const last = ids.at(-1)
    if (last === undefined) break
    onProgress(total)
    after = last
  }

  for (let after: string | undefined = beforeAll; after !== undefined; ) {
    const from: string = after
    const { last, lost } = await asService(async (tx) => {
      const { referralIds, last } = await audit.submissionsAfter(tx, from, pageEntries)
      return { last, lost: await selectMissing(tx, referralIds) }
    })
    missing += lost.length
    const [referralId] = lost
    if (referralId !== undefined) first ??= { referralId, what: missingWords }
    if (last !== undefined) onProgress(total)
    after = last
  }
  return { referrals, wrong, missing, ...(first && { first }) }
}

const missingWords = 'the log says that it was stored, and it is not there'

type Signers = Awaited<ReturnType<typeof signingKeysOf>>

/** The next `count` referrals behind the id `after`, and what is wrong with them. */
async function judge(
  database: Database,
  request: string,
  signers: Signers,
  after: string,
  count: number,
) {
  const page = await database.inTransaction({ kind: 'system', request }, (tx) =>
    readPage(tx, after, count),
  )
  const { rows, parts, wraps, grants, givenUp, entries, erased, said, ...known } = page
  const standing = await database.inTransaction({ kind: 'sequencer', request }, (tx) =>
    audit.standingInTree(
      tx,
      rows.map(({ entryId }) => entryId),
    ),
  )
  const faults = rows.flatMap((row) => {
    const own = <Part extends { id: string }>(all: readonly Part[]) =>
      all.filter(({ id }) => id === row.id)
    const stored = {
      ...row,
      compartments: own(parts),
      wraps: own(wraps),
      grants: own(grants).map(grantIn),
    }
    const what = faultOf(stored, {
      ...known,
      entry: entries.find(({ id }) => id === row.entryId),
      erasing: entries.find(({ id }) => id === row.erasedBy),
      isAmendedErased: (id) => erased.includes(id),
      isInTree: standing.has(row.entryId),
      signer: signers.get(row.signer),
      isGivenUp: (kid) => givenUp.has(`${row.id} ${kid}`),
      said: said.get(row.id),
    })
    return what === undefined ? [] : [{ referralId: row.id, what }]
  })
  return { ids: rows.map(({ id }) => id), faults }
}

function grantIn({ id: _, encapsulated, sealedKeys, endsAt, ...row }: GrantedRow): StoredGrant {
  return { encapsulated, sealedKeys, endsAt, grant: presentGrant(row) }
}

async function readPage(tx: Tx, after: string, count: number) {
  const rows: readonly StoredRow[] = await selectStored(tx, after, count)
  const ids = rows.map(({ id }) => id)
  const entryIds = rows.flatMap(({ entryId, erasedBy }) => [
    entryId,
    ...(erasedBy ? [erasedBy] : []),
  ])
  const amended = rows.flatMap(({ header }) => amendedIn(header))
  const [parts, wraps, grants, givenUp, said, entries, erased, keysets] = await Promise.all([
    selectCompartments(tx, ids),
    selectWraps(tx, ids),
    selectGranted(tx, ids),
    audit.givenUpWraps(tx, ids),
    audit.grantsSaid(tx, ids),
    audit.entriesOf(tx, entryIds),
    selectErasedOf(tx, amended),
    publishedKeysets(tx),
  ])
  return { rows, parts, wraps, grants, givenUp, said, entries, erased, keysets, now: tx.now }
}

/** What a header says that it amends; of one that cannot be read, nothing. */
function amendedIn(header: Uint8Array): string[] {
  try {
    const { supersedes } = parseCanonical(header) as Partial<Header>
    return supersedes === undefined ? [] : [supersedes]
  } catch {
    return []
  }
}
