/** Where a log is read from, and whose signatures on it count: from flags, else from the environment. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { linesIn } from '../../client/entries.ts'
import {
  BadAnswer,
  createKeysetReader,
  type LogTrust,
  type NewestKeyset,
  NoAnswer,
  parseLogOrigin,
  type Read,
  ServiceProblem,
  trustKeyset,
  trustPolicy,
} from '../../client/index.ts'
import { isThere } from '../../disk.ts'
import { type Input, type Option, UsageError } from '../command.ts'
import { addressOf, connection, openServiceOf, trustFileOf } from '../settings.ts'
import { type Get, getterOf, isBroken, openGetterOf, signInOptions } from './getter.ts'

/** The flags of a command that reads the log and believes the keyset about its key. */
export const keysetOptions: Record<string, Option> = {
  ...signInOptions,
  ...Object.fromEntries(
    Object.entries(connection).filter(([name]) => ['trust', 'home'].includes(name)),
  ),
}

/** The flags of a command that checks a log. */
export const sourceOptions: Record<string, Option> = {
  policy: { value: 'FILE', help: 'The witnesses, and perhaps the log’s key (C2SP tlog-policy).' },
  ...keysetOptions,
}

/** Whom to believe about a log, and the keyset that says so. */
export type Believed = {
  /** Read anew each time; missing where a policy names the log's key and nobody is trusted besides. */
  readonly keyset: (() => Promise<NewestKeyset>) | undefined
  /** @param keyset - the newest, if there is one */
  trust(keyset: NewestKeyset | undefined): LogTrust
}

/** Reads the policy, and whether there are root keys to believe. @throws UsageError, LogFault */
export async function believedBy(input: Input): Promise<Believed> {
  const policyFile = input.text('policy')
  const policy = policyFile === undefined ? undefined : await readFile(policyFile)
  const needsKeyset = !policy || !/^[ \t]*log[ \t]/m.test(policy.toString())
  // Refuses, by the words of every other command, where there is nobody to believe.
  const service =
    needsKeyset || (await isThere(trustFileOf(input))) ? await openServiceOf(input) : undefined
  return {
    keyset: service && createKeysetReader(service).newest,
    trust: (keyset) => {
      const own = keyset && trustKeyset(keyset.keyset)
      if (policy) return trustPolicy(policy, own)
      if (!own) throw new Error('cannot be: nobody is believed')
      return own
    },
  }
}

/** The service and the number of the log that `--log URL` names, for whatever else reads the flags. */
export function locate(input: Input): {
  readonly input: Input
  /** Missing where only the service is named: its log is the newest. */
  readonly log?: number
  /** Missing online. */
  readonly folder?: string
} {
  const named = input.text('log')
  if (named === undefined) return { input }
  if (!/^https?:\/\//i.test(named)) return { input, folder: named }
  const at = parseLogOrigin(named.replace(/\/$/, ''))
  const url = at?.deployment ?? named
  const moved = { ...input, text: (name: string) => (name === 'url' ? url : input.text(name)) }
  addressOf(moved)
  return { input: moved, ...(at && { log: at.log }) }
}

/** The number of the log that a keyset names as the one that goes on. */
export function logOf(keyset: NewestKeyset | undefined): number {
  return (keyset && parseLogOrigin(keyset.keyset.log.origin)?.log) ?? 1
}

/** As long as a file of a log is at most: 256 entries of 4 KiB, with room. */
const fileBytesMax = 2 * 1024 * 1024
/** How long one file may take. */
export const fileMs = 75_000

/** Reads the files of one log from a service, those that anybody may read without signing in. */
export function servedLog(input: Input, log: number): Read {
  const open = openGetterOf(input)
  let signedIn: Promise<Get> | undefined
  return async (path) => {
    if (path.startsWith('tile/entries/')) signedIn ??= getterOf(input)
    const get = path.startsWith('tile/entries/') ? await signedIn : open
    try {
      const response = await get?.(`/v1/audit/logs/${log}/${path}`, { timeoutMs: fileMs })
      return response && (await bytesOf(response))
    } catch (error) {
      if (error instanceof ServiceProblem && error.problem.status === 404) return undefined
      throw error
    }
  }
}

/** The lines of all that a service shows of its entries. */
export async function* servedOpenings(input: Input): AsyncGenerator<string> {
  const get = await getterOf(input)
  const { body } = await get('/v1/audit/export?format=ndjson')
  try {
    if (body) yield* linesIn(body, 'the export of the entries')
  } catch (cause) {
    if (!isBroken(cause)) throw cause
    throw new NoAnswer('the service broke off within the export of the entries', { cause })
  }
}

/** Reads the files of a log in a folder. */
export function storedLog(folder: string): Read {
  return async (path) => {
    try {
      return await readFile(join(folder, path))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      throw error
    }
  }
}

/** The lines of the openings in a folder; `undefined` where it has none. */
export async function storedOpenings(
  folder: string,
): Promise<(() => AsyncIterable<string>) | undefined> {
  if (!(await isThere(folder))) throw new UsageError(`${folder} is not there`)
  const file = join(folder, 'openings.ndjson')
  if (!(await isThere(file))) return undefined
  return () => linesIn(createReadStream(file), file)
}

/** The bytes of a file of the log. @throws BadAnswer for too many, NoAnswer where it breaks off */
export async function bytesOf({ body }: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for await (const part of body ?? []) {
      length += part.length
      if (length > fileBytesMax) throw new BadAnswer('a file of the log is over 2 MiB')
      parts.push(part)
    }
  } catch (cause) {
    if (!isBroken(cause)) throw cause
    throw new NoAnswer('the service broke off within a file of the log', { cause })
  }
  return Buffer.concat(parts)
}
