/** What watching the queue takes and gives. */
import * as Type from 'typebox'
import { PageLimit } from '../protocol/page.ts'
import { regions } from '../referral/codes/clear.ts'
import { Cursor, Instant, Uuid } from '../referral/format.ts'
import { Header } from '../referral/header.ts'
import { changesPageMax, changeTypes, waitSecondsMax } from './change.ts'

export const ChangesQuery = Type.Object(
  {
    since: Type.Optional({
      ...Cursor,
      description:
        '`next` of the page before. Without it there are no changes, and `next` is where they go on from now.',
    }),
    limit: Type.Optional(PageLimit(changesPageMax)),
    waitSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: waitSecondsMax,
        default: 0,
        description: 'Where there is nothing behind `since`, the answer waits for it so long.',
      }),
    ),
  },
  { additionalProperties: false },
)

/** What became of items, in the order in which it did in each case. */
export const ChangesPage = Type.Object({
  changes: Type.Array(
    Type.Object({
      id: Type.String({
        pattern: '^[0-9]{1,20}$',
        description: 'The same each time: what was sent twice is known by it.',
      }),
      type: Type.Enum([...changeTypes]),
      itemId: Uuid,
      caseId: Uuid,
      at: Instant,
    }),
    { maxItems: changesPageMax },
  ),
  next: Type.String({
    description: 'The cursor of the next page, also where there is nothing yet.',
  }),
})

/** Items, counted. */
export const Figures = Type.Object({
  waiting: Type.Integer(),
  leased: Type.Integer(),
  escalated: Type.Integer({ description: 'Those that need a person, claimed by one or not.' }),
  parked: Type.Integer({
    description: 'Those on which nobody works for a while, until a time or until they are woken.',
  }),
  overdue: Type.Integer({
    description: 'Those of the waiting that should have been claimed by now.',
  }),
  waitingSince: Type.Optional({
    ...Instant,
    description: 'When the first referral arrived of those that wait or are escalated.',
  }),
})

/** The queue at one moment, all of it and by the urgency of items. */
export const Summary = Type.Object({
  at: { ...Instant, description: 'Of when it is: some seconds ago, longer if the queue is long.' },
  ...Figures.properties,
  byUrgency: Type.Object({
    immediate: Figures,
    urgent: Figures,
    soon: Figures,
    standard: Figures,
  }),
  byRegion: Type.Array(Type.Object({ region: Header.properties.region, ...Figures.properties }), {
    maxItems: Object.keys(regions).length,
    description:
      'Each region in which there are any, by the referral that the item was opened for.',
  }),
})
