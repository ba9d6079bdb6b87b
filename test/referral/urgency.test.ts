import fc from 'fast-check'
import t from 'tap'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import type { DraftReferral } from '../../src/referral/draft.ts'
import { mostUrgent, proposeUrgency } from '../../src/referral/urgency.ts'
import { calm } from './calm.ts'

const now = new Date('2026-11-22T10:00:00Z')
const hour = 3_600_000
const day = 24 * hour

/** The moment so many milliseconds from now. */
const at = (milliseconds: number) => new Date(now.getTime() + milliseconds).toISOString()
const removal = (removalAt: string): DraftReferral => ({ legal: { removal: { removalAt } } })

// Each rule on both sides of its limit.
const table: [string, DraftReferral, Urgency][] = [
  ['nothing that presses', {}, 'standard'],

  ['removal in 72 hours', removal(at(72 * hour)), 'immediate'],
  ['removal in a millisecond more', removal(at(72 * hour + 1)), 'urgent'],
  ['removal in 7 days', removal(at(7 * day)), 'urgent'],
  ['removal in a millisecond over 7 days', removal(at(7 * day + 1)), 'standard'],
  ['removal a day ago, not known to have happened', removal(at(-day)), 'immediate'],
  [
    'removal more than a day ago, and an hour for the summer',
    removal(at(-day - 2 * hour)),
    'urgent',
  ],
  ['removal on this day', removal('2026-11-22'), 'immediate'],
  ['removal on a day that begins within 72 hours', removal('2026-11-25'), 'immediate'],
  ['removal on the day after that', removal('2026-11-26'), 'urgent'],
  [
    'a notice without a date',
    { legal: { removal: { noticeOfIntention: '2026-11-20' } } },
    'standard',
  ],

  ['fluids refused for 24 hours', { clinical: { fluidRefusalSince: at(-day) } }, 'standard'],
  ['fluids refused for longer', { clinical: { fluidRefusalSince: at(-day - 1) } }, 'immediate'],
  ['food refused for 48 hours', { clinical: { foodRefusalSince: at(-2 * day) } }, 'standard'],
  ['food refused for longer', { clinical: { foodRefusalSince: at(-2 * day - 1) } }, 'immediate'],

  ['pregnancy', { clinical: { pregnancy: 'yes' } }, 'urgent'],
  ['pregnancy in weeks', { clinical: { pregnancy: { weeks: 12 } } }, 'urgent'],
  [
    'pregnancy, detained for 72 hours',
    { clinical: { pregnancy: 'yes' }, detention: { detainedSince: at(-3 * day) } },
    'urgent',
  ],
  [
    'pregnancy, detained for longer',
    { clinical: { pregnancy: 'yes' }, detention: { detainedSince: at(-3 * day - 1) } },
    'immediate',
  ],
  [
    'pregnancy, the first dated stay begun longer ago',
    {
      clinical: { pregnancy: 'yes' },
      detention: {
        places: [
          { place: 'police', from: at(-4 * day), to: at(-2 * day) },
          { place: 'irc-derwentside', from: at(-2 * day) },
        ],
      },
    },
    'immediate',
  ],
  ['long detention alone', { detention: { detainedSince: '2020-01-01' } }, 'standard'],

  ['a suicide plan', { clinical: { suicidalThoughts: { currentPlan: 'yes' } } }, 'immediate'],
  ['no suicide plan', { clinical: { suicidalThoughts: { currentPlan: 'no' } } }, 'standard'],
  ['active self-harm', { clinical: { selfHarm: { active: 'yes' } } }, 'urgent'],
  ['past self-harm', { clinical: { selfHarm: { active: 'no' } } }, 'standard'],
  [
    'a hospital emergency',
    { clinical: { conditions: [{ condition: 'Sepsis', emergency: 'yes' }] } },
    'immediate',
  ],
  [
    'an illness that is none',
    { clinical: { conditions: [{ condition: 'Asthma', emergency: 'no' }] } },
    'standard',
  ],
  [
    'essential medication stopped',
    { clinical: { medicationStopped: [{ medication: 'Insulin', essential: 'yes' }] } },
    'urgent',
  ],
  [
    'other medication stopped',
    { clinical: { medicationStopped: [{ medication: 'Vitamins', essential: 'no' }] } },
    'standard',
  ],
  ['constant observation', { detention: { acdt: { open: 'yes', level: 'constant' } } }, 'urgent'],
  ['an open plan', { detention: { acdt: { open: 'yes', level: 'hourly' } } }, 'standard'],
  ['a closed plan', { detention: { acdt: { open: 'no', level: 'constant' } } }, 'standard'],
  ['rule 40', { detention: { segregation: 'rule_40' } }, 'urgent'],
  ['rule 42', { detention: { segregation: 'rule_42' } }, 'urgent'],
  ['no segregation', { detention: { segregation: 'none' } }, 'standard'],

  ['a hearing in 14 days', { legal: { hearings: [{ at: at(14 * day) }] } }, 'soon'],
  ['a hearing later', { legal: { hearings: [{ at: at(14 * day + 1) }] } }, 'standard'],
  ['a hearing that is over', { legal: { hearings: [{ at: at(-2 * day) }] } }, 'standard'],
  ['bail in 14 days', { legal: { bail: { stage: 'listed', hearingAt: at(14 * day) } } }, 'soon'],
  ['bail later', { legal: { bail: { stage: 'listed', hearingAt: at(14 * day + 1) } } }, 'standard'],
]

for (const [name, changes, urgency] of table) {
  t.equal(proposeUrgency(calm(changes), now).urgency, urgency, `${name} is ${urgency}`)
}

const rule35 = {
  not_requested: 'standard',
  requested: 'soon',
  appointment_booked: 'standard',
  refused_by_healthcare: 'soon',
  report_made: 'soon',
  response_received: 'standard',
} as const
for (const [status, urgency] of Object.entries(rule35)) {
  const referral = calm({
    legal: { rule35: [{ limb: 'r35_3', status: status as keyof typeof rule35 }] },
  })
  t.equal(proposeUrgency(referral, now).urgency, urgency, `rule 35 ${status} is ${urgency}`)
}

const safety = [
  ['legal', 'removal'],
  ['clinical', 'selfHarm'],
  ['clinical', 'suicidalThoughts'],
  ['clinical', 'pregnancy'],
  ['clinical', 'foodRefusalSince'],
  ['clinical', 'fluidRefusalSince'],
  ['clinical', 'torture'],
] as const

for (const [compartment, field] of safety) {
  t.test(`${field} left open is urgent until somebody asks`, (t) => {
    const urgencyOf = (answer: unknown) => {
      const referral = calm()
      Object.assign(referral[compartment], { [field]: answer })
      return proposeUrgency(referral, now).urgency
    }
    for (const open of [undefined, 'not_asked', 'perhaps', true, null, ['yes']]) {
      t.equal(urgencyOf(open), 'urgent', JSON.stringify(open))
    }
    for (const closed of ['no', 'unknown']) t.equal(urgencyOf(closed), 'standard', closed)
    t.end()
  })
}

t.test('a yes that does not say what the rules need is a question left open', (t) => {
  const open: DraftReferral[] = [
    { legal: { removal: 'yes' } },
    { clinical: { selfHarm: 'yes' } },
    { clinical: { selfHarm: { details: 'Scars' } } },
    { clinical: { suicidalThoughts: 'yes' } },
    { clinical: { suicidalThoughts: { currentPlan: 'not_asked' } } },
    { clinical: { foodRefusalSince: 'yes' } },
    { clinical: { fluidRefusalSince: 'yes' } },
  ]
  for (const changes of open) {
    t.equal(proposeUrgency(calm(changes), now).urgency, 'urgent', JSON.stringify(changes))
  }
  t.equal(proposeUrgency(calm({ clinical: { torture: 'yes' } }), now).urgency, 'standard')
  t.end()
})

t.test('a moment that cannot be read is a question left open', (t) => {
  for (const removalAt of ['tomorrow', '2026-02-30', '2026-12-31T23:59:60Z', 7]) {
    const referral = { ...calm(), legal: { removal: { removalAt } } }
    t.equal(proposeUrgency(referral, now).urgency, 'urgent', String(removalAt))
  }
  t.end()
})

t.test('a proposal says why, the gravest reason first, and who approved the rules', (t) => {
  const referral = calm({
    detention: { segregation: 'rule_40' },
    legal: { removal: { removalAt: at(hour) }, hearings: [{ at: at(hour) }] },
  })
  t.strictSame(proposeUrgency(referral, now), {
    urgency: 'immediate',
    reasons: [
      'Removal is within 72 hours.',
      'Removal is within 7 days.',
      'Segregated under rule 40 or 42.',
      'A hearing or bail is within 14 days.',
    ],
    ruleIds: ['removal-72h', 'removal-7d', 'segregated', 'hearing-14d'],
    rules: 1,
    approvedBy: 'unapproved',
  })
  t.strictSame(proposeUrgency(calm(), now).reasons, [], 'standard needs no reason')
  t.end()
})

t.test('whatever was opened, a proposal is made, and nothing read is urgent', (t) => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), fc.anything(), (detention, legal, clinical) => {
      const { urgency } = proposeUrgency({ detention, legal, clinical }, now)
      t.ok(['immediate', 'urgent'].includes(urgency))
    }),
  )
  t.equal(proposeUrgency({}, now).urgency, 'urgent')
  t.end()
})

const order: Urgency[] = ['standard', 'soon', 'urgent', 'immediate']
const rank = (referral: ReturnType<typeof calm>) =>
  order.indexOf(proposeUrgency(referral, now).urgency)

const moment = fc.integer({ min: -40 * day, max: 40 * day }).map((milliseconds) => at(milliseconds))
const answer = fc.constantFrom('yes' as const, 'no' as const, 'unknown' as const)

const hearings = fc.array(fc.record({ at: moment }), { maxLength: 3 })
const conditions = fc.array(fc.record({ condition: fc.constant('Pain'), emergency: answer }), {
  maxLength: 3,
})
const medicationStopped = fc.array(
  fc.record({ medication: fc.constant('Tablets'), essential: answer }),
  { maxLength: 3 },
)
const anyReferral = fc
  .record({
    hearings,
    conditions,
    medicationStopped,
    detainedSince: moment,
    removalAt: fc.option(moment, { nil: undefined }),
    foodRefusalSince: fc.oneof(moment, fc.constantFrom('no', 'unknown', 'not_asked')),
    pregnancy: answer,
    active: answer,
  })
  .map(({ hearings, conditions, medicationStopped, detainedSince, removalAt, active, ...rest }) =>
    calm({
      detention: { detainedSince },
      legal: { hearings, removal: removalAt === undefined ? 'no' : { removalAt } },
      clinical: { conditions, medicationStopped, selfHarm: { active }, ...rest },
    }),
  )

t.test('one more hearing, condition or stopped medicine never lowers the urgency', (t) => {
  fc.assert(
    fc.property(
      anyReferral,
      hearings,
      conditions,
      medicationStopped,
      (before, hearings, conditions, medicationStopped) => {
        const { legal, clinical } = before
        const after = calm({
          ...before,
          legal: { ...legal, hearings: [...(legal.hearings ?? []), ...hearings] },
          clinical: {
            ...clinical,
            conditions: [...(clinical.conditions ?? []), ...conditions],
            medicationStopped: [...(clinical.medicationStopped ?? []), ...medicationStopped],
          },
        })
        t.ok(rank(after) >= rank(before))
      },
    ),
  )
  t.end()
})

t.test('a question that was closed and is answered after all never lowers the urgency', (t) => {
  const reopened = fc.constantFrom<DraftReferral['clinical']>(
    { torture: 'not_asked' },
    { torture: 'yes' },
    { fluidRefusalSince: at(-hour) },
    { fluidRefusalSince: at(-day - hour) },
    { suicidalThoughts: { currentPlan: 'unknown' } },
    { suicidalThoughts: { currentPlan: 'yes' } },
  )
  fc.assert(
    fc.property(anyReferral, reopened, (before, clinical) => {
      const after = calm({ ...before, clinical: { ...before.clinical, ...clinical } })
      t.ok(rank(after) >= rank(before))
    }),
  )
  t.end()
})

t.test('answering an open question with no gives what the other answers give', (t) => {
  fc.assert(
    fc.property(anyReferral, fc.constantFrom(...safety), (answered, [compartment, field]) => {
      const no = structuredClone(answered)
      Object.assign(no[compartment], { [field]: 'no' })
      const open = structuredClone(no)
      Object.assign(open[compartment], { [field]: 'not_asked' })
      t.equal(rank(open), Math.max(rank(no), order.indexOf('urgent')))
    }),
  )
  t.end()
})

t.test('a removal that has just passed is a danger or an open question, and never neither', (t) => {
  for (let minutes = 20 * 60; minutes <= 60 * 60; minutes += 1) {
    const { urgency } = proposeUrgency(calm(removal(at(-minutes * 60_000))), now)
    const isGrave = urgency === 'immediate' || urgency === 'urgent'
    if (!isGrave) t.fail(`${minutes} minutes ago it is ${urgency}`)
  }
  t.equal(proposeUrgency(calm(removal(at(-day - hour))), now).urgency, 'immediate')
  t.equal(proposeUrgency(calm(removal(at(-day - 66 * 60_000))), now).urgency, 'urgent')
  t.end()
})

t.test('a person can raise what is proposed, and not lower it', (t) => {
  for (const [proposed, stated, sealed] of [
    ['standard', 'urgent', 'urgent'],
    ['immediate', 'standard', 'immediate'],
    ['soon', 'soon', 'soon'],
  ] as const) {
    t.equal(mostUrgent(proposed, stated), sealed)
  }
  t.equal(mostUrgent('soon'), 'soon')
  t.end()
})
