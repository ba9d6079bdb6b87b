/** What every referrer's client does, with an account or without: seal a draft, judge an acknowledgement. */
import { encodeBase64url } from '../protocol/bytes.ts'
import { canonicalBytes } from '../protocol/canonical.ts'
import type { Acknowledgement } from '../protocol/envelope/acknowledgement.ts'
import { type Envelope, envelopeHash, hashesOf, headerHash } from '../protocol/envelope/envelope.ts'
import { type SealInput, sealReferral } from '../protocol/envelope/seal.ts'
import type { AcceptedKeyset } from '../protocol/trust/keyset.ts'
import { newId } from '../protocol/uuid.ts'
import { checkDraft, composed, type Draft } from '../referral/draft.ts'
import type { Attachment } from '../referral/fields/documents.ts'
import type { Referral } from '../referral/fields.ts'
import type { Problem } from '../referral/problems.ts'
import { mostUrgent, proposeUrgency } from '../referral/urgency.ts'
import { type ClockSkew, momentsOf, tellingOnce, warnOfSkew } from './clock.ts'
import { BadAnswer, DraftRefused } from './failure.ts'
import { requireReferenceOf } from './naming.ts'
import { AcknowledgementAnswer, readAnswer } from './schemas.ts'
import type { Transport } from './transport.ts'
import type { createKeysets } from './trust.ts'

/** What whoever typed a draft should look at again: dates that cannot be, numbers of odd form. */
export type Warned = { readonly referralId: string; readonly warnings: readonly Problem[] }

/** Choices about one envelope that the draft does not hold. */
export type SealOptions = {
  /** A UUID of version 7; a new one if left out. The same id is never stored twice. */
  readonly referralId?: string
  /** The id of a referral of yours that this one amends. */
  readonly supersedes?: string
  /**
   * Files that were sealed for `referralId`, named in the compartment `documents` behind what the draft lists there. Upload them
   * once the envelope is acknowledged.
   */
  readonly documents?: readonly Attachment[]
}

/** Whom a sealer tells what stops nothing; the console is warned where one is left out. */
export type SealListeners = {
  /**
   * Told once, by `seal`, where the service's clock differs from this one by over 5 minutes. The
   * urgency is judged by both, and the graver stands.
   */
  readonly onClockSkew?: (skew: ClockSkew) => void
  /** Told of what in a draft is worth a second look. */
  readonly onWarnings?: (warned: Warned) => void
}

/** What a sealed referral carries of its sender. */
type Signed = Pick<SealInput, 'signer' | 'replyTo' | 'receipt' | 'matching'>

/** Asked once the draft is known to be sound, and by which keyset it will be sealed. */
type SignedBy = (referralId: string, referral: Referral, keyset: AcceptedKeyset) => Promise<Signed>

/** Seals drafts for one sender. */
export function createSealer(
  transport: Transport,
  keysets: ReturnType<typeof createKeysets>,
  { onClockSkew = warnOfSkew, onWarnings = warnOfDoubts }: SealListeners,
) {
  const tellOfSkew = tellingOnce(transport.clockAheadMs, onClockSkew)

  /** By which moments the rules are run: this clock's, and the service's where it differs. */
  function moments(now: Date): [Date, ...Date[]] {
    tellOfSkew()
    return momentsOf(now, transport.clockAheadMs())
  }

  /** @throws DraftRefused naming each field, Refusal for a keyset that may not be used */
  return async (draft: Draft, sealing: SealOptions, signedBy: SignedBy): Promise<Envelope> => {
    const alone = checkDraft(composed(draft))
    const { documents = [] } = sealing
    const checked =
      documents.length === 0 || alone.refusal !== undefined
        ? alone
        : checkDraft(composed(naming(alone.draft, documents)))
    if (checked.refusal !== undefined) throw new DraftRefused(checked.refusal, checked.problems)
    const { channel, region, respondBy, urgency } = checked.draft
    const keyset = await keysets.newest()
    const referralId = sealing.referralId ?? newId()
    const signed = await signedBy(referralId, checked.referral, keyset)
    const now = new Date()
    const proposed = moments(now).map((at) => proposeUrgency(checked.referral, at).urgency)
    const { warnings } = checked
    if (warnings.length > 0) onWarnings({ referralId, warnings })
    return sealReferral({
      referral: checked.referral,
      referralId,
      channel,
      region,
      urgency: mostUrgent(urgency ?? 'standard', ...proposed),
      ...(respondBy !== undefined && { respondBy }),
      ...(sealing.supersedes !== undefined && { supersedes: sealing.supersedes }),
      keyset,
      now,
      ...signed,
    })
  }
}

function naming(draft: Draft, documents: readonly Attachment[]): Draft {
  const list = [...(draft.referral.documents?.list ?? []), ...documents]
  return { ...draft, referral: { ...draft.referral, documents: { list } } }
}

function warnOfDoubts({ referralId, warnings }: Warned): void {
  for (const { pointer, detail } of warnings) {
    console.warn(`Referral ${referralId}, look again: ${pointer} ${detail}`)
  }
}

/**
 * The hash that the acknowledgement of `envelope` must name: computed here, from the bytes that are sent.
 */
export function ownHash(envelope: Envelope): string {
  const bound = headerHash(canonicalBytes(envelope.header))
  return encodeBase64url(envelopeHash(bound, hashesOf(envelope)))
}

/**
 * Takes `answer` for the acknowledgement of the envelope with that hash.
 *
 * @throws BadAnswer if it is of another envelope, Refusal `reference-mismatch`
 */
export function acknowledgementOf(
  { header }: Envelope,
  own: string,
  answer: unknown,
  place: string,
): Acknowledgement {
  const { referralId } = header
  const acknowledgement = readAnswer(AcknowledgementAnswer, answer, place)
  if (acknowledgement.referralId !== referralId || acknowledgement.envelopeHash !== own) {
    throw new BadAnswer(`the acknowledgement of ${referralId} is of another envelope`)
  }
  requireReferenceOf([referralId], acknowledgement.reference)
  return acknowledgement
}
