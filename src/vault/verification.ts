/**
 * The stored referrals against the access log, both ways: each is as its entry says, and none of which the log
 * says that it was stored is missing. For the host, after a restore above all. Read a little at a time, so
 * that it costs no more memory for more referrals, beside a service that is running.
 */
import * as audit from '../audit/service.ts'
import type { Database, Tx } from '../database/connect.ts'
import { signingKeysOf } from '../directory/service.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import { newId } from '../protocol/uuid.ts'
import type { Header } from '../referral/header.ts'
import {
  countStored,
  type StoredRow,
  selectErasedOf,
  selectMissing,
  selectStored,
  selectWraps,
} from './check-store.ts'
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
  const asSequencer = <T>(act: (tx: Tx) => Promise<T>) =>
    database.inTransaction({ kind: 'sequencer', request }, act)
  const { total, signers } = await asService(async (tx) => {
    const [stored, entries] = [await countStored(tx), await audit.countAll(tx)]
    const steps = Math.ceil(stored / pageReferrals) + Math.ceil(entries / pageEntries)
    return { total: steps, signers: await signingKeysOf(tx) }
  })
  let [referrals, wrong, missing] = [0, 0, 0]
  let first: VaultStanding['first']

  for (let after = beforeAll; ; ) {
    const { rows, parts, wraps, givenUp, ...page } = await asService((tx) => readPage(tx, after))
    const { entries, erased } = page
    const standing = await asSequencer((tx) =>
      audit.standingInTree(
        tx,
        rows.map(({ entryId }) => entryId),
      ),
    )
    for (const row of rows) {
      const own = <Part extends { id: string }>(all: readonly Part[]) =>
        all.filter(({ id }) => id === row.id)
      const what = faultOf(
        { ...row, compartments: own(parts), wraps: own(wraps) },
        {
          entry: entries.find(({ id }) => id === row.entryId),
          erasing: entries.find(({ id }) => id === row.erasedBy),
          isAmendedErased: (id) => erased.includes(id),
          isInTree: standing.has(row.entryId),
          signer: signers.get(row.signer),
          isGivenUp: (kid) => givenUp.has(`${row.id} ${kid}`),
        },
      )
      if (what === undefined) continue
      wrong += 1
      first ??= { referralId: row.id, what }
    }
    referrals += rows.length
    const last = rows.at(-1)
    if (!last) break
    onProgress(total)
    after = last.id
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

async function readPage(tx: Tx, after: string) {
  const rows: readonly StoredRow[] = await selectStored(tx, after, pageReferrals)
  const ids = rows.map(({ id }) => id)
  const entryIds = rows.flatMap(({ entryId, erasedBy }) => [
    entryId,
    ...(erasedBy ? [erasedBy] : []),
  ])
  const amended = rows.flatMap(({ header }) => amendedIn(header))
  const [parts, wraps, givenUp, entries, erased] = await Promise.all([
    selectCompartments(tx, ids),
    selectWraps(tx, ids),
    audit.givenUpWraps(tx, ids),
    audit.entriesOf(tx, entryIds),
    selectErasedOf(tx, amended),
  ])
  return { rows, parts, wraps, givenUp, entries, erased }
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
