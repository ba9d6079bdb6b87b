/** The recipient's side: claim work, open it with a key the server never had, say how it ended. */
import { Refusal } from '../errors.ts'
import {
  failedStep,
  type Opened,
  openReferral,
  type Unopenable,
} from '../protocol/envelope/open.ts'
import type { Released } from '../protocol/envelope/released.ts'
import type { KeyFile } from '../protocol/keyfile.ts'
import type { KeyPair } from '../protocol/keys.ts'
import type { Trust } from '../protocol/trust/keyset.ts'
import type { CompartmentName } from '../referral/compartment.ts'
import type { Reviewing } from './cases.ts'
import { type Checking, createChecking } from './checking.ts'
import { type Attempt, type Claiming, type ClaimOptions, createClaiming } from './claiming.ts'
import { type ClockSkew, tellingOnce, warnReaderOfSkew } from './clock.ts'
import { type Consuming, createConsuming } from './consume.ts'
import { createDocuments, type DocumentPaths, type Documents } from './documents.ts'
import type { Erasing } from './erasing.ts'
import type { Exporting } from './exporting.ts'
import { BadAnswer } from './failure.ts'
import { createGiving } from './giving.ts'
import type { Granting } from './granting.ts'
import { type Memory, processMemory } from './memory.ts'
import { requireReferenceOf, wellTyped } from './naming.ts'
import { createNotes } from './notes.ts'
import { createParking, type Parking } from './parking.ts'
import { createReplying, type Replying } from './replying.ts'
import { createReviewing } from './reviewing.ts'
import type { Rotating } from './rotating.ts'
import { type Claim, ReleasedAnswer, readAnswer } from './schemas.ts'
import { createStating, type Stating } from './stating.ts'
import { createSubject } from './subject.ts'
import { createTransport, type Transport, type TransportOptions } from './transport.ts'
import { createDirectories, createKeysets, type NewestKeyset } from './trust.ts'
import { createSetting, type Setting } from './urgency.ts'
import { createWatching, type Watching } from './watching.ts'
import { createDeciding, type Deciding } from './withdrawals.ts'

/** What a recipient brings. */
export type ReaderOptions = TransportOptions & {
  /** The origin and the root keys to believe, from the administrator's own hand. */
  readonly trust: Trust
  /** The contents of a recipient's key file: `openKeyFile(…)`. */
  readonly recipient: KeyFile
  /** Without one, a server that shows older documents after a restart goes unnoticed. */
  readonly memory?: Memory
  /**
   * Told once, by `keyset` or `open`, where the service's clock differs from this one by over 5 minutes:
   * it refuses what is stated of urgency by such a clock. Where it is left out, the console is warned.
   */
  readonly onClockSkew?: (skew: ClockSkew) => void
}

/** @see createReader */
export type Reader = {
  /** The id of the recipient key that this reader opens with. */
  readonly kid: string
  /**
   * Checks and opens what a claim or `fetch` released.
   *
   * What will not open is an answer, not an error: `opened: false` with the step at which it failed,
   * or, where that is true of some compartments only, `withheld` names those and the others are
   * shown. `completable` says which to complete as `unopenable`, and with which step. Throws only where
   * the documents to check it by could not be had.
   *
   * A recipient that holds all that the urgency rules read also states, unawaited, what they give now:
   * `stateUrgency` says what became of it. Opening is neither delayed by that nor does it fail. Where some of
   * what the rules read does not open, or consent, `urgency` or `consent` is `{ compared: false, withheld: true }`.
   */
  open(released: Released): Promise<Opened | Unopenable>
  /**
   * One referral, still sealed, without claiming it, by its id or its reference. A server that names
   * another by it is noticed: the reference follows from the id.
   *
   * @throws ServiceProblem `not-found`, Refusal `reference-mistyped`, `reference-mismatch`
   */
  fetch(name: string): Promise<Released>
  /** The newest keyset, verified; `warnings` holds sentences on its dates for a person to read. */
  keyset(): Promise<NewestKeyset>
} & Claiming &
  Consuming &
  Parking &
  Setting &
  Watching &
  Checking &
  Stating &
  Deciding &
  Replying &
  Documents &
  Granting &
  Rotating &
  Erasing &
  Exporting &
  Reviewing

/**
 * Makes a recipient's client for one service.
 *
 * @example
 * ```ts
 * import { completable, createReader, openKeyFile, ready } from 'referral-intake-client'
 *
 * await ready
 * const reader = createReader({
 *   url: 'https://intake.example.org',
 *   trust: { origin: 'intake.example.org', rootKeys: [rootA, rootB], minimumVersion: 1 },
 *   recipient: openKeyFile(keyFileText, passphrase),
 *   token: () => currentToken(),
 * })
 * for (const claim of await reader.claim({ max: 1, leaseSeconds: 600 })) {
 *   const waiting = claim.referrals.filter(({ answered }) => !answered)
 *   const { referrals, step } = completable(await Promise.all(waiting.map(reader.open)))
 *   await reader.complete(
 *     claim,
 *     step ? { outcome: 'unopenable', step, referrals } : { outcome: 'accepted', referrals },
 *   )
 * }
 * ```
 *
 * @throws Error for a `url` or `trust` that cannot be used, Refusal `key-file-invalid` for a key
 *   file that is not a recipient's
 */
export function createReader(options: ReaderOptions): Reader {
  const { trust, recipient, memory = processMemory(), onClockSkew = warnReaderOfSkew } = options
  const key = receivingKey(recipient)
  const transport = createTransport(options)
  const keysets = createKeysets({ transport, trust, memory })
  const newestDirectory = createDirectories({ transport, trust, memory }, keysets)
  const stating = createStating(transport, recipient.signing)
  const keys = { receiving: key, signing: recipient.signing }
  const notes = createNotes(transport, keysets, keys)
  const granting = { transport, keysets, newestDirectory, ...keys }
  const claiming = createClaiming(transport, key.kid, notes)
  /** What was asked for, by what was released itself: the service's own word for it would not do. */
  const chosen = new WeakMap<Released, readonly CompartmentName[]>()
  const tellOfSkew = tellingOnce(transport.clockAheadMs, onClockSkew)

  async function open(released: Released): Promise<Opened | Unopenable> {
    const result = await openUnstated(released)
    if (result.opened) void stating.stateUrgency(result)
    return result
  }

  async function openUnstated(released: Released): Promise<Opened | Unopenable> {
    const first = await openOnce(released)
    tellOfSkew()
    // A keyset or a partner may be newer than what this client fetched minutes ago.
    const step = failedStep(first)
    const outdated = !first.opened && (step === 'keyset' || step === 'signer')
    return outdated && keysets.refresh() ? openOnce(released) : first
  }

  async function openOnce(released: Released): Promise<Opened | Unopenable> {
    const { directory } = await newestDirectory()
    const chain = await keysets.backTo(released.header?.keyset?.version)
    const receivedAt = new Date(released.receivedAt)
    const { referralId } = released
    const context = { keysets: chain, directory, receivedAt, now: new Date() }
    const asked = { chosen: chosen.get(released) }
    return openReferral(released, { referralId, reader: key, ...context, ...asked })
  }

  async function claim(request: ClaimOptions, attempt?: Attempt): Promise<Claim[]> {
    const claims = await claiming.claim(request, attempt)
    const { compartments } = request
    if (!compartments) return claims
    for (const released of claims.flatMap(({ referrals }) => referrals)) {
      chosen.set(released, compartments)
    }
    return claims
  }

  const fetchReferral = (name: string) => fetchFor(transport, key.kid, name)
  const deciding = createDeciding(transport, keysets, newestDirectory, key)
  const replying = createReplying(transport, keysets, newestDirectory, keys)
  const giving = createGiving(granting, fetchReferral)
  return {
    kid: key.kid,
    open,
    fetch: fetchReferral,
    keyset: () => keysets.newest().finally(tellOfSkew),
    ...claiming,
    claim,
    ...createConsuming({ ...claiming, claim, open }),
    ...createParking(transport, notes),
    ...createSetting(transport, notes),
    ...createWatching(transport),
    ...createChecking(transport, keysets, recipient.signing),
    ...stating,
    ...deciding,
    ...replying,
    ...createDocuments(transport, recipientPaths(key.kid)),
    ...giving,
    ...createSubject({
      ...{ transport, open: openUnstated, fetch: fetchReferral, readNotes: notes.read },
      ...{ ...deciding, ...replying, ...giving, kid: key.kid },
    }),
    ...createReviewing(transport, keysets, notes),
  }
}

/** A referral as it is released to one key. @see Reader */
async function fetchFor(transport: Transport, kid: string, name: string): Promise<Released> {
  const path = `/v1/referrals/${encodeURIComponent(wellTyped(name))}?recipient=${kid}`
  const answer = await transport.send({ method: 'GET', path, repeatable: true })
  const { referralId, reference } = readAnswer(ReleasedAnswer, answer, `GET ${path}`)
  if (name !== referralId && name !== reference) {
    throw new BadAnswer(`asked for ${name}, another referral was released`)
  }
  requireReferenceOf([referralId], reference)
  return answer as Released
}

/** Where a recipient fetches what it opens; it uploads as anybody does. */
function recipientPaths(kid: string): DocumentPaths {
  return {
    call: {},
    uploads: '/v1/documents',
    pathOf(referralId, documentId) {
      const [referral, document] = [referralId, documentId].map(encodeURIComponent)
      return `/v1/referrals/${referral}/documents/${document}?recipient=${kid}`
    },
  }
}

function receivingKey({ receiving }: KeyFile): KeyPair {
  if (receiving) return receiving
  throw new Refusal('key-file-invalid', "the key file is a signer's, not a recipient's")
}
