/**
 * Opening a referral: docs/PROTOCOL.md, "Opening".
 *
 * A cryptographic failure withholds, and names the step at which it fell: what will not open goes to
 * a person. One that is of a single compartment withholds that one. A failure of form withholds nothing: an unknown code or field may only be newer than
 * this client, and stands beside a problem.
 */
import { readCompartment } from '../../referral/check.ts'
import type { CompartmentName } from '../../referral/compartment.ts'
import { consentPermits, consentToAssessment } from '../../referral/consent.ts'
import { Header } from '../../referral/header.ts'
import { incompleteFields } from '../../referral/incomplete.ts'
import { type Problem, problemsMax, schemaProblems } from '../../referral/problems.ts'
import { readsOf } from '../../referral/rules.ts'
import { type Proposal, proposeUrgency } from '../../referral/urgency.ts'
import { base64urlBytes, encodeBase64url } from '../bytes.ts'
import { sealedHash } from './compartment.ts'
import type { Released } from './released.ts'
import { type OpeningStep, StepFailure } from './step.ts'
import type { Withheld } from './unwrap.ts'
import {
  type OpenInput,
  openContent,
  type SignedBy,
  type Verified,
  verifyReleased,
} from './verify.ts'

/** A referral as far as this reader may read it. */
export type Opened = {
  opened: true
  referralId: string
  header: Header
  /** In base64url: what is signed, acknowledged and logged, and what a message or a note answers. */
  envelopeHash: string
  signedBy: SignedBy
  /** Only the reader's own. Their form is not promised: `problems` says what does not fit. */
  compartments: Partial<Record<CompartmentName, unknown>>
  /**
   * The reader's own that were released and do not open. Each is withheld by itself; `step` is what
   * the outcome `unopenable` names.
   */
  withheld: Withheld[]
  /** What does not fit the form that this client knows. Nothing is left out for it. */
  problems: Problem[]
  /** JSON pointers of what is still to be asked, in the compartments that were opened. */
  incomplete: string[]
  urgency: UrgencyComparison
  consent: ConsentReading
}

/**
 * This reader does not hold all that would be read; or, with `withheld`, it does and some of it does not
 * open: whoever wrote, stored or sent the referral may have wanted that, so a person must be told.
 */
export type NotCompared = { compared: false; withheld?: true }

/**
 * The urgency that the rules propose for the answers, beside that of the header: by the reader's clock, as
 * it is stated to the service. A removal comes nearer after receipt, and when that was is the server's word.
 */
export type UrgencyComparison =
  | NotCompared
  | { compared: true; differs: boolean; proposal: Proposal }

/** Consent as sealed, and whether it permits an assessment. */
export type ConsentReading =
  | NotCompared
  | { compared: true; assessment: 'given' | 'refused' | 'not_asked'; permits: boolean }

/** A referral that does not open, and where it fails. `detail` names parts, never what they hold. */
export type Unopenable = { opened: false; referralId: string; step: OpeningStep; detail: string }

/**
 * Checks and opens what the server released to `input.reader`.
 *
 * Never throws for anything that a server or a sealer wrote.
 */
export function openReferral(released: Released, input: OpenInput): Opened | Unopenable {
  try {
    return read(verifyReleased(released, input), input)
  } catch (failure) {
    if (!(failure instanceof StepFailure)) throw failure
    const { step, message } = failure
    return { opened: false, referralId: input.referralId, step, detail: message }
  }
}

function read(verified: Verified, { referralId, receivedAt, now }: OpenInput): Opened {
  const { header, signedBy } = verified
  const compartments: Opened['compartments'] = {}
  const withheld = [...verified.withheld]
  const problems: Problem[] = []
  for (const [name, sealed] of verified.sealed) {
    const key = verified.keys.get(name)
    const opened = key && openOne(name, sealed, key, verified)
    if (!opened) continue
    if ('step' in opened) {
      withheld.push(opened)
      continue
    }
    compartments[name] = opened.value
    problems.push(...opened.problems, ...readCompartment(name, opened.fields, receivedAt))
  }
  const [first] = withheld
  if (first && Object.keys(compartments).length === 0)
    throw new StepFailure(first.step, first.detail)
  return {
    opened: true,
    referralId,
    header,
    envelopeHash: encodeBase64url(verified.envelopeHash),
    signedBy,
    compartments,
    withheld,
    // Those of revoked keys first: whoever sealed may fill the list with others.
    problems: [
      ...verified.problems,
      ...schemaProblems(Header, header, '/header'),
      ...problems,
    ].slice(0, problemsMax),
    incomplete: incompleteFields(compartments, receivedAt),
    urgency: compareUrgency(compartments, withheld, header, now),
    consent: readConsent(compartments, withheld),
  }
}

/** One compartment; what is wrong with it says nothing of the others. */
function openOne(
  name: CompartmentName,
  text: string,
  key: Uint8Array,
  { sealedHashes, headerHash }: Verified,
) {
  try {
    const sealed = base64urlBytes(text)
    // The key may be right all the same: whoever sealed can seal anything else under it.
    if (!sealed || sealedHash(sealed) !== sealedHashes[name]) {
      throw new StepFailure('compartment', `${name} is not the one that was signed`)
    }
    return openContent(name, sealed, key, headerHash)
  } catch (failure) {
    if (!(failure instanceof StepFailure)) throw failure
    return { compartment: name, step: failure.step, detail: failure.message }
  }
}

/**
 * The step to report with the outcome `unopenable`, where a referral does not open or one of its
 * compartments is withheld.
 */
export function failedStep(result: Opened | Unopenable): OpeningStep | undefined {
  return result.opened ? result.withheld[0]?.step : result.step
}

/**
 * Of the referrals of an item that wait for an answer, those that one completion is to name: all that
 * open whole, or, where none does, all, with the `step` that the outcome `unopenable` names. For
 * that outcome takes the whole item out of the queue, and whoever gets one referral merged into another's case
 * must not take that one with it.
 */
export function completable(results: readonly (Opened | Unopenable)[]): {
  referrals: string[]
  step?: OpeningStep
} {
  const [step] = results.flatMap((result) => failedStep(result) ?? [])
  const whole = results.filter((result) => failedStep(result) === undefined)
  const listed = whole.length > 0 ? whole : results
  const referrals = listed.map(({ referralId }) => referralId)
  return { referrals, ...(whole.length === 0 && step && { step }) }
}

/** `undefined` where all of `names` were opened. */
function missing(
  names: readonly CompartmentName[],
  compartments: Opened['compartments'],
  withheld: readonly Withheld[],
): NotCompared | undefined {
  const absent = names.filter((name) => compartments[name] === undefined)
  if (absent.length === 0) return undefined
  const isOwn = absent.every((name) => withheld.some(({ compartment }) => compartment === name))
  return isOwn ? { compared: false, withheld: true } : { compared: false }
}

function compareUrgency(
  compartments: Opened['compartments'],
  withheld: readonly Withheld[],
  header: Header,
  now: Date,
): UrgencyComparison {
  const notCompared = missing(readsOf, compartments, withheld)
  if (notCompared) return notCompared
  const proposal = proposeUrgency(compartments, now)
  return { compared: true, differs: proposal.urgency !== header.urgency, proposal }
}

function readConsent(
  compartments: Opened['compartments'],
  withheld: readonly Withheld[],
): ConsentReading {
  const notCompared = missing(['consent'], compartments, withheld)
  if (notCompared) return notCompared
  const { consent } = compartments
  return {
    compared: true,
    assessment: consentToAssessment(consent),
    permits: consentPermits(consent),
  }
}
