/**
 * The SDK's only door. It runs unchanged in Node and in a browser: it needs `fetch`, and a content
 * security policy that allows `'wasm-unsafe-eval'`.
 *
 * A referrer seals and submits with `createReferrer`; a recipient claims and opens with
 * `createReader`. Neither believes the server: every key comes from documents that are verified
 * against the root keys in `trust`.
 */

export type { ErrorCode } from '../errors.ts'
export { Refusal } from '../errors.ts'
export type { Acknowledgement } from '../protocol/acknowledgement.ts'
export type { Envelope } from '../protocol/envelope.ts'
export type { KeyFile } from '../protocol/keyfile.ts'
export { needsPassphrase, openKeyFile, sealKeyFile } from '../protocol/keyfile.ts'
export type { KeyPair, SecretKey } from '../protocol/keys.ts'
export { generateRecipientKey, generateSigningKey } from '../protocol/keys.ts'
export type { Trust } from '../protocol/keyset.ts'
export type { Opened, Unopenable } from '../protocol/open.ts'
export { failedStep } from '../protocol/open.ts'
export type { Released } from '../protocol/released.ts'
export type { OpeningStep } from '../protocol/step.ts'
export type { OpenedMessage, UnopenableMessage } from '../protocol/thread.ts'
export type { Withheld } from '../protocol/unwrap.ts'
export { newId } from '../protocol/uuid.ts'
export type { Draft } from '../referral/draft.ts'
export { checkDraft } from '../referral/draft.ts'
export type { Problem } from '../referral/problems.ts'
export type { Proposal } from '../referral/urgency.ts'
export { mostUrgent, proposeUrgency } from '../referral/urgency.ts'
export type { Case, Found, Judged, PossibleMatches, Reviews } from './caseanswers.ts'
export type { Reviewing, Sought } from './cases.ts'
export type { CheckedMatchKeys, Checking, UncheckedQuery } from './checking.ts'
export type { ClockSkew } from './clock.ts'
export { wordsOfSkew } from './clock.ts'
export type { Complaint, TestWorld } from './conform.ts'
export { conform } from './conform.ts'
export type { NewestKeyset } from './documents.ts'
export type { ProblemDocument } from './failure.ts'
export { BadAnswer, DraftRefused, KeysUnmade, NoAnswer, ServiceProblem } from './failure.ts'
export type { Memory } from './memory.ts'
export { processMemory } from './memory.ts'
export type { Note } from './notes.ts'
export type { ClaimOptions, Lease, Outcome, Reader, ReaderOptions } from './reader.ts'
export { createReader } from './reader.ts'
export type { Referrer, ReferrerOptions, SealOptions, Warned } from './referrer.ts'
export { createReferrer } from './referrer.ts'
export type { Claim, Completion, Renewal, Unchecked } from './schemas.ts'
export type { Unmatched } from './unmatched.ts'
