/**
 * Withdrawing. An organisation withdraws what it sent: from the commit on it is withdrawn, and what that does to the queue
 * the background work does (cases/withdrawing.ts), for a referrer neither reads nor writes the queue, and the time of its
 * answer is to tell nothing of it. The bearer of a receipt only asks, for a slip of paper may be in other hands.
 */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import { type KnownCaller, type SendingCaller, senderOf } from '../caller.ts'
import { flagWithdrawal } from '../cases/service.ts'
import type { Tx } from '../database/connect.ts'
import { ownSigner, requireNoteSealed } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import { checkMessageSigned } from '../protocol/messages/check.ts'
import type { MessageEnvelope } from '../protocol/messages/message.ts'
import { checkWithdrawal } from '../protocol/messages/withdrawal.ts'
import { newId } from '../protocol/uuid.ts'
import {
  addWithdrawal,
  keptUntilOf,
  ownState,
  receiptState,
  signedByOwn,
  withdrawOwn,
} from '../vault/service.ts'
import type { IntakeOptions, ReceiptOptions } from './options.ts'
import type { OwnReferral } from './schemas.ts'
import { requireReceipt } from './states.ts'

type Own = Static<typeof OwnReferral>

/**
 * Withdraws a referral of the caller's organisation. Repeated, it was withdrawn, whatever the reason says now.
 *
 * @returns how it stands
 * @throws Refusal `not-found` for any that another sent, `withdrawal-refused` for one that has its answer, and as
 *   `checkWithdrawal`, `checkMessageSigned` and `requireNoteSealed`
 */
export async function withdraw(
  tx: Tx<KnownCaller>,
  { appendRepetition, origin }: Pick<IntakeOptions, 'appendRepetition' | 'origin'>,
  name: string,
  message: MessageEnvelope,
): Promise<Own> {
  const [own, signed] = await Promise.all([ownState(tx, name), signedByOwn(tx, name)])
  const sender = senderOf(tx.caller)
  if (!own || !signed || sender.kind !== 'organisation') {
    throw new Refusal('not-found', 'your organisation sent no referral of that id')
  }
  const { referralId, envelopeHash } = signed
  const envelope = checkWithdrawal(message, { origin, referralId, envelopeHash })
  const act = {
    action: 'referral.withdrawn',
    object: { kind: 'referral', id: referralId },
  } as const
  if (own.state === 'withdrawn') {
    await appendRepetition(tx, { ...act, details: { repeated: true } })
    return own
  }
  const key = await ownSigner(tx, sender.id, message.header)
  checkMessageSigned(message, key ? [key] : [])
  await requireNoteSealed(tx, message.header)
  const entryId = newId()
  const keptUntil = keptUntilOf(tx.now)
  // Two at once: the second waits for the first, and then finds it withdrawn.
  if (!(await withdrawOwn(tx, referralId, sender.id))) {
    const now = await ownState(tx, name)
    if (now?.state === 'withdrawn') return withdraw(tx, { appendRepetition, origin }, name, message)
    throw new Refusal('withdrawal-refused', `the referral is ${now?.state}`)
  }
  await addWithdrawal(tx, { referralId, entryId, keptUntil, envelope })
  await append(tx, { ...act, details: { keptUntil: keptUntil.toISOString() } }, entryId)
  const withdrawn = await ownState(tx, name)
  if (!withdrawn) throw new Error('it was there before')
  return withdrawn
}

/**
 * Notes that the bearer of a receipt asks to withdraw a referral, for people to decide.
 *
 * @param block - the mark of where it was asked from (proof/service.ts); none of an exit that many share
 * @returns the referral, with the time at which it was first asked for
 * @throws Refusal `not-found` for what was not sent under that receipt, `withdrawal-refused` for what was erased
 */
export async function askToWithdraw(
  tx: Tx<SendingCaller>,
  options: ReceiptOptions,
  referralId: string,
  block: Uint8Array | undefined,
): Promise<Own> {
  await requireReceipt(tx, options)
  const named = await receiptState(tx, referralId)
  if (!named) throw new Refusal('not-found', 'no referral of that id was sent under this receipt')
  const act = { action: 'withdrawal.asked', object: { kind: 'referral', id: referralId } } as const
  if (named.withdrawalAskedAt !== undefined) {
    await options.appendRepetition(tx, { ...act, details: { repeated: true } })
    return named
  }
  if (named.state === 'erased') {
    throw new Refusal('withdrawal-refused', 'the referral was erased')
  }
  const entryId = newId()
  const keptUntil = keptUntilOf(tx.now)
  // Two at once: the second waits for the first, and is then told what that one was.
  if (!(await addWithdrawal(tx, { referralId, entryId, keptUntil, block }))) {
    return askToWithdraw(tx, options, referralId, block)
  }
  const details = { keptUntil: keptUntil.toISOString() }
  await Promise.all([flagWithdrawal(tx, referralId), append(tx, { ...act, details }, entryId)])
  return {
    ...named,
    withdrawalAskedAt: tx.now.toISOString(),
    keptUntil: keptUntil.toISOString(),
  }
}
