/**
 * Whether an envelope that some other client made is what a service takes and a reader can read:
 * sealed to published test recipients, it is checked as the service checks it, opened as each of them
 * opens it, and held against the draft it was made from. Nothing is sent.
 */
import { Refusal } from '../errors.ts'
import { decodeBase64url, encodeBase64url } from '../protocol/bytes.ts'
import { canonicalBytes } from '../protocol/canonical.ts'
import {
  checkEnvelope,
  checkRecipients,
  checkReplyKey,
  checkSignature,
  readEnvelope,
} from '../protocol/envelope/check.ts'
import { plainBytes, sealedBytesOf } from '../protocol/envelope/compartment.ts'
import { type Envelope, hashesOf } from '../protocol/envelope/envelope.ts'
import { type Opened, openReferral } from '../protocol/envelope/open.ts'
import type { Released } from '../protocol/envelope/released.ts'
import { type KeyPair, recipientKeyFrom } from '../protocol/keys.ts'
import { acceptDirectory, type Directory, signerOf } from '../protocol/trust/directory.ts'
import { payloadBytes, payloadValue } from '../protocol/trust/jws.ts'
import { type AcceptedKeyset, acceptKeyset, type Trust } from '../protocol/trust/keyset.ts'
import { checkDraft, composed } from '../referral/draft.ts'
import { mostUrgent } from '../referral/urgency.ts'

/** `openapi/conformance.json`: a keyset and a directory for tests, and the secret keys to them. */
export type TestWorld = {
  readonly trust: Trust
  /** Compact JWS. */
  readonly keyset: string
  readonly directory: string
  /** The 32-byte seeds, in base64url. */
  readonly signer: { readonly kid: string; readonly seed: string }
  readonly recipients: readonly { readonly label: string; readonly seed: string }[]
}

/** One thing that is wrong: the code of a refusal, a step of opening, or what was compared. */
export type Complaint = {
  readonly part: string
  readonly pointer?: string
  readonly detail: string
}

type Context = {
  readonly keyset: AcceptedKeyset
  readonly directory: Directory
  readonly readers: readonly { readonly label: string; readonly key: KeyPair }[]
  readonly receivedAt: Date
}

/**
 * All that a service or a reader would say against an envelope; nothing if it conforms.
 *
 * @param draft - what it was sealed from, as `checkDraft` takes it
 */
export function conform(value: unknown, world: TestWorld, draft?: unknown): Complaint[] {
  const misshapen = refusalOf(() => readEnvelope(value))
  if (misshapen.length > 0) return misshapen
  const envelope = value as Envelope
  const context = contextOf(world, new Date())
  const opened = context.readers.flatMap(({ label, key }) => {
    return opening(envelope, label, key, context)
  })
  const whole = opened.find(({ all }) => all)?.result
  const complaints = [
    ...refusals(envelope, context),
    ...opened.flatMap(({ complaints }) => complaints),
    ...(whole ? [...judgement(whole), ...lengths(envelope, whole)] : []),
    ...(whole && draft !== undefined ? comparison(whole, draft) : []),
  ]
  const unique = new Map(complaints.map((complaint) => [JSON.stringify(complaint), complaint]))
  return [...unique.values()]
}

function contextOf(world: TestWorld, now: Date): Context {
  // A clock that is behind the test documents says nothing about the envelope.
  const { issuedAt } = payloadValue(payloadBytes(world.keyset)) as { issuedAt: string }
  const receivedAt = new Date(Math.max(now.getTime(), Date.parse(issuedAt)))
  const keyset = acceptKeyset(world.keyset, world.trust, undefined, receivedAt)
  const accepted = acceptDirectory(world.directory, keyset.keyset, undefined, receivedAt)
  const readers = world.recipients.map(({ label, seed }) => {
    return { label, key: recipientKeyFrom(decodeBase64url(seed, 32)) }
  })
  return { keyset, directory: accepted.directory, readers, receivedAt }
}

function refusalOf(check: () => unknown): Complaint[] {
  try {
    check()
    return []
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal
    return [{ part: refusal.code, detail: refusal.message }]
  }
}

/** What the service would refuse it for: it would name the first, an author wants all. */
function refusals(envelope: Envelope, { keyset, directory, receivedAt }: Context): Complaint[] {
  const { header, matching } = envelope
  const expected = { referralId: header.referralId, origin: keyset.keyset.origin }
  const signer = signerOf(directory.referrers, header.signer, receivedAt)
  const named = { version: keyset.keyset.version, sha256: keyset.sha256 }
  const checks: (() => void)[] = [
    () => checkReplyKey(header),
    () => checkRecipients(header, keyset.keyset, new Set()),
    () => {
      if (encodeBase64url(canonicalBytes(header.keyset)) === encodeBase64url(canonicalBytes(named)))
        return
      throw new Refusal('unknown-keyset', 'header.keyset is not the test keyset')
    },
    () => {
      if (!signer) throw new Refusal('unknown-signer', 'header.signer is not the test signer')
      checkSignature(checkEnvelope(envelope, expected), signer.publicKey)
    },
    () => {
      if (!matching) return
      throw new Refusal(
        'unknown-matching-epoch',
        'the test keyset lists no epoch: send no matching',
      )
    },
  ]
  return checks.flatMap(refusalOf)
}

/** How one test recipient opens an envelope; `all` if it holds every compartment. */
type Opening = { all: boolean; result?: Opened; complaints: Complaint[] }

function opening(envelope: Envelope, label: string, key: KeyPair, context: Context): Opening[] {
  const { keyset, directory, receivedAt } = context
  const recipient = keyset.keyset.recipients.find(({ kid }) => kid === key.kid)
  const wrap = envelope.wraps.find(({ kid }) => kid === key.kid)
  // That one is missing is said as the service says it.
  if (!recipient || !wrap) return []
  const result = openReferral(releaseOf(envelope, wrap, recipient.compartments, receivedAt), {
    referralId: envelope.header.referralId,
    reader: key,
    directory,
    receivedAt,
    keysets: new Map([[keyset.sha256, keyset.keyset]]),
    now: receivedAt,
  })
  if (!result.opened) {
    const detail = `${label}: ${result.detail}`
    return [{ all: false, complaints: [{ part: result.step, detail }] }]
  }
  const complaints: Complaint[] = [
    ...result.withheld.map(({ step, detail }) => ({ part: step, detail: `${label}: ${detail}` })),
    ...result.problems.map((problem) => ({ part: 'problem', ...problem })),
  ]
  return [{ all: recipient.compartments.length === 10, result, complaints }]
}

function releaseOf(
  envelope: Envelope,
  wrap: Envelope['wraps'][number],
  held: readonly string[],
  receivedAt: Date,
): Released {
  const { header, signature } = envelope
  const { sealedHashes, ...hashes } = hashesOf(envelope)
  const given = Object.entries(envelope.compartments).filter(([name]) => held.includes(name))
  return {
    referralId: header.referralId,
    reference: '00000000',
    state: 'received',
    header,
    receivedAt: receivedAt.toISOString(),
    compartments: Object.fromEntries(given),
    sealedHashes: sealedHashes as Released['sealedHashes'],
    ...hashes,
    wrap,
    signature,
  }
}

/** Urgency and consent, as the rules read what was sealed. */
function judgement({ header, urgency, consent }: Opened): Complaint[] {
  const complaints: Complaint[] = []
  if (urgency.compared && mostUrgent(urgency.proposal.urgency, header.urgency) !== header.urgency) {
    const words = `the rules propose ${urgency.proposal.urgency}: ${urgency.proposal.reasons.join(' ')}`
    complaints.push({ part: 'urgency', pointer: '/header/urgency', detail: words })
  }
  if (consent.compared && !consent.permits) {
    const detail = 'an assessment is refused, and there is no safeguardingNote'
    complaints.push({ part: 'consent-refused', pointer: '/consent', detail })
  }
  return complaints
}

/** A reader takes longer padding; it only costs, and tells that the client pads otherwise. */
function lengths(envelope: Envelope, { compartments, header }: Opened): Complaint[] {
  const names = Object.keys(header.commitments) as (keyof Envelope['compartments'])[]
  return names.flatMap((name): Complaint[] => {
    if (compartments[name] === undefined) return []
    const needed = lengthOf(() => sealedBytesOf(name, plainBytes(name, compartments[name]).length))
    const found = decodeBase64url(envelope.compartments[name]).length
    if (needed === undefined || found <= needed) return []
    const detail = `is padded to ${found - 28} bytes, and ${needed - 28} would do`
    return [{ part: 'padding', pointer: `/compartments/${name}`, detail }]
  })
}

/** `undefined` for what has no canonical form: it is named as a problem. */
function lengthOf(measure: () => number): number | undefined {
  try {
    return measure()
  } catch {
    return undefined
  }
}

function comparison({ header, compartments, urgency }: Opened, value: unknown): Complaint[] {
  const checked = checkDraft(composed(value))
  if (checked.refusal !== undefined) {
    return checked.problems.map((problem) => ({ part: 'draft', ...problem }))
  }
  const { channel, region, respondBy, urgency: chosen } = checked.draft
  const proposed = urgency.compared ? urgency.proposal.urgency : header.urgency
  const highest = chosen ? mostUrgent(proposed, chosen) : proposed
  const expected = { channel, region, respondBy, urgency: highest }
  const { channel: by, region: at, respondBy: until, urgency: found } = header
  return [
    ...differences(
      expected,
      { channel: by, region: at, respondBy: until, urgency: found },
      '/header',
    ),
    ...differences(checked.referral, compartments, ''),
  ]
}

function differences(drafted: unknown, sealed: unknown, pointer: string): Complaint[] {
  if (isParts(drafted) && isParts(sealed) && Array.isArray(drafted) === Array.isArray(sealed)) {
    const names = new Set([...Object.keys(drafted), ...Object.keys(sealed)])
    return [...names].flatMap((name) => {
      return differences(drafted[name], sealed[name], `${pointer}/${name}`)
    })
  }
  if (drafted === sealed) return []
  const detail =
    sealed === undefined
      ? 'stands in the draft and was not sealed'
      : drafted === undefined
        ? 'was sealed and is not in the draft'
        : 'was sealed otherwise than it stands in the draft'
  return [{ part: 'draft', pointer, detail }]
}

function isParts(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
