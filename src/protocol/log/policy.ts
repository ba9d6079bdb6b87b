/**
 * Whom to believe: C2SP tlog-policy (c2sp.org/tlog-policy). A policy names logs, witnesses and the
 * quorum of witnesses that must have signed a checkpoint.
 *
 * Two things are stricter than the standard: a file is UTF-8, and a key is one that can be checked
 * here, Ed25519 (a witness with ML-DSA-44 is refused, not passed over).
 */
import { LogFault } from './fault.ts'
import { type Sha256, sameHash } from './hash.ts'
import { type KeyType, logKeyType, type NoteKey, parseVerifierKey, witnessKeyType } from './key.ts'
import type { Verified } from './note.ts'
import { decode } from './text.ts'

/** A log or a witness of a policy. */
export interface PolicyKey {
  key: NoteKey
  /** Where to reach it. */
  url?: string
}

/** Names of witnesses and groups of which enough must have signed. */
export interface PolicyGroup {
  name: string
  /** How many of the members: from 1 up to all of them. */
  threshold: number
  members: string[]
}

/** What a policy file says. */
export interface Policy {
  logs: PolicyKey[]
  /** By the name that groups and the quorum use, which is not the key's. */
  witnesses: Map<string, PolicyKey>
  /** Each one names only witnesses and groups before it. */
  groups: PolicyGroup[]
  /** A witness, a group or `none`. */
  quorum: string
}

/** As long as a policy file may be. */
const policyBytesMax = 1_000_000

/** The name of the quorum that needs nobody. */
const nobody = 'none'

/**
 * Reads a policy file.
 *
 * @throws LogFault `policy-malformed`, with the number of the line, or `key-malformed`
 */
export function parsePolicy(sha256: Sha256, file: Uint8Array | string): Policy {
  if (file.length > policyBytesMax) {
    throw new LogFault('policy-malformed', 'the policy is longer than 1,000,000 bytes')
  }
  const text = decode(file, 'policy-malformed')
  if (/[^\P{Cc}\t\n\u0080-\u009f]/u.test(text) || !/(^|\n)$/.test(text)) {
    throw new LogFault('policy-malformed', 'the policy has control characters or an open line')
  }
  const reading = new Reading(sha256)
  text.split('\n').forEach((line, index) => {
    const words = line.split(/[ \t]+/).filter((word) => word !== '')
    const detail = words.length === 0 || words[0]?.startsWith('#') ? undefined : reading.take(words)
    if (detail) throw new LogFault('policy-malformed', `line ${index + 1} of the policy ${detail}`)
  })
  const { logs, witnesses, groups, quorum } = reading
  if (quorum === undefined) throw new LogFault('policy-malformed', 'the policy has no quorum')
  return { logs, witnesses, groups, quorum }
}

/** What the lines so far say. */
class Reading {
  readonly logs: PolicyKey[] = []
  readonly witnesses = new Map<string, PolicyKey>()
  readonly groups: PolicyGroup[] = []
  quorum: string | undefined
  readonly #sha256: Sha256
  readonly #names = new Set<string>()
  readonly #members = new Set<string>()

  constructor(sha256: Sha256) {
    this.#sha256 = sha256
  }

  /** Takes one line; returns what is wrong with it. */
  take([keyword, ...words]: string[]): string | undefined {
    if (keyword === 'log') return this.#log(words)
    if (keyword === 'witness') return this.#witness(words)
    if (keyword === 'group') return this.#group(words)
    if (keyword === 'quorum') return this.#quorum(words)
    return 'begins with no keyword'
  }

  #log([vkey, url, ...more]: string[]): string | undefined {
    if (vkey === undefined || more.length > 0) return 'is not: log KEY [URL]'
    const log = this.#key(vkey, logKeyType, url)
    if (typeof log === 'string') return log
    if (isAmong(this.logs, log)) return 'names a log again'
    this.logs.push(log)
    return undefined
  }

  #witness([name, vkey, url, ...more]: string[]): string | undefined {
    if (name === undefined || vkey === undefined || more.length > 0) {
      return 'is not: witness NAME KEY [URL]'
    }
    const witness = this.#key(vkey, witnessKeyType, url)
    if (typeof witness === 'string') return witness
    if (isAmong([...this.witnesses.values()], witness)) return 'names a witness again'
    this.witnesses.set(name, witness)
    return this.#define(name)
  }

  #group([name, count, ...members]: string[]): string | undefined {
    if (name === undefined || count === undefined || members.length === 0) {
      return 'is not: group NAME any|all|COUNT MEMBER...'
    }
    const threshold = thresholdOf(count, members.length)
    if (threshold === undefined) return 'asks for none or more than all of its members'
    for (const member of members) {
      if (!this.#names.has(member)) return 'names a member that is not defined above it'
      if (this.#members.has(member)) return 'names a member of a group again'
      this.#members.add(member)
    }
    this.groups.push({ name, threshold, members })
    return this.#define(name)
  }

  #quorum([name, ...more]: string[]): string | undefined {
    if (name === undefined || more.length > 0) return 'is not: quorum NAME'
    if (this.quorum !== undefined) return 'states a second quorum'
    if (name !== nobody && !this.#names.has(name)) return 'names what is not defined above it'
    this.quorum = name
    return undefined
  }

  #key(vkey: string, type: KeyType, url: string | undefined): PolicyKey | string {
    const key = parseVerifierKey(this.#sha256, vkey)
    if (key.type !== type) return `has a key of type ${key.type}, not ${type}`
    return url === undefined ? { key } : { key, url }
  }

  #define(name: string): string | undefined {
    if (name === nobody || this.#names.has(name)) return 'defines a name again'
    this.#names.add(name)
    return undefined
  }
}

function isAmong(keys: readonly PolicyKey[], { key }: PolicyKey): boolean {
  return keys.some((other) => sameHash(other.key.publicKey, key.publicKey))
}

function thresholdOf(count: string, members: number): number | undefined {
  if (count === 'any') return 1
  if (count === 'all') return members
  const threshold = /^[0-9]+$/.test(count) ? Number(count) : 0
  return threshold >= 1 && threshold <= members ? threshold : undefined
}

/** All keys that a checkpoint's signatures are checked with under this policy. */
export function policyKeys({ logs, witnesses }: Policy): NoteKey[] {
  return [...logs, ...witnesses.values()].map(({ key }) => key)
}

/** Who has witnessed a checkpoint, and whether that is enough. */
export interface Witnessing {
  /** Witnesses of the policy, by their names there, and when each signed, in seconds since 1970. */
  by: { name: string; seconds: number }[]
  /** Whether the quorum is there. A quorum of `none` always is. */
  isQuorum: boolean
}

/** Who of the policy's witnesses is among the signatures that hold. */
export function witnessing(policy: Policy, verified: readonly Verified[]): Witnessing {
  const by: Witnessing['by'] = []
  for (const [name, { key }] of policy.witnesses) {
    const cosigned = verified.find(
      (other) => other.key.id === key.id && other.key.name === key.name,
    )
    if (cosigned?.seconds !== undefined) by.push({ name, seconds: cosigned.seconds })
  }
  // A group names only what stands before it: one pass in order settles all of them.
  const witnessed = new Set([nobody, ...by.map(({ name }) => name)])
  for (const { name, threshold, members } of policy.groups) {
    if (members.filter((member) => witnessed.has(member)).length >= threshold) witnessed.add(name)
  }
  return { by, isQuorum: witnessed.has(policy.quorum) }
}
