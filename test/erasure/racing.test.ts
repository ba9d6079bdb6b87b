/**
 * Goal: nothing is left of what was erased, whatever was under way about it at that moment, and whoever was at that is told
 * so; what an erasure must wait for it finds, also if it comes while it is under way; and nobody waits in a circle.
 * Method: the services without HTTP. The erasure waits at a row that the test holds: at the work on the referral, which it
 * ends first; at a part of it, once it holds the referral; or at what amended it, once its parts are deleted. Whoever
 * acts meanwhile has found it standing.
 */

import type postgres from 'postgres'
import t from 'tap'
import type { KnownCaller } from '../../src/caller.ts'
import { goingTables } from '../../src/erasure/tables.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { envelopeHash, hashesOf, headerHash } from '../../src/protocol/envelope/envelope.ts'
import { signUrgency } from '../../src/protocol/envelope/urgency.ts'
import type { MessageEnvelope, MessageInput } from '../../src/protocol/messages/message.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { messageOn, replyKeys } from '../helpers/message.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { receiptKeysOfNobody, sealedByReceipt } from '../helpers/receipt.ts'
import { partnerOf, type Referred, stage } from '../helpers/stage.ts'
import { untilWaiting } from '../helpers/waiting.ts'
import { withdrawalOf } from '../helpers/withdrawal.ts'

const staged = await stage(t)
const { sql, world, callers, refer, check, pair, reading, erasure, intake, messages } = staged

/** Where an erasure waits. */
const places = {
  work: (tx: postgres.TransactionSql, id: string) =>
    tx`select from triage_item where referral_id = ${id} for update`,
  parts: (tx: postgres.TransactionSql, id: string) =>
    tx`select from referral_case where referral_id = ${id} for update`,
  end: (tx: postgres.TransactionSql, id: string) =>
    tx`select from referral where supersedes = ${id} for update`,
}
type During = { readonly at: keyof typeof places; readonly waits?: boolean }

/**
 * Erases `referred` while `act` is under way about it.
 *
 * @param waits - whether that waits as well
 * @returns what became of both
 */
async function during(
  { referralId }: Pick<Referred, 'referralId'>,
  act: () => Promise<unknown>,
  { at, waits = true }: During = { at: 'parts' },
): Promise<{ erased: unknown; acted: unknown }> {
  const outcome = (done: Promise<unknown>) => done.catch((failure: unknown) => failure)
  const under = await sql.begin(async (tx) => {
    const held = await places[at](tx, referralId)
    if (held.count === 0) throw new Error('there is nothing to wait at')
    const erased = outcome(erasure.erase(callers.casework, referralId))
    await untilWaiting(sql, 1)
    const acted = outcome(act())
    await (waits ? untilWaiting(sql, 2) : acted)
    return { erased: async () => erased, acted: async () => acted }
  })
  return { erased: await under.erased(), acted: await under.acted() }
}

async function leftOf(referralId: string): Promise<string[]> {
  const left: string[] = []
  for (const [table, columns] of Object.entries(goingTables)) {
    for (const column of columns) {
      const rows = await sql`select from ${sql(table)} where ${sql(column)} = ${referralId}`
      if (rows.length > 0) left.push(table)
    }
  }
  return left
}

const recipient = world.recipients.casework.receiving.kid
const asLawFirm: KnownCaller = {
  ...partnerOf(world.referring.lawFirm),
  scopes: new Set(['referrals:submit', 'messages:write']),
}
const byRecipient: Partial<MessageInput> = {
  ...{ from: 'recipient', content: { text: 'Which flight is it?' } },
  signer: world.recipients.casework.signing,
}

/** Written about, once by each side. */
async function written() {
  const keys = replyKeys()
  const referred = await refer(matchingOf(stranger()), { replyTo: keys.replyTo })
  const { referralId } = referred
  await pair()
  const [question, answer] = [messageOf(referred), messageOf(referred, byRecipient)]
  await messages.send(asLawFirm, referralId, question, {})
  const marked = { recipient, deliver: 'read_aloud', language: 'fra' } as const
  await messages.send(callers.casework, referralId, answer, marked)
  return { ...referred, answer, replyId: answer.header.messageId }
}
type Written = Awaited<ReturnType<typeof written>>

function messageOf(
  { envelope }: Referred,
  changes: Partial<MessageInput> = {},
  last?: MessageEnvelope,
) {
  const bound = headerHash(canonicalBytes(envelope.header))
  const hash = encodeBase64url(envelopeHash(bound, hashesOf(envelope)))
  return messageOn(world, { envelope, acknowledgement: { envelopeHash: hash } }, last, changes)
}

const stateUrgency = async ({ referralId, envelope }: Referred) => {
  const statement = { rules: 1, urgency: 'soon' as const, at: new Date().toISOString() }
  const bound = headerHash(canonicalBytes(envelope.header))
  const signature = signUrgency(bound, statement, world.recipients.casework.signing)
  return reading.stateUrgency(callers.casework, referralId, { ...statement, signature })
}
const settleAll = async () => {
  for (let more = true; more; ) more = await staged.settling.run()
  return 'settled'
}

type Racing = {
  readonly before?: (referred: Written) => Promise<unknown>
  readonly act: (referred: Written) => Promise<unknown>
  readonly at: keyof typeof places
  /** What whoever acts is told: that it was erased, if nothing else is said. */
  readonly told?: unknown
}
const delivery = { recipient, way: 'read_aloud', language: 'fra' } as const

const acts: Readonly<Record<string, Racing>> = {
  'a recipient corrects its match keys': {
    act: (referred) => check(referred, matchingOf(stranger())),
    at: 'parts',
  },
  'a recipient corrects its match keys once more': {
    before: (referred) => check(referred, matchingOf(stranger())),
    act: (referred) => check(referred, matchingOf(stranger())),
    at: 'parts',
  },
  'a recipient states its urgency': { act: stateUrgency, at: 'parts' },
  'a recipient states its urgency, and both are to wait for who works on it': {
    act: stateUrgency,
    at: 'work',
  },
  'the queue is told of a message, and both are to wait for who works on it': {
    act: settleAll,
    at: 'work',
    told: 'settled',
  },
  'a reply is read aloud': {
    act: ({ referralId, replyId }) =>
      messages.deliver(callers.casework, referralId, replyId, delivery),
    at: 'parts',
  },
  'its referrer reads the messages': {
    act: ({ referralId }) => messages.read(asLawFirm, referralId, {}),
    at: 'end',
  },
  'a recipient reads the messages': {
    act: ({ referralId }) => messages.read(callers.casework, referralId, { recipient }),
    at: 'end',
  },
  'a recipient writes': {
    act: (referred) => {
      const next = messageOf(referred, byRecipient, referred.answer)
      return messages.send(callers.casework, referred.referralId, next, { recipient })
    },
    at: 'parts',
  },
}

for (const [name, { before, act, at, told = { code: 'erased' } }] of Object.entries(acts)) {
  t.test(`nothing is left where it is erased while ${name}`, async (t) => {
    const referred = await written()
    // Erasing comes to it last.
    if (at === 'end') await refer(undefined, { supersedes: referred.referralId })
    await before?.(referred)
    await pair()
    const { erased, acted } = await during(referred, () => act(referred), { at })
    t.match(erased, { referralId: referred.referralId })
    t.match(acted, told, 'and whoever acted is told')
    t.strictSame(await leftOf(referred.referralId), [])
    await requireBalanced(sql)
  })
}

t.test('nothing amends what is erased meanwhile', async (t) => {
  const referred = await refer()
  await pair()
  const amend = () => refer(undefined, { supersedes: referred.referralId })
  const { acted } = await during(referred, amend)
  t.match(acted, { code: 'erased' })
  const rows = await sql`select from referral where supersedes = ${referred.referralId}`
  t.equal(rows.length, 0)
})

/** Of somebody without an account. */
async function ofBearer() {
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys)
  const { referralId } = envelope.header
  const request = newId()
  await intake.submitWithoutAccount({ kind: 'anonymous', request }, referralId, envelope, undefined)
  await pair()
  const receipt = Buffer.from(keys.receipt, 'base64url')
  const ask = () =>
    intake.askToWithdraw({ kind: 'bearer', request, receipt }, referralId, undefined)
  return { referralId, ask }
}

t.test(
  'a bearer that asks to withdraw what is erased meanwhile is told so, and at any time after',
  async (t) => {
    const { referralId, ask } = await ofBearer()
    const { erased, acted } = await during({ referralId }, ask)
    t.match(erased, { referralId })
    t.match(acted, { code: 'withdrawal-refused' })
    await t.rejects(ask(), { code: 'withdrawal-refused' })
    t.strictSame(await leftOf(referralId), [])
  },
)

t.test(
  'nothing is erased of what is withdrawn, or asked to be, before the erasure has it',
  async (t) => {
    const asked = await ofBearer()
    const byBearer = await during(asked, asked.ask, { at: 'work', waits: false })
    t.match(byBearer.acted, { referralId: asked.referralId, keptUntil: /Z$/ })
    t.match(byBearer.erased, { code: 'erasure-refused' })

    const referred = await refer()
    await pair()
    const { referralId, envelope } = referred
    const withdraw = () => intake.withdraw(asLawFirm, referralId, withdrawalOf(world, envelope))
    const byLawFirm = await during(referred, withdraw, { at: 'work', waits: false })
    t.match(byLawFirm.acted, { referralId, state: 'withdrawn', keptUntil: /Z$/ })
    t.match(byLawFirm.erased, { code: 'erasure-refused' })
    for (let more = true; more; ) more = await staged.withdrawing.run()
    await requireBalanced(sql)
  },
)

t.test('a legal hold that comes while it is erased comes too late, and is told so', async (t) => {
  const referred = await refer()
  await pair()
  const hold = () => erasure.placeHold(callers.casework, referred.referralId, 'inquiry')
  const { erased, acted } = await during(referred, hold, { at: 'work' })
  t.match(erased, { referralId: referred.referralId })
  t.match(acted, { code: 'erased' })
})

t.test('an organisation that withdraws what is erased meanwhile is told so', async (t) => {
  const referred = await refer()
  await pair()
  const { referralId, envelope } = referred
  const withdraw = () => intake.withdraw(asLawFirm, referralId, withdrawalOf(world, envelope))
  const late = await during(referred, withdraw)
  t.match(late, { erased: { referralId }, acted: { code: 'withdrawal-refused' } })
})
