/** The steps of opening, by which a failure is named: docs/PROTOCOL.md, "Opening". */

/** In the order in which they are taken. */
export const openingSteps = [
  /** What was released has not the parts that an opener needs. */
  'shape',
  /** Another protocol, or another kind of envelope. */
  'protocol',
  /** It is not the referral, or the message, that was asked for. */
  'id',
  /** The header names a keyset that is not in the chain of the accepted one. */
  'keyset',
  /** There is not a hash for each compartment and each wrap. */
  'parts',
  'signature-missing',
  /** `signature.kid` is not `header.signer`. */
  'signature-kid',
  /** The signer was not in the directory at the time of receipt, nor is it that of `replyTo`. */
  'signer',
  'signature',
  /** The wrap is another's, or no one who may grant gave it to this reader. */
  'grant',
  /** The wrap does not open, or does not hold a key for exactly what was released. */
  'wrap',
  /** A key is not the one that the header commits to. */
  'commitment',
  /** A compartment is not the one that was signed, or does not open under its key. */
  'compartment',
  'padding',
  'plaintext',
] as const

export type OpeningStep = (typeof openingSteps)[number]

/** Thrown inside opening, and answered by it as an `Unopenable`. */
export class StepFailure extends Error {
  readonly step: OpeningStep

  constructor(step: OpeningStep, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'StepFailure'
    this.step = step
  }
}
