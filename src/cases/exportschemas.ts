/** A case whole, for a copy to be handed to the person whom it is about. */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { urgencies } from '../referral/codes/clear.ts'
import { Cursor, Instant, Kid, Uuid } from '../referral/format.ts'
import { caseReferralsMax } from '../triage/lease.ts'
import { Case } from './schemas.ts'

/** Entries of the log on one page. */
export const exportEntriesMax = 500

/** Which page of the entries about the case; the rest stands on each. */
export const ExportQuery = Type.Object(
  { cursor: Type.Optional(Cursor) },
  { additionalProperties: false },
)

const Urgency = Type.Enum(Object.keys(urgencies))

/** An entry of the access log, without the person who called. */
const ExportedEntry = Type.Object({
  id: Uuid,
  at: Instant,
  action: Type.String(),
  outcome: Type.String(),
  reason: Type.Optional(Type.String()),
  object: Type.Object({ kind: Type.String(), id: Type.String() }),
  caller: Type.String({ description: 'What kind of caller it was.' }),
  recipient: Type.Optional(Kid),
  organisation: Type.Optional(Type.String({ description: 'What it was called then.' })),
  client: Type.Optional(Type.String({ description: 'What it was called then.' })),
  details: Type.Optional(Type.Object({}, { additionalProperties: true })),
  intact: Type.Boolean({ description: 'Whether what is shown is what the log committed to.' }),
})

/** What no other call hands out of a case, beside the case itself. What is sealed is fetched by its own calls. */
export const CaseExport = Type.Object({
  case: Case,
  referrals: Type.Array(
    Type.Object({
      referralId: Uuid,
      statements: Type.Array(
        Type.Object({ urgency: Urgency, rules: Type.Integer(), at: Instant, signer: Kid }),
        { description: 'What recipients stated of its urgency by the rules.' },
      ),
      settings: Type.Array(Type.Object({ urgency: Urgency, at: Instant, entryId: Uuid }), {
        description: 'What persons set, each with a note.',
      }),
      documents: Type.Array(
        Type.Object({ documentId: Uuid, bytes: Type.Integer(), isStored: Type.Boolean() }),
        { description: 'Whichever of its compartments or messages names them.' },
      ),
    }),
    { maxItems: caseReferralsMax },
  ),
  entries: Type.Array(ExportedEntry, {
    maxItems: exportEntriesMax,
    description: 'The newest first.',
  }),
  next: Type.Optional(
    Type.String({ description: 'The cursor of the next page; absent at the end.' }),
  ),
})
export type CaseExport = Static<typeof CaseExport>
