/**
 * The referrer's door: one sealed referral in, one acknowledgement out. What is refused is refused before
 * anything is stored.
 */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import { type Caller, type SendingCaller, senderOf } from '../caller.ts'
import { openCase } from '../cases/service.ts'
import { conflictOf } from '../database/conflict.ts'
import type { Tx } from '../database/connect.ts'
import { recipientLabels, requireSealable } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import { addValues } from '../matching/service.ts'
import { base64urlBytes, encodeBase64url } from '../protocol/bytes.ts'
import {
  type Acknowledgement,
  makeReference,
  referenceTriesMax,
} from '../protocol/envelope/acknowledgement.ts'
import { type CheckedEnvelope, checkEnvelope, checkReplyKey } from '../protocol/envelope/check.ts'
import type { Envelope } from '../protocol/envelope/envelope.ts'
import { newId } from '../protocol/uuid.ts'
import {
  acknowledgeAgain,
  addReferral,
  addUnopened,
  amendsOwn,
  isStored,
  keysetOfOwn,
  requireOwnReceipt,
} from '../vault/service.ts'
import type { Ceiling } from './ceiling.ts'
import type { IntakeOptions, ReceiptOptions } from './options.ts'
import type { Openings } from './schemas.ts'
import { requireReceipt } from './states.ts'

export type { IntakeOptions, ReceiptOptions } from './options.ts'
export { listOwn, readOwn, readReceipt, requireReceipt } from './states.ts'
export { askToWithdraw, withdraw } from './withdrawing.ts'

/** How somebody without an account is let in: if there is room, for one from that block of addresses. */
type Admission = {
  readonly ceiling: Ceiling
  /** Its mark (proof/service.ts); none of an exit that many share. */
  readonly block: Uint8Array | undefined
}

/**
 * Stores a sealed referral, or refuses it whole. The same bytes again from the same hand
 * get the first acknowledgement again, so that a client whose answer was lost simply repeats.
 */
export async function submit(
  { database, appendRepetition, origin }: IntakeOptions,
  caller: SendingCaller,
  referralId: string,
  envelope: Envelope,
  admission?: Admission,
): Promise<{ created: boolean; acknowledgement: Acknowledgement }> {
  const checked = checkEnvelope(envelope, { referralId, origin })
  checkReplyKey(checked.header)
  requireDay(checked.header.respondBy)
  const transaction = <Result>(act: (tx: Tx<SendingCaller>) => Promise<Result>) =>
    database.inTransaction(caller, act)
  const repeated = async () => {
    const acknowledgement = await transaction((tx) => repeat(tx, appendRepetition, checked))
    return { created: false, acknowledgement }
  }
  for (let tries = 1; ; tries += 1) {
    try {
      const reference = makeReference(referralId, tries)
      await admission?.ceiling.requireRoom(caller.request, admission.block)
      const acknowledgement = await transaction((tx) => store(tx, checked, reference, admission))
      return { created: true, acknowledgement }
    } catch (error) {
      const conflict = conflictOf(error)
      if (conflict === 'referral_pkey') return repeated()
      // Stored already, it stays acknowledged, whatever became of its keyset or key since.
      if (error instanceof Refusal && (await transaction((tx) => isStored(tx, checked))))
        return repeated()
      if (conflict === 'referral_supersedes') throw notSupersedable()
      if (conflict !== 'referral_reference_unique' || tries === referenceTriesMax) throw error
    }
  }
}

/** The same from somebody without an account: whose it is says the receipt that the envelope names. */
export function submitWithoutAccount(
  options: IntakeOptions,
  { request }: Caller,
  referralId: string,
  envelope: Envelope,
  admission: Admission,
) {
  const receipt = envelope.receipt === undefined ? undefined : base64urlBytes(envelope.receipt)
  if (!receipt) {
    throw new Refusal('malformed-request', 'receipt is missing: without one nobody could return')
  }
  if (envelope.matching) {
    const detail = 'matching is here: its values are evaluated for organisations only'
    throw new Refusal('malformed-request', detail)
  }
  const caller = { kind: 'anonymous', request, receipt } as const
  return submit(options, caller, referralId, envelope, admission)
}

/** What the door that shows openings needs. */
type OpeningsOptions = ReceiptOptions & {
  /** The first opening under each label, with its proof (audit/proofs.ts). */
  readonly proveOpenings: (
    tx: Tx,
    referralId: string,
    labels: ReadonlyMap<string, string>,
  ) => Promise<Static<typeof Openings>['openings']>
}

/**
 * Who opened a referral of the caller's own up to the end of yesterday in London.
 *
 * @throws Refusal `not-found` for what the caller did not send, `not-sequenced`
 */
export async function readOpenings(
  tx: Tx<SendingCaller>,
  options: OpeningsOptions,
  referralId: string,
): Promise<Static<typeof Openings>> {
  // A receipt that nobody has is counted, at whichever door it is tried.
  if (tx.caller.kind === 'bearer') await requireReceipt(tx, options)
  const keysetVersion = await keysetOfOwn(tx, referralId)
  if (keysetVersion === undefined) {
    throw new Refusal('not-found', 'you sent no referral of that id')
  }
  const labels = await recipientLabels(tx, keysetVersion)
  const openings = await options.proveOpenings(tx, referralId, labels)
  const object = { kind: 'referral', id: referralId } as const
  const details = { openings: openings.length }
  await options.appendRepetition(tx, { action: 'openings.read', object, details })
  return { keysetVersion, openings }
}

async function store(
  tx: Tx<SendingCaller>,
  checked: CheckedEnvelope,
  reference: string,
  admission: Admission | undefined,
): Promise<Acknowledgement> {
  const sender = senderOf(tx.caller)
  await requireSealable(tx, sender, checked)
  await requireOwnReceipt(tx, checked)
  if (!(await amendsOwn(tx, checked))) throw notSupersedable()
  const entryId = newId()
  const [acknowledgement] = await Promise.all([
    addReferral(tx, { checked, sender, reference, entryId }),
    addValues(tx, checked),
    ...(admission ? [addUnopened(tx, checked.header.referralId, admission.block)] : []),
    openCase(tx, checked.header),
    append(tx, submittedEntry(checked, { reference }), entryId),
  ])
  return acknowledgement
}

/** A known id: the first acknowledgement for its owner's same bytes, `referral-id-taken` else. */
async function repeat(
  tx: Tx<SendingCaller>,
  appendRepetition: IntakeOptions['appendRepetition'],
  checked: CheckedEnvelope,
): Promise<Acknowledgement> {
  const first = await acknowledgeAgain(tx, checked)
  await appendRepetition(tx, submittedEntry(checked, { repeated: true }))
  return first
}

/** A day by its form may be none of the calendar, on which PostgreSQL would fail. */
function requireDay(day: string | undefined): void {
  if (day === undefined) return
  const date = new Date(`${day}T00:00:00Z`)
  const real = date.getUTCFullYear() > 0 && date.toISOString().startsWith(day)
  if (!real) throw new Refusal('malformed-request', 'header.respondBy is not a valid date')
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
  return new Refusal('not-found', 'header.supersedes does not name a current referral of yours')
}
