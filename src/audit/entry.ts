/**
 * What an entry of the access log says. Pure: the closed lists of actions, and the leaf.
 *
 * The leaf is the RFC 8785 JSON of the entry, and those bytes are what the tree will hash. There is
 * no free text in it and no personal data of anybody who was referred; who acted stands in it only
 * as a salted commitment, so that an opening can be destroyed and the log still stands.
 */
import type { Caller, Labels } from '../caller.ts'
import type { ErrorCode } from '../errors.ts'
import { canonicalBytes } from '../protocol/canonical.ts'
import { auditCommitment } from '../protocol/commitment.ts'
import { randomBytes } from '../protocol/sodium.ts'

/** Every action that is recorded, with a line of prose for the auditor. */
export const actions = {
  'referral.submitted': 'A sealed referral was stored.',
  'referral.opened': 'A sealed referral was handed to the client of one recipient key.',
  'referral.answered': 'A referral got its answer: accepted, declined or redirected.',
  'referral.moved':
    'A referral was put on the waiting list, was returned for information, or was closed.',
  'referral.reopened': 'The answer to a referral was taken back: it is being looked at again.',
  'referral.erased':
    'A referral was erased: what was sealed, the keys to it, and all that was kept about it. The digest is that of its envelope.',
  'hold.placed': 'A referral was put under a legal hold: nothing erases it until that is lifted.',
  'hold.lifted': 'The legal hold of a referral was lifted.',
  'hold.listed': 'The referrals under a legal hold were listed.',
  'grant.given':
    'A recipient let one more key open compartments of a referral, for a while or without an end.',
  'grant.listed': 'The grants of a referral were listed.',
  'grant.revoked': 'A grant was taken back: its wrap was deleted.',
  'grant.ended': 'A grant had come to its end: its wrap was deleted.',
  'wrap.released':
    'The wrap of a referral was handed to the client of its key, without a compartment, to be passed on to another key.',
  'wrap.deleted':
    'A recipient key gave up its wrap of a referral, which had been passed on to another key.',
  'states.read': 'A referrer read what became of referrals of its own.',
  'receipt.read': 'The bearer of a receipt read what became of the referrals under it.',
  'openings.read': 'A referrer read who had opened a referral of its own, and since which day.',
  'referral.withdrawn': 'The organisation that sent a referral withdrew it.',
  'referral.taken-off':
    'The service took a referral off the queue that its organisation had withdrawn. What there was to do stands in the details.',
  'withdrawal.asked': 'The bearer of a receipt asked for the withdrawal of a referral.',
  'message.sent':
    'A sealed message about a referral was stored: by its referrer, or by a recipient.',
  'message.settled':
    'The queue was told of a message by a referrer: what it woke or raised stands in the details.',
  'message.delivered': 'A person said that a reply was read aloud, or handed over as a letter.',
  'messages.read':
    'The sealed messages about a referral were handed to its referrer, or to the client of a recipient key.',
  'withdrawal.listed': 'The withdrawals that bearers asked for and nobody decided on were listed.',
  'withdrawal.decided':
    'A person withdrew a referral as its bearer had asked, or declined that. Which of the two stands in the details.',
  'document.begun': 'The upload of a sealed document to a referral was begun.',
  'document.continued':
    'The upload of a sealed document was gone on with, or it was asked how far it had come.',
  'document.stored': 'A sealed document was stored whole.',
  'document.opened': 'A sealed document of a referral was handed out.',
  'document.removed': 'A sealed document whose upload was not finished in time was removed.',
  'match-keys.listed': 'The referrals whose match keys no recipient has checked were listed.',
  'match-keys.checked': 'A recipient made the match keys of a referral again, from what it opened.',
  'urgency.stated': 'A recipient stated the urgency that the rules give for what it opened.',
  'urgency.set': 'A person set the urgency of an item, up or down, with a sealed note.',
  'match-keys.retired': 'The match keys of an epoch that no keyset lists any more were deleted.',
  'matching.evaluated': 'Blinded match keys were evaluated: a number of elements, and no more.',
  'referral.paired':
    'The service looked for other referrals about the same person. What came of it stands in the details.',
  'case.merged': 'A person said that two cases are about one person: they were merged.',
  'case.split': 'A person took referrals out of a case.',
  'case.judged': 'A person judged two cases, or cleared the flags of one.',
  'note.written':
    'A recipient wrote a sealed note about a referral, beside a judgement or an act on its item.',
  'case.read':
    'A case was read: its referrals and why they are together, or the notes about one of them.',
  'case.exported':
    'What is kept about a case and its referrals was handed out, for a copy to the person whom they are about. What is sealed has entries of its own.',
  'case.searched': 'Cases were searched for, by match keys or by reference.',
  'triage.listed': 'Open items of the queue were listed, by their ids.',
  'triage.traced': 'It was read who held an item, and how each lease of its case ended.',
  'triage.watched': 'What became of items of the queue was read, by their ids.',
  'triage.counted': 'Open items of the queue were counted.',
  'triage.claimed': 'An item of the queue was leased to a client.',
  'triage.renewed': 'A lease was prolonged.',
  'triage.released': 'A lease was given back.',
  'triage.handed-over': 'A lease was handed to a colleague: another client that opens the item.',
  'triage.parked':
    'An item was parked, or a number of them was set aside together: until a time, or until they are woken.',
  'triage.woken': 'A person woke an item that was parked, or all that were set aside together.',
  'triage.completed': 'The work on an item ended, with an outcome.',
  'item.reopened':
    'The completion of an item was taken back: what it answered is on the queue again.',
  'item.escalated':
    'An item was escalated: a referral of it did not open, or its leases expired too often.',
  'duty.mailed':
    'A mail was sent, to be sent again if no server takes it: so many immediate items are held by nobody.',
  'webhook.created': 'An endpoint was made that is told what becomes of items, by their ids.',
  'webhook.changed':
    'Messages to an endpoint were begun, stopped or sent again, or its secret was replaced.',
  'webhook.removed': 'An endpoint was removed.',
  'webhook.listed': 'A client listed its endpoints.',
  'webhook.sent':
    'From this moment to the end of the day (UTC) an endpoint is told what becomes of items, whatever there is.',
  'webhook.disabled': 'The service no longer sends to an endpoint that refuses, or cannot.',
  'audit.searched': 'Entries of this log were read.',
  'audit.fetched':
    'Entries of this log were fetched in bundles: in this hour, as many as the caller asked for.',
  'audit.exported': 'Entries of this log were exported as one file.',
  'audit.proved': 'The proof of one entry of this log was read.',
  'audit.traced':
    'It was asked who could open a referral, or what a recipient key or a client could open.',
  'log.restarted':
    'A log that lost entries was closed on the host, and this one opened. The digest is that of its last checkpoint.',
  'keyset.published': 'A signed keyset was published.',
  'directory.read': 'The signed directory was read.',
  'directory.published': 'A signed directory was published.',
  'directory.drafted': 'The next directory was drafted on the host.',
  'keyset.drafted': 'The next keyset was drafted on the host.',
  'retention.shown':
    'What retention would erase was listed on the host: by the rules, or by one that was not set yet.',
  'retention.set':
    'A rule of retention was set on the host, after what it would erase had been listed: a state, and days in it.',
  'retention.ended': 'A rule of retention was taken away on the host.',
  'vault.verified':
    'The stored referrals were compared on the host with what this log says of them.',
  'client.listed': 'The clients were listed on the host.',
  'organisation.added': 'An organisation was added on the host.',
  'organisation.disabled': 'An organisation was disabled on the host.',
  'client.added': 'A client was added on the host.',
  'client.disabled': 'A client was disabled on the host.',
  'signing-key.added': 'A signing key was added to the next directory draft.',
  'signing-key.ended': 'A signing key was ended for the next directory draft.',
  'client-key.added': 'A key that a client signs in with was added on the host.',
  'client-key.ended': 'A key that a client signs in with was ended on the host.',
  'token.issued': 'An access token was issued on the host.',
  'request.received': 'A request to an open route, or to none.',
} as const

export type Action = keyof typeof actions
export type Outcome = 'permitted' | 'refused' | 'failed'
export type AuditObject = {
  readonly kind:
    | 'referral'
    | 'item'
    | 'aside'
    | 'case'
    | 'keyset'
    | 'directory'
    | 'organisation'
    | 'client'
    | 'key'
    | 'log'
    | 'entry'
    | 'endpoint'
  readonly id: string
  /** base64url, where the object has a public digest. */
  readonly digest?: string
}

export type Act = {
  readonly action: Action
  readonly outcome?: Outcome
  readonly reason?: ErrorCode | 'internal-error'
  readonly object?: AuditObject
  /** The recipient key acted for. */
  readonly recipient?: string
  /** Public to auditors only: counts, states, filters. Never what a person wrote. */
  readonly details?: Details
}

/** Facts by name; of several of a kind, such as all that one act did, a list. */
export type Details = Readonly<Record<string, Fact | Record<string, Fact>[]>>
export type Fact = string | number | boolean

/** What opens the commitments of one entry. */
export type Opening = {
  readonly actor?: {
    readonly client: string
    readonly organisation: string
    /** What both were called when it was done; not of an entry whose labels were emptied. */
    readonly labels?: Labels
    readonly person?: string
  }
  readonly actorSalt?: Uint8Array
  readonly details?: Act['details']
  readonly detailsSalt?: Uint8Array
}

/** An entry is at most so many bytes long, so that no page of a log of them is ever unbounded. */
export const leafBytesMax = 4096

/** An act as the log keeps it. */
export type Entry = {
  readonly id: string
  readonly act: Act
  readonly leaf: Uint8Array
  readonly opening: Opening
}

/** The entry of `act`: its leaf, and what opens its commitments. Both salts are fresh. */
export function writeEntry(caller: Caller, act: Act, id: string, at: Date): Entry {
  const opening = openingOf(caller, act)
  const leaf = canonicalBytes({
    v: 1,
    id,
    at: at.toISOString(),
    action: act.action,
    outcome: act.outcome ?? 'permitted',
    ...(act.reason && { reason: act.reason }),
    ...(act.object && { object: { ...act.object } }),
    caller: caller.kind,
    ...(act.recipient && { recipient: act.recipient }),
    ...commitmentsOf(opening),
    request: caller.request,
  })
  if (leaf.length > leafBytesMax) throw new Error(`an audit entry of ${leaf.length} bytes`)
  return { id, act, leaf, opening }
}

/** `{ actor?, details? }` as they stand in a leaf: recomputed by whoever checks an opening. */
export function commitmentsOf(opening: Opening): { actor?: string; details?: string } {
  const { actor, actorSalt, details, detailsSalt } = opening
  return {
    ...(actor && actorSalt && { actor: auditCommitment('actor', actorSalt, actor) }),
    ...(details && detailsSalt && { details: auditCommitment('details', detailsSalt, details) }),
  }
}

function openingOf(caller: Caller, act: Act): Opening {
  return {
    ...('clientId' in caller && {
      actor: {
        client: caller.clientId,
        organisation: caller.organisationId,
        labels: caller.labels,
        ...(caller.person && { person: caller.person }),
      },
      actorSalt: randomBytes(32),
    }),
    ...(act.details && { details: act.details, detailsSalt: randomBytes(32) }),
  }
}
