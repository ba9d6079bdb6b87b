/**
 * Whose signatures on a checkpoint of the access log count: the log's keys and the witnesses, from a
 * keyset that a root signed, or from a policy file (c2sp.org/tlog-policy).
 */
import { base64urlBytes } from '../protocol/bytes.ts'
import {
  type OpenedCheckpoint,
  openCheckpoint,
  parseCheckpoint,
} from '../protocol/log/checkpoint.ts'
import { LogFault } from '../protocol/log/fault.ts'
import { logKeyType, type NoteKey, noteKey, parseVerifierKey } from '../protocol/log/key.ts'
import { parseNote } from '../protocol/log/note.ts'
import { type Policy, parsePolicy, type Witnessing, witnessing } from '../protocol/log/policy.ts'
import { parseLogOrigin } from '../protocol/logorigin.ts'
import { verify } from '../protocol/signature.ts'
import { sha256 } from '../protocol/sodium.ts'
import type { Keyset } from '../protocol/trust/keyset.ts'

/** Whom to believe about the logs of one service. */
export type LogTrust = {
  /** The keys of the log with this origin; none of a log of another service. */
  keysOf(origin: string): NoteKey[]
  /** The witnesses, and how many of them are asked for. */
  readonly policy: Policy
}

/** By whom a checkpoint is witnessed, and whether that is as many as are asked for. */
export type LogWitnessing = 'unwitnessed' | Witnessing

/** A checkpoint that the log signed. */
export type SignedState = OpenedCheckpoint & {
  /** The number of its log: from 1 up, a log after the first was restarted. */
  readonly log: number
  /** The file as it was read. */
  readonly text: string
  readonly witnessing: LogWitnessing
}

/** What a keyset says of the logs of its deployment. */
type LogKeyset = Pick<Keyset, 'origin'> & {
  readonly log: Pick<Keyset['log'], 'publicKeys' | 'witnesses' | 'quorum'>
}

/**
 * Believes the keys that a verified keyset names. Of its witnesses those count that it writes as
 * verifier keys.
 */
export function trustKeyset({ origin: deployment, log }: LogKeyset): LogTrust {
  const witnesses: Policy['witnesses'] = new Map()
  for (const text of log.witnesses) {
    const key = witnessKey(text)
    if (key) witnesses.set(key.name, { key })
  }
  const members = [...witnesses.keys()]
  const asked = { name: 'quorum', threshold: log.quorum, members }
  return {
    keysOf: (origin) => {
      if (parseLogOrigin(origin)?.deployment !== deployment) return []
      return log.publicKeys.flatMap((encoded) => {
        const publicKey = base64urlBytes(encoded)
        return publicKey ? [noteKey(sha256, { name: origin, type: logKeyType, publicKey })] : []
      })
    },
    policy: {
      ...{ logs: [], witnesses },
      ...(log.quorum > 0
        ? { groups: [asked], quorum: asked.name }
        : { groups: [], quorum: 'none' }),
    },
  }
}

function witnessKey(text: string): NoteKey | undefined {
  try {
    return parseVerifierKey(sha256, text)
  } catch (fault) {
    if (fault instanceof LogFault) return undefined
    throw fault
  }
}

/**
 * Believes a policy file: the witnesses in it, and its logs. Where it names no log, `others` says whose
 * keys count.
 *
 * @throws LogFault `policy-malformed`, `key-malformed`, also where nobody says whose keys count
 */
export function trustPolicy(file: Uint8Array | string, others: LogTrust | undefined): LogTrust {
  const policy = parsePolicy(sha256, file)
  if (policy.logs.length === 0 && !others) {
    throw new LogFault('policy-malformed', 'the policy names no log')
  }
  return {
    keysOf: (origin) => {
      if (policy.logs.length === 0) return others?.keysOf(origin) ?? []
      return policy.logs.map(({ key }) => key).filter(({ name }) => name === origin)
    },
    policy,
  }
}

/**
 * Reads a checkpoint and checks that the log signed it.
 *
 * @param origin - the log that it must be of; any that is believed if left out
 * @throws LogFault as `openCheckpoint`, and `origin-wrong`
 */
export function openState(
  file: Uint8Array | string,
  { keysOf, policy }: LogTrust,
  origin?: string,
): SignedState {
  const text = typeof file === 'string' ? file : new TextDecoder().decode(file)
  const said = parseCheckpoint(parseNote(file).text).origin
  const log = parseLogOrigin(said)?.log
  if (log === undefined || said !== (origin ?? said)) {
    throw new LogFault('origin-wrong', 'the checkpoint is that of another log')
  }
  const keys = [...keysOf(said), ...[...policy.witnesses.values()].map(({ key }) => key)]
  const opened = openCheckpoint(file, keys, verify)
  return { ...opened, log, text, witnessing: witnessingOf(policy, opened) }
}

function witnessingOf(policy: Policy, { verified }: OpenedCheckpoint): LogWitnessing {
  const found = witnessing(policy, verified)
  return found.by.length === 0 ? 'unwitnessed' : found
}
