/**
 * The keyset: every key that a referrer seals to, signed by a root key that the server never held
 * (docs/PROTOCOL.md, "Keyset and directory"). The server passes it on and can neither add a key to
 * it nor take one out.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Refusal } from '../../errors.ts'
import { Bytes32, Instant, Kid, Origin, XWingPublicKey } from '../../referral/format.ts'
import { Compartments, recipientsMax } from '../../referral/header.ts'
import { decodeBase64url } from '../bytes.ts'
import type { SecretKey } from '../keys.ts'
import { kidOf } from '../kid.ts'
import { Label, recipientLabelMax } from '../label.ts'
import {
  type Accepted,
  chainProperties,
  checkChain,
  readDocument,
  readPrevious,
  type Seen,
} from './chain.ts'
import { signJws } from './jws.ts'
import { keysetFaults } from './rules.ts'

/** One app or team that opens referrals. */
export const Recipient = Type.Object(
  {
    kid: Kid,
    label: Label(recipientLabelMax),
    alg: Type.Enum(['X-Wing']),
    publicKey: XWingPublicKey,
    signingKey: Bytes32,
    compartments: Compartments,
    required: Type.Boolean({ description: 'Every envelope must be sealed to this key' }),
    recovery: Type.Boolean({ description: 'Kept on paper, used to re-wrap and for nothing else' }),
  },
  { additionalProperties: false },
)
export type Recipient = Static<typeof Recipient>

/**
 * The recipe of match keys that this code follows (`matchkeys.ts`). A change that changes any key of
 * any person is another recipe, and another epoch.
 */
export const matchKeysRecipe = 'match-keys/2'

/** Parameters of one epoch of match keys: docs/PROTOCOL.md, "Keyset and directory". */
export const MatchingEpoch = Type.Object(
  {
    epoch: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    suite: Type.Enum(['ristretto255-SHA512']),
    mode: Type.Enum(['VOPRF']),
    recipe: Type.Enum([matchKeysRecipe]),
    holders: Type.Array(Bytes32, { minItems: 1, maxItems: 2, uniqueItems: true }),
    publicKey: Bytes32,
    types: Type.Array(Type.String({ pattern: '^[A-Z][A-Za-z0-9_]{0,11}$', maxLength: 12 }), {
      minItems: 1,
      maxItems: 32,
      uniqueItems: true,
    }),
    argon2id: Type.Object(
      {
        passes: Type.Integer({ minimum: 1, maximum: 16 }),
        memoryKiB: Type.Integer({ minimum: 8, maximum: 1_048_576 }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)
export type MatchingEpoch = Static<typeof MatchingEpoch>

const logNameMax = 255

const Log = Type.Object(
  {
    origin: Label(logNameMax),
    publicKeys: Type.Array(Bytes32, { minItems: 1, maxItems: 2, uniqueItems: true }),
    witnesses: Type.Array(Label(logNameMax), { maxItems: 16 }),
    quorum: Type.Integer({ minimum: 0, maximum: 16 }),
  },
  { additionalProperties: false },
)

export const Keyset = Type.Object(
  {
    ...chainProperties,
    revokes: Type.Array(Type.Integer({ minimum: 1, maximum: 1_000_000 }), {
      maxItems: 100,
      uniqueItems: true,
    }),
    refreshBy: Instant,
    expiresAt: Instant,
    roots: Type.Array(Bytes32, { minItems: 2, maxItems: 8, uniqueItems: true }),
    protocols: Type.Array(Type.String({ pattern: '^[a-z-]+/[0-9]+$', maxLength: 32 }), {
      minItems: 1,
      maxItems: 4,
    }),
    directory: Type.Object({ kid: Kid, publicKey: Bytes32 }, { additionalProperties: false }),
    recipients: Type.Array(Recipient, { minItems: 2, maxItems: recipientsMax }),
    matching: Type.Array(MatchingEpoch, { maxItems: 2 }),
    log: Log,
  },
  { additionalProperties: false },
)
export type Keyset = Static<typeof Keyset>

/** The recipient that signs with the key `kid`. */
export function recipientThatSigns(
  { recipients }: Pick<Keyset, 'recipients'>,
  kid: string,
): Recipient | undefined {
  return recipients.find(({ signingKey }) => {
    return kidOf('Ed25519', decodeBase64url(signingKey, 32)) === kid
  })
}

/** The keys to which everything is sealed, sorted. */
export function requiredKids({ recipients }: Pick<Keyset, 'recipients'>): string[] {
  return recipients.flatMap(({ kid, required }) => (required ? [kid] : [])).sort()
}

/** What a client is configured with, and believes without asking anyone. */
export const Trust = Type.Object(
  {
    origin: Origin,
    rootKeys: Type.Array(Bytes32, { minItems: 1, maxItems: 8 }),
    minimumVersion: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    minimumDirectoryVersion: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description:
          'No older directory counts, also for a client that has seen none; 1 if left out',
      }),
    ),
  },
  { additionalProperties: false },
)
export type Trust = Static<typeof Trust>

/** A keyset that a client may seal with, and what a person should hear about it. */
export type AcceptedKeyset = {
  keyset: Keyset
  sha256: string
  /** Whole sentences on dates that draw near or have passed. */
  warnings: string[]
  /** Past its expiry: envelopes say so, and after 90 days none is sealed any more. */
  stale: boolean
}

/** Signs a keyset with a root key. The rules are checked by `keysetFaults`, before. */
export function signKeyset(keyset: Keyset, rootKey: SecretKey): string {
  return signJws('keyset+jws', keyset, rootKey)
}

/**
 * Accepts the keyset that a server shows, or refuses it. Dates warn and never refuse: a service
 * whose keyset was forgotten must still take a referral.
 *
 * @param seen - the newest accepted before, or `undefined` on the first start
 * @throws Refusal `trust-invalid`, or `trust-rolled-back` for an older or a second version
 */
export function acceptKeyset(
  jws: string,
  trust: Trust,
  seen: Seen | undefined,
  now: Date,
): AcceptedKeyset {
  const roots = trust.rootKeys.map((root) => {
    const publicKey = decodeBase64url(root, 32)
    return { kid: kidOf('Ed25519', publicKey), publicKey }
  })
  const accepted = readDocument(jws, 'keyset+jws', roots, Keyset)
  checkChain(accepted, trust.origin, trust.minimumVersion, seen, now)
  const { payload: keyset, sha256 } = accepted
  const [fault] = keysetFaults(keyset)
  if (fault !== undefined) throw new Refusal('trust-invalid', fault)
  return { keyset, sha256, ...ageOf(keyset, now) }
}

/**
 * Every keyset an opener may meet in a header: the newest, and those before it, each vouched for by
 * the hash in the one that follows. A keyset that a thief of a root signed is not among them.
 *
 * @param older - the older keysets, newest first, without a gap
 * @returns the keysets by the SHA-256 of their payload
 * @throws Refusal `trust-invalid` if one does not fit the chain
 */
export function keysetChain(
  newest: Pick<AcceptedKeyset, 'keyset' | 'sha256'>,
  older: readonly string[],
): ReadonlyMap<string, Keyset> {
  const chain = new Map([[newest.sha256, newest.keyset]])
  let newer = newest.keyset
  for (const jws of older) {
    const { payload, sha256 }: Accepted<Keyset> = readPrevious(jws, newer, Keyset)
    chain.set(sha256, payload)
    newer = payload
  }
  return chain
}

const dayMilliseconds = 24 * 3_600_000

/** Days before the expiry on which a person is told again. */
const alarmDays = [1, 3, 7, 14, 30, 60]

function ageOf(keyset: Keyset, now: Date): Pick<AcceptedKeyset, 'warnings' | 'stale'> {
  const name = `Keyset ${keyset.version}`
  const warnings: string[] = []
  if (Date.parse(keyset.refreshBy) <= now.getTime()) {
    warnings.push(`${name} should have been renewed by ${keyset.refreshBy}.`)
  }
  const daysLeft = (Date.parse(keyset.expiresAt) - now.getTime()) / dayMilliseconds
  const alarm = alarmDays.find((days) => daysLeft <= days)
  if (daysLeft <= 0) {
    warnings.push(`${name} expired at ${keyset.expiresAt}.`)
  } else if (alarm !== undefined) {
    warnings.push(`${name} expires within ${alarm} days, at ${keyset.expiresAt}.`)
  }
  return { warnings, stale: daysLeft <= 0 }
}
