/** The access log as a whole, loaded with the first call: auditors check it, and no page that refers does. */
import type * as log from './log.ts'

/**
 * Verifies a whole log: every entry, every tile, the checkpoint's signatures, and what else is asked
 * for. The entries are read in constant memory; with openings, some 100 bytes are kept for each.
 *
 * @param read - the files below the log's address
 * @throws LogFault for files that are not what was signed, EntryFault for an entry whose form or
 *   opening is wrong, each with the first index where there is one
 */
export const verifyWholeLog: typeof log.verifyWholeLog = async (...asked) =>
  (await import('./log.ts')).verifyWholeLog(...asked)

/**
 * Returns if the later state contains all of the earlier one, by the hash tiles of its log.
 *
 * @throws LogFault `rolled-back`, `inconsistent`, `origin-wrong` for states of two logs, and `root-wrong`
 *   if the tiles are not those of the later state, so that they tell nothing of the earlier one
 */
export const verifyGrowth: typeof log.verifyGrowth = async (...asked) =>
  (await import('./log.ts')).verifyGrowth(...asked)
