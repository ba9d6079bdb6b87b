/**
 * The referrer without an account: a person held, a friend, a visitor. What stands for an account is a
 * receipt on paper (docs/PROTOCOL.md, "Receipts"), and what stands for a token is a proof of work. Match keys
 * are made later, by whoever opens the referral: their evaluation needs an account.
 */
import { Refusal } from '../errors.ts'
import { encodeBase64url, utf8 } from '../protocol/bytes.ts'
import type { Acknowledgement } from '../protocol/envelope/acknowledgement.ts'
import type { Envelope } from '../protocol/envelope/envelope.ts'
import {
  type ReceiptKeys,
  newReceipt as randomReceipt,
  readReceipt,
  receiptKeys,
  replyToOf,
} from '../protocol/messages/receipt.ts'
import { ready, sha256 } from '../protocol/sodium.ts'
import type { Trust } from '../protocol/trust/keyset.ts'
import type { Draft } from '../referral/draft.ts'
import { BadAnswer, isOutdated, NoAnswer, ServiceProblem } from './failure.ts'
import { type Memory, processMemory } from './memory.ts'
import { createOpenings, type FirstOpening } from './openings.ts'
import { bearingOf, createReceiptMessages, type ReceiptMessages } from './receiptmessages.ts'
import {
  ChallengeAnswer,
  type OwnReferral,
  OwnReferralAnswer,
  OwnReferralsAnswer,
  readAnswer,
} from './schemas.ts'
import {
  acknowledgementOf,
  createSealer,
  ownHash,
  type SealListeners,
  type SealOptions,
} from './sealing.ts'
import { createTransport, type Transport, type TransportOptions } from './transport.ts'
import { createKeysets, type NewestKeyset } from './trust.ts'

/** What the service asks to be worked out, as ALTCHA writes it. */
export type Challenge = ChallengeAnswer['challenge']

/** What a referrer without an account brings. */
export type PublicReferrerOptions = Omit<TransportOptions, 'token'> &
  SealListeners & {
    /** The origin and the root keys to believe: built into the page, never asked of the service. */
    readonly trust: Trust
    /** Without one, a server that shows an older keyset after a restart goes unnoticed. */
    readonly memory?: Memory
    /**
     * Works a challenge out, in a Web Worker where there is one; by WebCrypto in this thread, if left out.
     * Resolves to ALTCHA's solution.
     */
    readonly solve?: (challenge: Challenge) => Promise<object>
  }

/** What is sealed has to stay on a disk until it is uploaded, and theirs may be one that others use: they send no files. */
type SealChoices = Omit<SealOptions, 'documents'>

/** @see createPublicReferrer */
export type PublicReferrer = {
  /**
   * Checks a draft, and seals it under the keys of a receipt to every recipient of the newest keyset.
   *
   * @param receipt - the 25 digits, as they were shown or typed. They are to be shown and written down
   *   before the envelope is submitted: nobody else has them
   * @throws DraftRefused naming each field, Refusal `receipt-mistyped`, or `keyset-expired` for a keyset past
   *   its date, which a page does not seal to
   */
  seal(draft: Draft, receipt: string, options?: SealChoices): Promise<Envelope>
  /**
   * Sends an envelope. Safe to repeat: the same envelope is stored once and acknowledged again, so keep it
   * until this has returned. Each attempt is worked for anew.
   *
   * @throws ServiceProblem, NoAnswer, BadAnswer if other bytes than these are acknowledged
   */
  submit(envelope: Envelope): Promise<Acknowledgement>
  /**
   * What became of the referrals made with a receipt, the newest first; empty where the service knows none.
   *
   * @throws Refusal `receipt-mistyped` before anything is sent
   */
  state(receipt: string): Promise<readonly OwnReferral[]>
  /**
   * Asks for a referral to be withdrawn. A person confirms it: until then nothing is changed or erased.
   * Safe to repeat. Returns the referral, with `withdrawalAskedAt`: when it was first asked for.
   */
  askToWithdraw(receipt: string, referralId: string): Promise<OwnReferral>
  /**
   * Who opened a referral that was sent under a receipt, up to the end of yesterday in London: the first
   * opening under each label, the earliest first, each proved by the access log.
   *
   * @throws ServiceProblem `not-found` for one that was not sent under it, LogFault or EntryFault for a proof
   *   that does not hold, BadAnswer for what no proof says
   */
  openings(receipt: string, referralId: string): Promise<readonly FirstOpening[]>
  /** The newest keyset, verified; `warnings` holds sentences on its dates for a person to read. */
  keyset(): Promise<NewestKeyset>
} & ReceiptMessages

/** Of fifty referrals each: nobody sent more under one receipt. */
const pagesMax = 1_000

/** A proof that is spent or too old is made again, and so is one whose answer was lost. */
const attemptsMax = 3

function isUnproved(error: unknown): boolean {
  return error instanceof ServiceProblem && error.problem.code === 'proof-required'
}

/**
 * Makes the client of a referrer without an account, for one service.
 *
 * @example
 * ```ts
 * import { createPublicReferrer, newReceipt } from 'referral-intake-client'
 *
 * const referrer = createPublicReferrer({
 *   url: 'https://intake.example.org',
 *   trust: { origin: 'intake.example.org', rootKeys: [rootA, rootB], minimumVersion: 1 },
 * })
 * const receipt = await newReceipt() // shown to the person, who writes it down
 * const envelope = await referrer.seal(
 *   { channel: 'detained_person_web', region: 'unknown', referral: { identity: { familyName: 'Okonkwo' } } },
 *   receipt,
 * )
 * await referrer.submit(envelope)
 * const [referral] = await referrer.state(receipt)
 * ```
 *
 * @throws Error for a `url` or `trust` that cannot be used
 */
export function createPublicReferrer(options: PublicReferrerOptions): PublicReferrer {
  const { trust, memory = processMemory(), solve = solveHere } = options
  const transport = createTransport({ ...options, token: () => '' })
  const keysets = createKeysets({ transport, trust, memory })
  const sealFor = createSealer(transport, keysets, options)
  const readOpenings = createOpenings(transport, keysets)

  async function seal(draft: Draft, receipt: string, sealing: SealChoices = {}): Promise<Envelope> {
    const keys = await keysOf(receipt)
    return sealFor(draft, sealing, async (_, __, { stale }) => {
      if (stale) throw new Refusal('keyset-expired', 'the newest keyset is past its date')
      return { signer: keys.signing, replyTo: replyToOf(keys), receipt: keys.receipt }
    })
  }

  async function submit(envelope: Envelope): Promise<Acknowledgement> {
    await ready
    const path = `/v1/public/referrals/${encodeURIComponent(envelope.header.referralId)}`
    const own = ownHash(envelope)
    const bodySha256 = encodeBase64url(sha256(utf8(JSON.stringify(envelope))))
    for (let attempt = 1; ; attempt += 1) {
      const headers = { 'proof-of-work': await proofFor(bodySha256) }
      try {
        const request = { method: 'PUT', path, body: envelope, open: true, headers } as const
        const answer = await transport.send({ ...request, repeatable: false })
        return acknowledgementOf(envelope, own, answer, `PUT ${path}`)
      } catch (error) {
        if (isOutdated(error) && !isUnproved(error)) keysets.refresh()
        const passes = isUnproved(error) || error instanceof NoAnswer
        if (!passes || attempt === attemptsMax) throw error
      }
    }
  }

  /** A proof of work, as its header carries it. */
  async function proofFor(bodySha256: string): Promise<string> {
    const path = '/v1/public/challenges'
    const body = { action: 'submit', bodySha256 }
    const request = { method: 'POST', path, body, open: true, repeatable: true } as const
    const answer = await transport.send(request)
    const { challenge } = readAnswer(ChallengeAnswer, answer, `POST ${path}`)
    const solution = await solve(challenge)
    return encodeBase64url(utf8(JSON.stringify({ challenge, solution })))
  }

  async function askToWithdraw(receipt: string, referralId: string): Promise<OwnReferral> {
    const headers = await bearing(receipt)
    const path = '/v1/receipt/withdrawal'
    const request = { method: 'POST', path, body: { referralId }, open: true, headers } as const
    const answer = await transport.send({ ...request, repeatable: true })
    return readAnswer(OwnReferralAnswer, answer, `POST ${path}`)
  }

  async function openings(receipt: string, referralId: string) {
    const path = `/v1/receipt/referrals/${encodeURIComponent(referralId)}/openings`
    return readOpenings(referralId, { path, open: true, headers: await bearing(receipt) })
  }

  async function bearing(receipt: string) {
    return bearingOf(await keysOf(receipt))
  }

  async function keysOf(receipt: string): Promise<ReceiptKeys> {
    await ready
    return receiptKeys(readReceipt(receipt), trust.origin)
  }

  const state = async (receipt: string) => statesUnder(transport, await bearing(receipt))
  const messages = createReceiptMessages(transport, keysets, { trust, keysOf })
  const standing = { state, askToWithdraw, openings, ...messages }
  return { seal, submit, ...standing, keyset: keysets.newest }
}

/** All pages of what was sent under a receipt, which `headers` shows. */
async function statesUnder(
  transport: Transport,
  headers: Readonly<Record<string, string>>,
): Promise<readonly OwnReferral[]> {
  const asked = { method: 'GET', open: true, headers, repeatable: true } as const
  const all: OwnReferral[] = []
  try {
    for (let pages = 0, query = ''; pages < pagesMax; pages += 1) {
      const answer = await transport.send({ ...asked, path: `/v1/receipt${query}` })
      const { referrals, next } = readAnswer(OwnReferralsAnswer, answer, 'GET /v1/receipt')
      all.push(...referrals)
      if (next === undefined) return all
      query = `?cursor=${encodeURIComponent(next)}`
    }
    throw new BadAnswer('the referrals under the receipt have no end')
  } catch (error) {
    // By the code: a proxy's page of that status does not know what the service knows.
    if (error instanceof ServiceProblem && error.problem.code === 'not-found') return []
    throw error
  }
}

/** A new receipt: 25 digits in five groups, of which the last digit checks the others. */
export async function newReceipt(): Promise<string> {
  await ready
  return randomReceipt()
}

/** Works a challenge out in this thread, with pauses for others. Loaded when it is first needed. */
async function solveHere(challenge: Challenge): Promise<object> {
  const [{ solveChallenge }, { deriveKey }] = await Promise.all([
    import('altcha-lib'),
    import('altcha-lib/algorithms/web/pbkdf2'),
  ])
  const solution = await solveChallenge({ challenge, deriveKey, timeout: solveMsMax })
  if (solution) return solution
  throw new Error(`the proof of work took longer than ${solveMsMax / 1000} s`)
}

/** Longer than any telephone needs; a challenge lives ten minutes. */
const solveMsMax = 300_000
