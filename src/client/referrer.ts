/** The referrer's side: seal a draft here, submit the envelope, hold the acknowledgement against it. */

import type { MessageAcknowledgement } from '../messages/schemas.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import type { Acknowledgement } from '../protocol/envelope/acknowledgement.ts'
import type { Envelope } from '../protocol/envelope/envelope.ts'
import type { KeyPair } from '../protocol/keys.ts'
import { replyToOfKey } from '../protocol/messages/receipt.ts'
import { ready } from '../protocol/sodium.ts'
import type { Trust } from '../protocol/trust/keyset.ts'
import type { Draft } from '../referral/draft.ts'
import {
  createDocuments,
  createUploadLimits,
  type DocumentPaths,
  type Documents,
  type UploadLimits,
} from './documents.ts'
import { isOutdated } from './failure.ts'
import { type Memory, processMemory } from './memory.ts'
import {
  type Correspondent,
  createCorrespondence,
  type Fetching,
  type Message,
  type Thread,
} from './messages.ts'
import { requireReferenceOf, wellTyped } from './naming.ts'
import { createOpenings, type FirstOpening } from './openings.ts'
import { knownAgain } from './ownreferral.ts'
import {
  type OwnReferral,
  OwnReferralAnswer,
  type OwnReferrals,
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
import { createTransport, type TransportOptions } from './transport.ts'
import { createKeysets, type NewestKeyset } from './trust.ts'
import { createMatcher, type Unmatched, warnOfUnmatched } from './unmatched.ts'
import { createWithdrawing } from './withdrawals.ts'

/** What a referrer brings. */
export type ReferrerOptions = TransportOptions &
  SealListeners & {
    /** The origin and the root keys to believe, from the administrator's own hand. */
    readonly trust: Trust
    /** The organisation's signing key: `openKeyFile(…).signing`. */
    readonly signer: KeyPair
    /** What answers are sealed to: `openKeyFile(…).receiving`. Without one, nobody can answer what is sent. */
    readonly reply?: KeyPair
    /** Without one, a server that shows an older keyset after a restart goes unnoticed. */
    readonly memory?: Memory
    /**
     * Told of each referral that `seal` seals without match keys, which is no fault of the referral: the
     * holder of the matching key is away, slow or wrong, the budget is spent, or the client lacks the
     * scope `matching:evaluate`. Where it is left out, the console is warned.
     */
    readonly onUnmatched?: (unmatched: Unmatched) => void
  }

/** @see createReferrer */
export type Referrer = {
  /**
   * Checks a draft, and seals it to every recipient of the newest keyset. Nothing is submitted.
   *
   * The urgency is what the rules propose for the answers, or the draft's own if that is higher.
   * Where this clock and the service's differ, the graver of what the rules propose by each.
   *
   * Where the keyset lists an epoch of the matching key, blinded match keys of the person are
   * evaluated first, by which a second referral about them is found: about a second, and 5 more at
   * most where a holder does not answer. Without them the referral is sealed all the same, and
   * `onUnmatched` is told.
   *
   * @throws DraftRefused naming each field, Refusal for a keyset that may not be used
   */
  seal(draft: Draft, options?: SealOptions): Promise<Envelope>
  /**
   * Sends an envelope. Safe to repeat, at once or years later: the same envelope is stored once and
   * acknowledged again, so keep it until this has answered.
   *
   * @throws ServiceProblem, NoAnswer, BadAnswer if other bytes than these are acknowledged, or
   *   Refusal `reference-mismatch` if they are by a reference that is not of this referral
   */
  submit(envelope: Envelope): Promise<Acknowledgement>
  /**
   * Who opened a referral that your organisation sent, up to the end of yesterday in London: the first opening
   * under each label, the earliest first, each proved by the access log.
   *
   * @throws ServiceProblem `not-found` for one that it did not send, LogFault or EntryFault for a proof that
   *   does not hold, BadAnswer for what no proof says
   */
  openings(referralId: string): Promise<readonly FirstOpening[]>
  /**
   * What became of a referral of your organisation, by its id or reference.
   *
   * @throws ServiceProblem `not-found` for one that it did not send
   */
  state(referral: string): Promise<OwnReferral>
  /**
   * Which referrals of your organisation are new, or stand otherwise than before: each at least once, as it stands now. Keep
   * `next`, and give it as `changedSince`: at once where there are `limit` referrals, and else when something may have
   * changed. Without it, all there are.
   *
   * @param limit - 1 to 500, else 50
   * @throws ServiceProblem `cursor-outdated` where all is to be read again, without `changedSince`
   */
  states(query?: { readonly changedSince?: string; readonly limit?: number }): Promise<OwnReferrals>
  /**
   * The messages about a referral of your organisation, by its id or reference. What recipients wrote opens with `reply`, and
   * counts as opened from then on; of your own it is shown on which day they were opened, and not what they say, for they
   * are sealed to recipients only. `faults` names what is missing or was changed. Escape what a message says.
   *
   * @throws ServiceProblem `not-found` for one that it did not send, BadAnswer if another's is shown
   */
  messages(referral: string, fetching?: Fetching): Promise<Thread>
  /**
   * Writes to the recipients about a referral of your organisation: the answer to a question, or what has changed.
   *
   * @throws Refusal `referral-invalid` for an urgency below that of the referral; ServiceProblem, NoAnswer, BadAnswer
   */
  send(referral: string, message: Message): Promise<MessageAcknowledgement>
  /**
   * Withdraws a referral of your organisation, by its id or reference, while it has no answer: done at once. Nothing of it is
   * erased before `keptUntil`. Safe to repeat: the first time stands.
   *
   * @param reason - 1 to 20,000 characters, sealed to recipients
   * @returns how it stands now
   * @throws ServiceProblem `withdrawal-refused` for one that has its answer, `not-found` for one that you did not send
   */
  withdraw(referral: string, reason: string): Promise<OwnReferral>
  /** The newest keyset, verified; `warnings` holds sentences on its dates for a person to read. */
  keyset(): Promise<NewestKeyset>
} & Documents &
  UploadLimits

/** Where an organisation's documents are. */
const senderPaths: DocumentPaths = {
  call: {},
  uploads: '/v1/documents',
  pathOf: (_, documentId) => `/v1/documents/${encodeURIComponent(documentId)}`,
}

/**
 * Makes a referrer's client for one service.
 *
 * @example
 * ```ts
 * import { createReferrer, openKeyFile, ready } from 'referral-intake-client'
 *
 * await ready
 * const { signing, receiving } = openKeyFile(keyFileText, passphrase)
 * const referrer = createReferrer({
 *   url: 'https://intake.example.org',
 *   trust: { origin: 'intake.example.org', rootKeys: [rootA, rootB], minimumVersion: 1 },
 *   signer: signing,
 *   reply: receiving,
 *   token: () => currentToken(),
 *   onUnmatched: ({ detail }) => console.warn(`sealed without match keys: ${detail}`),
 * })
 * const envelope = await referrer.seal({
 *   channel: 'legal_representative',
 *   region: 'unknown',
 *   referral: { identity: { familyName: 'Okonkwo' } },
 * })
 * const { reference } = await referrer.submit(envelope)
 * ```
 *
 * @throws Error for a `url` or `trust` that cannot be used
 */
export function createReferrer(options: ReferrerOptions): Referrer {
  const { trust, signer, reply, memory = processMemory() } = options
  const { onUnmatched = warnOfUnmatched } = options
  const transport = createTransport(options)
  const keysets = createKeysets({ transport, trust, memory })
  const matchingOf = createMatcher(transport, keysets, onUnmatched)
  const sealFor = createSealer(transport, keysets, options)
  const readOpenings = createOpenings(transport, keysets)

  function seal(draft: Draft, sealing: SealOptions = {}): Promise<Envelope> {
    return sealFor(draft, sealing, async (referralId, referral, { keyset }) => {
      const matching = await matchingOf(referralId, referral, keyset)
      const replyTo = reply && replyToOfKey(reply)
      return { signer, ...(matching && { matching }), ...(replyTo && { replyTo }) }
    })
  }

  async function submit(envelope: Envelope): Promise<Acknowledgement> {
    const { referralId } = envelope.header
    const path = `/v1/referrals/${encodeURIComponent(referralId)}`
    await ready
    const own = ownHash(envelope)
    let answer: unknown
    try {
      answer = await transport.send({ method: 'PUT', path, body: envelope, repeatable: true })
    } catch (error) {
      // Sealed under a keyset that has passed: the next one is sealed under a fresh one.
      if (isOutdated(error)) keysets.refresh()
      throw error
    }
    return acknowledgementOf(envelope, own, answer, `PUT ${path}`)
  }

  const openings = (referralId: string) =>
    readOpenings(referralId, {
      path: `/v1/referrals/${encodeURIComponent(referralId)}/openings`,
    })

  async function state(referral: string): Promise<OwnReferral> {
    const path = `/v1/referrals/${encodeURIComponent(wellTyped(referral))}/state`
    const answer = await transport.send({ method: 'GET', path, repeatable: true })
    return readAnswer(OwnReferralAnswer, answer, `GET ${path}`)
  }

  async function states(query: Parameters<Referrer['states']>[0] = {}): Promise<OwnReferrals> {
    const asked = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) asked.set(name, String(value))
    const path = `/v1/referrals?${asked}`
    const answer = await transport.send({ method: 'GET', path, repeatable: true })
    return readAnswer(OwnReferralsAnswer, answer, `GET ${path}`)
  }

  const correspondence = createCorrespondence(transport, keysets)
  const own = correspondentOf(options, keysets)
  const messages = (referral: string, fetching?: Fetching) =>
    correspondence.read(own(referral), wellTyped(referral), fetching)
  const send = (referral: string, message: Message) =>
    correspondence.send(own(referral), wellTyped(referral), message)

  const withdraw = createWithdrawing(transport, keysets, (referral, reason) =>
    correspondence.sealWithdrawal(own(referral), wellTyped(referral), reason),
  )

  const documents = {
    ...createDocuments(transport, senderPaths),
    ...createUploadLimits(transport, senderPaths.uploads),
  }
  const asked = { openings, state, states, messages, keyset: keysets.newest }
  return { seal, submit, send, withdraw, ...asked, ...documents }
}

/** An organisation as one side of its referrals. It sees no directory, and knows its own key. */
function correspondentOf(
  { trust, signer, reply }: ReferrerOptions,
  keysets: ReturnType<typeof createKeysets>,
): (referral: string) => Correspondent {
  const organisation = ''
  const from = '1970-01-01T00:00:00Z'
  return (referral) => ({
    ...{ side: 'referrer', signer, reader: reply, call: {}, keyset: keysets.newest },
    pathOf: (name, query) =>
      `/v1/referrals/${encodeURIComponent(name)}/messages?${new URLSearchParams(query)}`,
    answeredIn({ referralId, signed }) {
      if (/^[0-9]{8}$/.test(referral)) requireReferenceOf([referralId], referral)
      const replyTo = reply && replyToOfKey(reply)
      const known = knownAgain(
        signed,
        { origin: trust.origin, signing: signer, replyTo },
        referralId,
      )
      return { ...known, signedBy: { organisation, label: '' } }
    },
    async directory() {
      const key = { kid: signer.kid, publicKey: encodeBase64url(signer.publicKey), from }
      return { referrers: [{ organisation, label: '', signingKeys: [key] }] }
    },
  })
}
