/**
 * What becomes of each table when a referral is erased. A test walks the schema: a table that names referrals, cases or
 * items and stands in neither list fails it. Pure.
 */

/** Their rows go, found by these columns. */
export const goingTables = {
  compartment: ['referral_id'],
  wrap: ['referral_id'],
  withdrawal: ['referral_id'],
  unopened: ['referral_id'],
  urgency_statement: ['referral_id'],
  urgency_setting: ['referral_id'],
  match_value: ['referral_id'],
  match_check: ['referral_id'],
  pairing: ['referral_id'],
  case_flag: ['referral_id'],
  message_delivery: ['referral_id'],
  message: ['referral_id'],
  judgement: ['left_id', 'right_id'],
  note: ['referral_id'],
  referral_case: ['referral_id'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** Their rows go by the feature that they belong to: items with what is kept of their leases, documents with their files. */
export const goingByOthers = ['triage_item', 'triage_attempt', 'unheld_item', 'document'] as const

/** Their rows stay, and why that says nothing of the person. */
export const stayingTables = {
  referral: 'the tombstone: id, reference, organisation and times, and the hash of the envelope',
  erasure: 'the tombstone: when, and by whose word',
  legal_hold: 'has none: what is held is not erased',
  audit_entry: 'the log is never changed: it holds ids and closed lists, and nothing of the person',
  audit_opening: 'as the entries that it opens; ids, counts and codes',
  triage_change: 'ids and types, forgotten after seven days',
  claim_key: 'ids, forgotten within an hour',
} as const satisfies Readonly<Record<string, string>>
