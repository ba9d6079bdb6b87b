/**
 * Proofs of work, which people without an account show instead of a token: ALTCHA's challenges, each for one
 * act with one body, each good for ten minutes and once. Whoever asks for many pays more for each, and nobody
 * is refused one.
 */
import { createChallenge, verifySolution } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import type { Static } from 'typebox'
import type { Caller } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import { spend } from '../database/spent.ts'
import { Refusal } from '../errors.ts'
import { encodeBase64url, label, utf8 } from '../protocol/bytes.ts'
import { keyedHash, randomBytes } from '../protocol/sodium.ts'
import { type ChallengeAnswer, type ChallengeRequest, type Proof, readProof } from './schemas.ts'
import { countChallenge, secretOf } from './store.ts'

export type ProofOptions = {
  readonly database: Database
  /** The most counters that a solver has to try at the base price; on average it is half of them. */
  readonly countersMax: number
  /** The block that a request from this address counts for; none where people share it. */
  readonly blockOf: (address: string) => string | undefined
}

/** So many challenges an hour a block has at the base price. A family and its volunteers need a few. */
const budgetPerHour = 20
/** At most so many times the base price: what a telephone of 2019 does in five seconds (bench/public). */
const ceiling = 8

/** Longer than the slowest telephone seals, solves and sends; a stolen challenge is of no use after. */
const challengeSeconds = 600
/** The replica that made a challenge may have a clock that is ahead by this much. */
const clockSecondsMax = 60
/**
 * PBKDF2, which every browser does by itself, in rounds of this many iterations: fewer, and the browser's
 * own work between two rounds would be most of it.
 */
const algorithm = 'PBKDF2/SHA-256'
const iterations = 2_000

/** Of a challenge that counts, the day is this one or one beside it; the one before goes last. */
const daysKept = 2

/** What one day's challenges are signed with. */
type Signing = { readonly hmacSignatureSecret: string; readonly hmacKeySignatureSecret: string }

/** The same, and what addresses are hashed under. */
type Daily = { readonly signing: Signing; readonly addressKey: Uint8Array }

export function createProofs({ database, countersMax, blockOf }: ProofOptions) {
  const dailyOf = createDaily(database)

  /** How many times the base price the next challenge costs: twice as much with each budget that is spent. */
  async function priceFor(address: string, key: Uint8Array, request: string): Promise<number> {
    const block = blockOf(address)
    if (block === undefined) return 1
    const count = await database.inTransaction({ kind: 'system', request }, (tx) =>
      countChallenge(tx, markOf(block, key)),
    )
    return Math.min(ceiling, 2 ** Math.floor((count - 1) / budgetPerHour))
  }

  /**
   * What is kept of where a request came from: two bytes, other ones on each day of UTC, and the same for one
   * in 65,536 blocks. None where people share an exit that is known.
   */
  async function sourceOf({ request }: Caller, address: string): Promise<Uint8Array | undefined> {
    const block = blockOf(address)
    if (block === undefined) return undefined
    const { addressKey } = await dailyOf(new Date(), request)
    return markOf(block, addressKey)
  }

  /** A challenge for one act with one body. Solved, it goes back in the header `proof-of-work`. */
  async function challenge(
    { request }: Caller,
    address: string,
    data: Static<typeof ChallengeRequest>,
  ): Promise<ChallengeAnswer> {
    const now = new Date()
    const expiresAt = Math.floor(now.getTime() / 1000) + challengeSeconds
    const { signing, addressKey } = await dailyOf(now, request)
    const price = await priceFor(address, addressKey, request)
    const made = await createChallenge({
      ...signing,
      ...{ algorithm, cost: iterations, deriveKey, data, expiresAt },
      // Unforeseeable, so that all before it must be tried; bounded, so that nobody is unlucky.
      counter: 1 + (randomUint32() % (countersMax * price)),
    })
    return {
      challenge: made as Proof['challenge'],
      expiresAt: new Date(expiresAt * 1000).toISOString(),
    }
  }

  /**
   * Takes a proof and spends it.
   *
   * @returns the SHA-256 of the body that it is for, in base64url
   * @throws Refusal `proof-required` for one that does not count, or was spent already
   */
  async function spendProof(caller: Caller, header: unknown): Promise<string> {
    const proof = readProof(header)
    if (!proof) throw new Refusal('proof-required', 'the header proof-of-work holds no proof')
    const { expiresAt, data } = proof.challenge.parameters
    const until = new Date(expiresAt * 1000)
    const aheadMs = until.getTime() - Date.now()
    // Looked at first, while anybody may have written it: the day whose secret is asked for is this one, or
    // one beside it. Said of what counts, so that what is no time does not.
    const counts = aheadMs > 0 && aheadMs <= (challengeSeconds + clockSecondsMax) * 1000
    if (!counts) throw new Refusal('proof-required', 'the challenge has expired, or is of no time')
    const issuedAt = new Date((expiresAt - challengeSeconds) * 1000)
    const { signing } = await dailyOf(issuedAt, caller.request)
    const { verified } = await verifySolution({ ...proof, ...signing, deriveKey })
    if (!verified) throw new Refusal('proof-required', 'the proof is no solution of a challenge')
    const isFirst = await database.inTransaction(caller, (tx) =>
      spend(tx, 'challenge', proof.challenge.signature, until),
    )
    if (!isFirst) throw new Refusal('proof-required', 'the challenge was spent already')
    return data.bodySha256
  }

  return { challenge, sourceOf, spendProof }
}

/**
 * Enough to keep those apart who come in one day, and too few to tell who they were: whoever has the key can
 * try all addresses, and finds tens of thousands with the same two bytes.
 */
const markBytes = 2

function markOf(block: string, key: Uint8Array): Uint8Array {
  return keyedHash(key, utf8(block)).slice(0, markBytes)
}

/** Each day's secrets, read once and again where that failed. */
function createDaily(database: Database) {
  /** By day. At midnight challenges of two days count, and nobody who sends them by turns makes this read. */
  const kept = new Map<string, Promise<Daily>>()

  return (at: Date, request: string): Promise<Daily> => {
    const day = at.toISOString().slice(0, 10)
    const known = kept.get(day)
    if (known) return known
    const daily = database
      .inTransaction({ kind: 'system', request }, (tx) => secretOf(tx, day, randomBytes(32)))
      .then(secretsOf)
    kept.set(day, daily)
    if (kept.size > daysKept) kept.delete([...kept.keys()].sort()[0] ?? '')
    daily.catch(() => {
      if (kept.get(day) === daily) kept.delete(day)
    })
    return daily
  }
}

function secretsOf(secret: Uint8Array): Daily {
  const derived = (name: string) => keyedHash(secret, label(name))
  const signing = {
    hmacSignatureSecret: encodeBase64url(derived('challenge')),
    hmacKeySignatureSecret: encodeBase64url(derived('challenge solution')),
  }
  return { signing, addressKey: derived('address') }
}

function randomUint32(): number {
  return new DataView(randomBytes(4).buffer).getUint32(0)
}
