/** What becomes of an item, and how long it is told. Pure. */

/** A closed list; what each stands for is said in docs/LIFE-OF-A-REFERRAL.md, section 7. */
export const changeTypes = [
  ...['opened', 'claimed', 'released', 'lapsed', 'escalated', 'completed'],
  ...['merged', 'split', 'raised', 'lowered', 'changed', 'parked', 'woken', 'reopened'],
] as const
export type ChangeType = (typeof changeTypes)[number]

/**
 * How a lease ended: as its holder said, because it ran out (`lapsed`), or because the item was merged into another that
 * somebody held, or that was to go on (`merged`). What was reported not to open is `unopenable`, and what its referrer
 * took back while somebody held it is `withdrawn`.
 */
export const attemptEndings = [
  ...[
    'completed',
    'released',
    'parked',
    'handed_over',
    'unopenable',
    'lapsed',
    'merged',
    'withdrawn',
  ],
] as const
export type AttemptEnding = (typeof attemptEndings)[number]

/** The database's policy says the same (migrations/0001_access.sql). */
export const changesKeptDays = 7

/** In a page, of some 250 bytes each. */
export const changesPageMax = 500

/** A proxy in between gives up after 60 seconds, as most are set. */
export const waitSecondsMax = 30
