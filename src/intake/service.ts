/**
 * The referrer's door: one sealed referral in, one acknowledgement out; and the recipient's door to
 * a single referral. What is refused is refused before anything is stored.
 */
import type { Audit } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Cases } from '../cases/service.ts'
import { conflictOf } from '../database/conflict.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { Directory } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import type { Matching } from '../matching/service.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import {
  type Acknowledgement,
  makeReference,
  referenceTriesMax,
} from '../protocol/envelope/acknowledgement.ts'
import { type CheckedEnvelope, checkEnvelope, checkReplyKey } from '../protocol/envelope/check.ts'
import type { Envelope } from '../protocol/envelope/envelope.ts'
import type { Released } from '../protocol/envelope/released.ts'
import { newId } from '../protocol/uuid.ts'
import { requireId } from '../vault/naming.ts'
import { type Referrals, releasedEntry, requireKid } from '../vault/service.ts'

export type Intake = ReturnType<typeof createIntake>

type Options = {
  database: Database
  audit: Audit
  directory: Directory
  referrals: Referrals
  matching: Matching
  cases: Cases
  origin: string
  /** Tells the background work that there is some. */
  wake: () => void
}

export function createIntake({ database, audit, origin, wake, ...services }: Options) {
  const { directory, referrals, matching, cases } = services

  /**
   * Stores a sealed referral, or refuses it whole. The same bytes again from the same organisation
   * get the first acknowledgement again, so that a client whose answer was lost simply repeats.
   */
  async function submit(
    caller: KnownCaller,
    referralId: string,
    envelope: Envelope,
  ): Promise<{ created: boolean; acknowledgement: Acknowledgement }> {
    const checked = checkEnvelope(envelope, { referralId, origin })
    checkReplyKey(checked.header)
    requireDay(checked.header.respondBy)
    for (let tries = 1; ; tries += 1) {
      try {
        const acknowledgement = await database.inTransaction(caller, (tx) =>
          store(tx, caller, checked, makeReference(referralId, tries)),
        )
        wake()
        return { created: true, acknowledgement }
      } catch (error) {
        const conflict = conflictOf(error)
        if (conflict === 'referral_pkey') {
          return { created: false, acknowledgement: await repeat(caller, checked) }
        }
        // Stored already, it stays acknowledged, whatever became of its keyset or key since.
        if (error instanceof Refusal && (await isStored(caller, checked))) {
          return { created: false, acknowledgement: await repeat(caller, checked) }
        }
        if (conflict === 'referral_supersedes') throw notSupersedable()
        if (conflict !== 'referral_reference_unique' || tries === referenceTriesMax) throw error
      }
    }
  }

  async function store(
    tx: Tx,
    caller: KnownCaller,
    checked: CheckedEnvelope,
    reference: string,
  ): Promise<Acknowledgement> {
    const { organisationId } = caller
    const { supersedes } = checked.header
    await directory.requireSealable(tx, organisationId, checked)
    if (supersedes && !(await referrals.isOwn(tx, organisationId, supersedes))) {
      throw notSupersedable()
    }
    const entryId = newId()
    const [acknowledgement] = await Promise.all([
      referrals.add(tx, { checked, organisationId, reference, entryId }),
      matching.add(tx, checked),
      cases.open(tx, checked.header),
      audit.append(tx, caller, submittedEntry(checked, { reference }), entryId),
    ])
    return acknowledgement
  }

  function isStored(caller: KnownCaller, checked: CheckedEnvelope): Promise<boolean> {
    return database.inTransaction(caller, (tx) =>
      referrals.isStored(tx, caller.organisationId, checked),
    )
  }

  /** A known id: the first acknowledgement for its owner's same bytes, `referral-id-taken` else. */
  function repeat(caller: KnownCaller, checked: CheckedEnvelope): Promise<Acknowledgement> {
    return database.inTransaction(caller, async (tx) => {
      const first = await referrals.acknowledgeAgain(tx, caller.organisationId, checked)
      await audit.appendRepetition(tx, caller, submittedEntry(checked, { repeated: true }))
      return first
    })
  }

  /** One referral for one of the caller's recipient keys, without a claim. */
  function open(caller: KnownCaller, name: string, recipient: string): Promise<Released> {
    requireKid(caller, recipient)
    return database.inTransaction(caller, async (tx) => {
      const referralId = await requireId(tx, name)
      const [released] = await referrals.release(tx, [referralId], recipient)
      if (!released) throw new Refusal('not-found', `no referral ${referralId} for that key`)
      await audit.append(tx, caller, releasedEntry(referralId, recipient))
      return released
    })
  }

  return { submit, open }
}

/** A day by its form may be none of the calendar, on which PostgreSQL would fail. */
function requireDay(day: string | undefined): void {
  if (day === undefined) return
  const date = new Date(`${day}T00:00:00Z`)
  const real = date.getUTCFullYear() > 0 && date.toISOString().startsWith(day)
  if (!real) throw new Refusal('malformed-request', 'header.respondBy is no day of the calendar')
}

function submittedEntry(
  { header, envelopeHash }: CheckedEnvelope,
  details: { reference: string } | { repeated: true },
) {
  const id = header.referralId
  const object = { kind: 'referral', id, digest: encodeBase64url(envelopeHash) } as const
  return { action: 'referral.submitted', object, details } as const
}

/** The same for a stranger's referral, an unknown one and one that was superseded already. */
function notSupersedable(): Refusal {
  return new Refusal('not-found', 'header.supersedes names no referral of yours that is current')
}
