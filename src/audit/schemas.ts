import * as Type from 'typebox'
import { IdOrReference } from '../protocol/envelope/acknowledgement.ts'
import { PageLimit } from '../protocol/page.ts'
import { Cursor, Instant, Kid, Uuid } from '../referral/format.ts'
import { type Action, actions } from './entry.ts'

const Fact = Type.Union([Type.String(), Type.Number(), Type.Boolean()])
const Digest = Type.String({ maxLength: 43 })

/** A page is at most this long: an auditor reads on with the cursor. */
export const pageEntriesMax = 200

/**
 * A UUID, a key id, a document's version or a reference: a name is refused, not searched for and then
 * logged.
 */
const ObjectId = Type.String({
  pattern: '^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9_-]{22}|[0-9]{1,8})$',
  maxLength: 36,
  description:
    'An id, the version of a keyset or directory, or the reference of a referral: eight digits. Finds the ' +
    'entries about it, and those whose details name it in `acts`: of the service, and of people. Once its opening was emptied an entry is ' +
    'found by its object alone, and the reference of a submission no longer finds the referral.',
})

/** Since when, or until when: of a day all of it. */
const DayOrInstant = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,3})?Z)?$',
  maxLength: 24,
  description: 'An instant in UTC, or a day of London: `to` a day is to its end.',
})

export const EntriesQuery = Type.Object(
  {
    from: Type.Optional(DayOrInstant),
    to: Type.Optional(DayOrInstant),
    actor: Type.Optional(Uuid),
    organisation: Type.Optional(Uuid),
    object: Type.Optional(ObjectId),
    action: Type.Optional(Type.Enum(Object.keys(actions) as Action[])),
    outcome: Type.Optional(Type.Enum(['permitted', 'refused', 'failed'])),
    cursor: Type.Optional(Cursor),
    limit: Type.Optional(PageLimit(pageEntriesMax)),
  },
  { additionalProperties: false },
)

/** A page is at most this long: a key may open every referral there is. */
const pageExposedMax = 5000

export const ReferralParams = Type.Object(
  { referralId: IdOrReference },
  { additionalProperties: false },
)

export const ExposureQuery = Type.Object(
  {
    kid: Type.Optional(Kid),
    client: Type.Optional(Uuid),
    from: Type.Optional(DayOrInstant),
    to: Type.Optional(DayOrInstant),
    cursor: Type.Optional(Cursor),
    limit: Type.Optional(PageLimit(pageExposedMax)),
  },
  { additionalProperties: false },
)

/** A client and the recipient keys for which it may ask. They never change: another key is another client. */
const BoundClient = Type.Object({
  client: Uuid,
  organisation: Uuid,
  labels: Type.Object(
    { client: Type.String(), organisation: Type.String() },
    { description: 'What both are called today' },
  ),
  kids: Type.Array(Type.String()),
  scopes: Type.Array(Type.String()),
  addedAt: Type.Optional(
    Type.String({ description: 'When, as its entry says; absent if the log has none.' }),
  ),
  disabledAt: Type.Optional(
    Type.String({ description: 'Since when it, or its organisation, is shut out.' }),
  ),
})

/** For whom a referral is sealed, and who may ask for it. */
export const ReferralAccess = Type.Object({
  referralId: Uuid,
  reference: Type.String(),
  receivedAt: Instant,
  keysetVersion: Type.Integer({ description: 'The keyset that names its recipient keys' }),
  recipients: Type.Array(
    Type.Object({
      kid: Type.String(),
      holds: Type.Boolean({
        description: 'Whether its wrap is stored; that it was is what the referrer signed.',
      }),
      clients: Type.Array(BoundClient),
    }),
  ),
})

/** What a recipient key opens, or a client could ask for. */
export const Exposure = Type.Object({
  clients: Type.Array(BoundClient),
  referrals: Type.Array(
    Type.Object({ referralId: Uuid, reference: Type.String(), receivedAt: Instant }),
    { maxItems: pageExposedMax },
  ),
  next: Type.Optional(
    Type.String({ description: 'The cursor of the next page; absent at the end.' }),
  ),
})

export const ExportFormat = Type.Enum(['ndjson', 'csv'])

const { cursor: _cursor, limit: _limit, ...filters } = EntriesQuery.properties

export const ExportQuery = Type.Object(
  { ...filters, format: ExportFormat },
  { additionalProperties: false },
)

/** What the leaf says, and beside it what opens its commitments. */
const AuditEntry = Type.Object({
  id: Uuid,
  at: Instant,
  action: Type.String(),
  outcome: Type.Enum(['permitted', 'refused', 'failed']),
  reason: Type.Optional(Type.String()),
  object: Type.Optional(
    Type.Object({ kind: Type.String(), id: Type.String(), digest: Type.Optional(Digest) }),
  ),
  caller: Type.String(),
  recipient: Type.Optional(Type.String()),
  request: Type.String(),
  opening: Type.Object({
    actor: Type.Optional(
      Type.Object({
        client: Uuid,
        organisation: Uuid,
        labels: Type.Optional(
          Type.Object(
            { client: Type.String(), organisation: Type.String() },
            { description: 'What both were called when it was done' },
          ),
        ),
        person: Type.Optional(Type.String()),
      }),
    ),
    actorSalt: Type.Optional(Digest),
    details: Type.Optional(
      Type.Record(Type.String(), Type.Union([Fact, Type.Array(Type.Record(Type.String(), Fact))])),
    ),
    detailsSalt: Type.Optional(Digest),
  }),
  leaf: Type.String({ description: 'base64url of the bytes that the log hashes (RFC 8785 JSON)' }),
  intact: Type.Boolean({
    description: 'Whether the leaf is in canonical form and the opening matches its commitments.',
  }),
})

export const EntriesPage = Type.Object({
  entries: Type.Array(AuditEntry, { maxItems: pageEntriesMax }),
  next: Type.Optional(
    Type.String({ description: 'The cursor of the next page; absent at the end.' }),
  ),
})

const Log = Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'The number of the log' })

export const LogParams = Type.Object({ n: Log }, { additionalProperties: false })

/** What stands behind the level, in groups of three digits, and the width of one that is not full. */
const File = Type.String({
  maxLength: 64,
  description: 'Which tile, as C2SP tlog-tiles writes it: `067`, `x001/x234/067` or `067.p/8`',
})

export const BundleParams = Type.Object({ n: Log, '*': File }, { additionalProperties: false })

export const TileParams = Type.Object(
  { n: Log, level: Type.String({ maxLength: 2, description: 'From 0 up' }), '*': File },
  { additionalProperties: false },
)

export const EntryParams = Type.Object({ id: Uuid }, { additionalProperties: false })
