/**
 * The SDK's only door. It runs unchanged in Node and in a browser: it needs `fetch`, and a content
 * security policy that allows `'wasm-unsafe-eval'`.
 *
 * A referrer seals and submits with `createReferrer`, one without an account with
 * `createPublicReferrer`; a recipient claims and opens with
 * `createReader`; whoever audits checks the access log with `verifyWholeLog`. None believes the server: every key comes from documents that are verified
 * against the root keys in `trust`.
 */

export type { ErrorCode } from '../errors.ts'
export { Refusal } from '../errors.ts'
export { sealedBytesOf } from '../protocol/documents/format.ts'
export { createDocumentSealer, newDocumentKey } from '../protocol/documents/seal.ts'
export type { Acknowledgement } from '../protocol/envelope/acknowledgement.ts'
export type { Envelope } from '../protocol/envelope/envelope.ts'
export type { Opened, Unopenable } from '../protocol/envelope/open.ts'
export { completable, failedStep } from '../protocol/envelope/open.ts'
export type { Released } from '../protocol/envelope/released.ts'
export type { OpeningStep } from '../protocol/envelope/step.ts'
export type { Withheld } from '../protocol/envelope/unwrap.ts'
export type { KeyFile } from '../protocol/keyfile.ts'
export { needsPassphrase } from '../protocol/keyfile.ts'
export type { KeyPair, SecretKey } from '../protocol/keys.ts'
export type { LogFaultCode } from '../protocol/log/fault.ts'
export { LogFault } from '../protocol/log/fault.ts'
export type { Read } from '../protocol/log/reader.ts'
export { originOfLog, parseLogOrigin } from '../protocol/logorigin.ts'
export type { NoteChain, ReadNote, RefusedNote, Writer } from '../protocol/messages/notechain.ts'
export type { ClientKey } from '../protocol/partner/clientkey.ts'
export type { Trust } from '../protocol/trust/keyset.ts'
export { newId } from '../protocol/uuid.ts'
export type { StatedUrgency } from '../reading/schemas.ts'
export type { Draft } from '../referral/draft.ts'
export { checkDraft } from '../referral/draft.ts'
export type { Attachment } from '../referral/fields/documents.ts'
export type { Problem } from '../referral/problems.ts'
export { jsonText, quoted, shown } from '../referral/shown.ts'
export type { Proposal } from '../referral/urgency.ts'
export { mostUrgent, proposeUrgency } from '../referral/urgency.ts'
export type { Reviewing, Sought } from './cases.ts'
export type { Case, Found, Judged, PossibleMatches, Reviews, Split } from './caseschemas.ts'
export type { CheckedMatchKeys, Checking, UncheckedQuery } from './checking.ts'
export type { Attempt, ClaimOptions, Ending, Lease, Outcome } from './claiming.ts'
export type { ClockSkew } from './clock.ts'
export { wordsOfSkew } from './clock.ts'
export type { Complaint, TestWorld } from './conform.ts'
export type { ConsumeOptions, Consumer } from './consume.ts'
export type { Documents, Progress, SealedSource } from './documents.ts'
export { attachmentOf, attachmentsIn } from './documents.ts'
export type { Erased, ErasedCase, Erasing, Hold, NotErased } from './erasing.ts'
export type { ExportedCase, ExportedEntry, ExportedReferral, Exporting, Gap } from './exporting.ts'
export type { ProblemDocument } from './failure.ts'
export { BadAnswer, DraftRefused, KeysUnmade, NoAnswer, ServiceProblem } from './failure.ts'
export type { Forwarded } from './forwarding.ts'
export { forwardChanges } from './forwarding.ts'
export type { Given, Granting, GrantTerms, ListedGrant } from './granting.ts'
export type { News } from './holding.ts'
export type { Restart, VerifiedLog, VerifyLogOptions } from './log.ts'
export type { LogEntry } from './logentry.ts'
export { EntryFault } from './logentry.ts'
export type { ProvenEntry } from './logstate.ts'
export { digestOfState, openEntryProof, readState } from './logstate.ts'
export type { LogTrust, LogWitnessing, SignedState } from './logtrust.ts'
export { openState, trustKeyset, trustPolicy } from './logtrust.ts'
export type { Memory } from './memory.ts'
export { processMemory } from './memory.ts'
export type { Message, Thread, ThreadMessage } from './messages.ts'
export type { Note } from './notes.ts'
export type { FirstOpening } from './openings.ts'
export type { AsideOptions, Parking, ParkOptions, SeenItem } from './parking.ts'
export type { Challenge, PublicReferrer, PublicReferrerOptions } from './publicreferrer.ts'
export { createPublicReferrer, newReceipt } from './publicreferrer.ts'
export type { Reader, ReaderOptions } from './reader.ts'
export { createReader } from './reader.ts'
export {
  conform,
  generateRecipientKey,
  generateSigningKey,
  openClientKey,
  openKeyFile,
  ready,
  sealKeyFile,
} from './ready.ts'
export type { Referrer, ReferrerOptions } from './referrer.ts'
export { createReferrer } from './referrer.ts'
export type { Delivery, Replying } from './replying.ts'
export type { Rotated, RotateOptions, Rotating } from './rotating.ts'
export type {
  AskedWithdrawal,
  AskedWithdrawals,
  Attempts,
  Claim,
  Completion,
  Ended,
  Endpoint,
  Items,
  OwnClaims,
  OwnReferral,
  OwnReferrals,
  Renewal,
  Summary,
  Unchecked,
} from './schemas.ts'
export type { SealListeners, SealOptions, Warned } from './sealing.ts'
export type { SignIn, SignInOptions } from './signin.ts'
export { createSignIn } from './signin.ts'
export type { Stating } from './stating.ts'
export type { NewestKeyset, Publication } from './trust.ts'
export { createKeysetReader } from './trust.ts'
export type { Unmatched } from './unmatched.ts'
export type { ChangesOptions, ChangesPage, ItemsQuery } from './watching.ts'
export type { ReplayFrom, Webhooks } from './webhooks.ts'
export { createWebhooks } from './webhooks.ts'
export { verifyGrowth, verifyWholeLog } from './wholelog.ts'
export type { Deciding, WithdrawalReason } from './withdrawals.ts'
export type { Handler, Work } from './working.ts'
