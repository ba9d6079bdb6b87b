import { readFile } from 'node:fs/promises'
import {
  digestOfState,
  LogFault,
  type LogTrust,
  type NewestKeyset,
  openState,
  originOfLog,
  parseLogOrigin,
  type Read,
  readState,
  type SignedState,
  shown,
  type VerifiedLog,
  verifyGrowth,
  verifyWholeLog,
} from '../../client/index.ts'
import { shownFault, wordsOfLogFault, wordsOfWitnessing } from '../../client/logwords.ts'
import { logKeyType, verifierKey } from '../../protocol/log/key.ts'
import { tileWidth } from '../../protocol/log/tile.ts'
import { type Command, fitted, type Input, type Report, UsageError } from '../command.ts'
import { createProgress } from '../progress.ts'
import { connectionDetails } from '../settings.ts'
import { verifyEntry } from './entry.ts'
import {
  believedBy,
  locate,
  logOf,
  servedLog,
  servedOpenings,
  sourceOptions,
  storedLog,
  storedOpenings,
} from './source.ts'

/** `intake audit verify`. */
export const auditVerify: Command = {
  operands: '[--log URL|DIR] [--since FILE] | --entry ID [--log DIR] [--out FILE]',
  summary: 'Check that the access log is whole, and what was signed.',
  details: `Every entry is hashed, every hash and the signature on the checkpoint are checked, and so is what
is shown of who acted. Where all is well the exit code is 0; otherwise it is 1, and the first entry that
is wrong is named, counted from 0. Where entries that you kept a checkpoint of are gone, and another log
follows that says so, it was restarted: exit code 3.

With --entry it proves that one entry stands in the log, reads no other, and says under how large a tree and
who witnessed that. The proof can be kept, and checked by tools for C2SP tlog-proof.

The log's key is that of the newest keyset, or of a policy that has a line for the log. A folder is one
that intake audit export wrote. With neither it is the log that the keyset names.

${connectionDetails}`,
  options: {
    log: { value: 'URL|DIR', help: 'The log: its address, or a folder with its files.' },
    since: {
      value: 'FILE',
      help: 'A checkpoint that you kept: the log must begin with all of it.',
    },
    entry: { value: 'ID', help: 'Prove this one entry, and no more.' },
    out: { value: 'FILE', help: 'Where its proof goes; what it proves goes beside it.' },
    ...sourceOptions,
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    if (input.given('out') && !input.given('entry')) throw new UsageError('--out is for --entry')
    try {
      return input.given('entry') ? await verifyEntry(input) : reportOf(await verified(input))
    } catch (error) {
      const fault = shownFault(error)
      return { text: wordsOfLogFault(fault), value: { whole: false, fault }, failed: true }
    }
  },
}

/** What was found where nothing is wrong. */
type Found = VerifiedLog & {
  /** What a kept checkpoint says of a log that was closed since. */
  readonly kept: Kept | undefined
  /** The log that goes on where this one was closed. */
  readonly followedBy: number | undefined
  readonly keyset: NewestKeyset | undefined
  /** The checkpoint under which that keyset is proved, and what this log begins with. */
  readonly before: SignedState | undefined
}

/** A kept checkpoint of a log: all of it stands, or some of its entries were lost with a restart. */
type Kept = {
  readonly state: SignedState
  readonly stands: boolean
  /** Whether the next log names just this checkpoint as the last. */
  readonly isLast: boolean
}

async function verified(input: Input): Promise<Found> {
  const { input: located, log: named, folder } = locate(input)
  const believed = await believedBy(located)
  const keyset = await believed.keyset?.()
  if (keyset?.publication instanceof Error) throw keyset.publication
  const trust = believed.trust(keyset)
  const sinceFile = input.text('since')
  const since = sinceFile === undefined ? undefined : openState(await readFile(sinceFile), trust)
  if (folder !== undefined) {
    const openings = await storedOpenings(folder)
    const read = storedLog(folder)
    const origin = (await readState(read, trust)).origin
    requireLater(since, origin)
    const own = since?.origin === origin ? since : undefined
    const whole = await verifyWholeLog(read, {
      ...{ trust, onProgress: onProgress(), ...(own && { since: own }) },
      ...(openings && { openings }),
    })
    const kept = own ? standing(own) : since && (await keptOf(since, whole, trust, undefined))
    const before = await begunWith(read, whole, keyset)
    return { ...whole, kept, followedBy: undefined, keyset, before }
  }
  const log = named ?? logOf(keyset)
  const whole = await served(located, log, trust, since, keyset)
  return { ...whole, keyset, before: await begunWith(servedLog(located, log), whole, keyset) }
}

/**
 * The checkpoint under which the keyset is proved, if the log begins with all of it: witnesses sign now and
 * then, and the keyset is proved under the newest that they signed.
 *
 * @throws LogFault `inconsistent` if it does not: then two trees are shown under one key
 */
async function begunWith(
  read: Read,
  { state }: VerifiedLog,
  keyset: NewestKeyset | undefined,
): Promise<SignedState | undefined> {
  const { publication } = keyset ?? {}
  if (!publication || publication instanceof Error) return undefined
  const before = publication.state
  if (before.origin !== state.origin || before.size > state.size) return undefined
  await verifyGrowth(read, before, state)
  return before
}

async function served(
  input: Input,
  log: number,
  trust: LogTrust,
  since: SignedState | undefined,
  keyset: NewestKeyset | undefined,
): Promise<Omit<Found, 'keyset' | 'before'>> {
  const read = servedLog(input, log)
  const deployment = keyset?.keyset.origin
  const origin = deployment ? originOfLog(deployment, log) : (await readState(read, trust)).origin
  const next = await nextOf(input, origin, trust)
  requireLater(since, origin)
  const isOwn = since?.origin === origin
  const own = isOwn && !next ? since : undefined
  const whole = await verifyWholeLog(read, {
    ...{ trust, origin, onProgress: onProgress(), openings: () => servedOpenings(input) },
    // Where another follows it may lack entries, and that is not to be called tampering.
    ...(own && { since: own }),
  })
  const old = since && (isOwn ? read : servedLog(input, since.log))
  const kept = own ? standing(own) : since && (await keptOf(since, whole, trust, old))
  return { ...whole, kept, followedBy: next?.log }
}

/** The log that follows, signed: it excuses that entries are gone. None where nobody says whose key counts. */
async function nextOf(
  input: Input,
  origin: string,
  trust: LogTrust,
): Promise<SignedState | undefined> {
  const { deployment, log } = parseLogOrigin(origin) ?? { deployment: '', log: 0 }
  const next = originOfLog(deployment, log + 1)
  if (trust.keysOf(next).length === 0) return undefined
  const file = await servedLog(input, log + 1)('checkpoint')
  return file && openState(file, trust, next)
}

function requireLater(since: SignedState | undefined, origin: string): void {
  const [kept, read] = [since && parseLogOrigin(since.origin), parseLogOrigin(origin)]
  if (!kept || !read) return
  if (kept.deployment !== read.deployment) {
    throw new LogFault('origin-wrong', 'the kept checkpoint is that of another service')
  }
  if (kept.log > read.log) {
    throw new UsageError(`the kept checkpoint is of log ${kept.log}: name that one by --log`)
  }
}

/** Of a log that was verified from its kept checkpoint on. */
function standing(state: SignedState): Kept {
  return { state, stands: true, isLast: false }
}

/** @param old - the files of the log that was closed, where they can be had */
async function keptOf(
  since: SignedState,
  { restart }: VerifiedLog,
  trust: LogTrust,
  old: Read | undefined,
): Promise<Kept> {
  const isLast = restart?.closed === since.log && restart.digest === digestOfState(since)
  if (!old) return { state: since, stands: false, isLast }
  try {
    await verifyGrowth(old, since, await readState(old, trust, since.origin))
    return { state: since, stands: true, isLast }
  } catch (fault) {
    const isLost = fault instanceof LogFault && fault.code === 'rolled-back'
    if (!isLost) throw fault
    return { state: since, stands: false, isLast }
  }
}

/** A step of the bar for each bundle. */
function onProgress(): (done: number, total: number) => void {
  let bar: ReturnType<typeof createProgress> | undefined
  return (_, total) => {
    bar ??= createProgress(Math.ceil(total / tileWidth))
    bar.step()
  }
}

function reportOf(found: Found): Report {
  const { state, restart, openings, kept, followedBy, keyset, before } = found
  const { origin, size, witnessing } = state
  const isLost = kept !== undefined && !kept.stands
  const { publication } = keyset ?? {}
  const isWitnessedBefore =
    before !== undefined && before.witnessing !== 'unwitnessed' && witnessing === 'unwitnessed'
  return {
    ...(isLost && { undecided: true }),
    text: fitted(
      [
        `${shown(origin)}: ${size} entries, each as it was signed.`,
        wordsOfWitnessing(witnessing),
        ...(isWitnessedBefore ? [wordsOfBefore(before)] : []),
        ...(openings ? [wordsOfOpenings(openings)] : []),
        ...(restart
          ? [`It was restarted: it follows log ${restart.closed}, which was closed.`]
          : []),
        ...(followedBy === undefined
          ? []
          : [`It was restarted: log ${followedBy} follows it. Verify that one too.`]),
        ...(kept ? [wordsOfKept(kept)] : []),
        ...(publication && !(publication instanceof Error)
          ? [
              `Keyset ${keyset?.keyset.version} stands in it as entry ${publication.index} of log ${publication.state.log}.`,
            ]
          : []),
      ].join('\n'),
    ),
    value: {
      ...{ whole: true, origin, size, logKeys: logKeysOf(state), witnessing },
      ...{ openings, restart, followedBy },
      ...(isWitnessedBefore && { before: { size: before.size, witnessing: before.witnessing } }),
      ...(kept && {
        kept: { origin: kept.state.origin, size: kept.state.size, stands: kept.stands },
      }),
    },
  }
}

/** The keys that signed the checkpoint for the log, as note verifier keys: what a witness is told. */
function logKeysOf({ verified }: SignedState): string[] {
  return verified.flatMap(({ key }) => (key.type === logKeyType ? [verifierKey(key)] : []))
}

function wordsOfBefore({ size, witnessing }: SignedState): string {
  return `Of its first ${size} entries: ${wordsOfWitnessing(witnessing)}`
}

function wordsOfOpenings({ shown, others }: NonNullable<VerifiedLog['openings']>): string {
  const rest = others === 0 ? '' : ` Shown besides, and not under this checkpoint: ${others}.`
  return `What is shown of all ${shown} is what they say.${rest}`
}

function wordsOfKept({ state: { log, size }, stands, isLast }: Kept): string {
  const last = isLast ? ' The next log names your checkpoint as its last.' : ''
  return stands
    ? `All ${size} entries of your checkpoint of log ${log} stand.${last}`
    : `Your checkpoint of log ${log} has ${size} entries, and not all of them can be shown: the log was
restarted.${last} Ask why, and what was lost.`
}
