/** Follows a log: each checkpoint is compared with the one before, and kept in a folder. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  LogFault,
  type LogTrust,
  type LogWitnessing,
  type NewestKeyset,
  originOfLog,
  type Read,
  readState,
  type SignedState,
  verifyGrowth,
} from '../../client/index.ts'
import { type LogFaultShown, shownFault } from '../../client/logwords.ts'
import { keepFirst, makeFolder, replaceFile } from '../../disk.ts'
import { encodeBase64url } from '../../protocol/bytes.ts'
import { type Checkpoint, parseCheckpoint } from '../../protocol/log/checkpoint.ts'
import { parseNote } from '../../protocol/log/note.ts'
import type { Believed } from './source.ts'

/** Something that was seen for the first time. */
export type Seen =
  | {
      readonly seen: 'keyset'
      readonly version: number
      readonly sha256: string
      readonly witnessing: NewestKeyset['witnessing']
      /** Missing while the service shows none. */
      readonly proof?: string
    }
  | ({ readonly seen: 'checkpoint'; readonly witnessing: LogWitnessing } & Named)
  /** The log `log` was closed, and the next goes on. */
  | { readonly seen: 'restart'; readonly log: number }

/** A checkpoint that is kept. `root` is base64url. */
export type Named = {
  readonly log: number
  readonly size: number
  readonly root: string
  readonly file: string
}

/** Two checkpoints of one log that cannot both be true, or that the hashes served do not join. */
export type Contradiction = {
  readonly fault: LogFaultShown
  readonly kept: Named
  readonly served: Named
}

/** What to watch. */
export type Watched = {
  /** Where checkpoints are kept. */
  readonly folder: string
  readonly believed: Believed
  /** The log to begin with, where none is kept yet. */
  readonly first: number | undefined
  readOf(log: number): Read
  tell(seen: Seen): void
}

const namePattern = /^log-([1-9][0-9]{0,6})-([0-9]{1,16})\.checkpoint$/

/**
 * @returns `look`, which looks once, and returns two checkpoints where they contradict each other
 */
export function createWatcher({ folder, believed, first, readOf, tell }: Watched) {
  let told: string | undefined

  /** @throws LogFault for what is no checkpoint of the log, or a keyset's proof that does not hold */
  async function look(): Promise<Contradiction | undefined> {
    await makeFolder(folder)
    const keyset = await believed.keyset?.()
    if (keyset) await tellKeyset(keyset)
    const trust = believed.trust(keyset)
    const newest = await newestIn(folder)
    for (let log = newest?.log ?? first ?? 1; ; log += 1) {
      const origin = keyset && originOfLog(keyset.keyset.origin, log)
      // A log that another follows may have lost entries, which is what its closing says.
      const isClosed = (await readOf(log + 1)('checkpoint')) !== undefined
      const found = await compare(trust, log, { origin, isClosed })
      if (found || !isClosed) return found
      tell({ seen: 'restart', log })
    }
  }

  async function tellKeyset({ keyset, sha256, witnessing, publication }: NewestKeyset) {
    if (publication instanceof Error) throw publication
    const name = `${sha256} ${JSON.stringify(witnessing)}`
    if (told === name) return
    told = name
    const { version } = keyset
    const proof = publication && { proof: publication.proof }
    if (proof) await replaceFile(join(folder, `keyset-${version}.tlog-proof`), proof.proof)
    tell({ seen: 'keyset', version, sha256, witnessing, ...proof })
  }

  async function compare(
    trust: LogTrust,
    log: number,
    { origin, isClosed }: { origin: string | undefined; isClosed: boolean },
  ): Promise<Contradiction | undefined> {
    const read = readOf(log)
    const state = await readState(read, trust, origin)
    const kept = await newestIn(folder, log)
    if (kept) {
      const { checkpoint, ...named } = kept
      try {
        await verifyGrowth(read, checkpoint, state)
      } catch (error) {
        if (!(error instanceof LogFault)) throw error
        if (isClosed && error.code === 'rolled-back') return undefined
        const served = namedIn(folder, state, `contradiction-${rootOf(state).slice(0, 8)}`)
        await keepFirst(served.file, state.text)
        return { fault: shownFault(error), kept: named, served }
      }
    }
    const named = namedIn(folder, state, 'checkpoint')
    const isNew = kept?.size !== state.size
    // Of the same state the newer has the more signatures.
    await replaceFile(named.file, state.text)
    if (isNew) tell({ seen: 'checkpoint', witnessing: state.witnessing, ...named })
    return undefined
  }

  return { look }
}

function namedIn(folder: string, state: SignedState, ending: string): Named {
  const { log, size } = state
  return { log, size, root: rootOf(state), file: join(folder, `log-${log}-${size}.${ending}`) }
}

/** The newest checkpoint that is kept, of one log or of the newest. */
async function newestIn(
  folder: string,
  only?: number,
): Promise<(Named & { readonly checkpoint: Checkpoint }) | undefined> {
  const [newest] = (await readdir(folder))
    .flatMap((name) => {
      const [, log, size] = namePattern.exec(name) ?? []
      return log === undefined ? [] : [{ name, log: Number(log), size: Number(size) }]
    })
    .filter(({ log }) => log === (only ?? log))
    .sort((a, b) => b.log - a.log || b.size - a.size)
  if (!newest) return undefined
  const { log, size } = newest
  const file = join(folder, newest.name)
  const checkpoint = await keptCheckpoint(file)
  return { log, size, root: rootOf(checkpoint), file, checkpoint }
}

async function keptCheckpoint(file: string): Promise<Checkpoint> {
  try {
    return parseCheckpoint(parseNote(await readFile(file)).text)
  } catch (cause) {
    if (!(cause instanceof LogFault)) throw cause
    throw new Error(`${file} is no checkpoint any more`, { cause })
  }
}

function rootOf({ root }: Pick<Checkpoint, 'root'>): string {
  return encodeBase64url(root)
}
