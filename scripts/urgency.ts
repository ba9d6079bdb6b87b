/**
 * Writes the urgency rules as data, and vectors of them: what a client in another language executes,
 * and how it knows that it does so rightly.
 *
 *     node scripts/urgency.ts
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { completeReferral, type DraftReferral } from '../src/referral/draft.ts'
import { incompleteFields } from '../src/referral/incomplete.ts'
import { proposeUrgency, urgencyData } from '../src/referral/urgency.ts'

const now = new Date('2026-11-22T10:00:00Z')

/** The moment so many hours from `now`. */
const at = (hours: number) => new Date(now.getTime() + hours * 3_600_000).toISOString()

/** The day so many days from that of `now`. */
const on = (days: number) => at(24 * days).slice(0, 10)

const legal: DraftReferral['legal'] = { removal: 'no' }
const clinical: DraftReferral['clinical'] = {
  ...{ torture: 'no', selfHarm: 'no', suicidalThoughts: 'no', pregnancy: 'no' },
  ...{ foodRefusalSince: 'no', fluidRefusalSince: 'no' },
}

/** Nothing presses but what is given. */
const calmBut = (changes: DraftReferral): DraftReferral => ({
  detention: changes.detention ?? {},
  legal: { ...legal, ...changes.legal },
  clinical: { ...clinical, ...changes.clinical },
})

const removal = (removalAt: string) => calmBut({ legal: { removal: { removalAt } } })
const food = (foodRefusalSince: string) =>
  calmBut({ clinical: { foodRefusalSince } } as DraftReferral)
const fluids = (fluidRefusalSince: string) =>
  calmBut({ clinical: { fluidRefusalSince } } as DraftReferral)
const hearing = (moment: string) => calmBut({ legal: { hearings: [{ at: moment }] } })
const pregnant = (detention: DraftReferral['detention']) =>
  calmBut({ clinical: { pregnancy: 'yes' }, detention: detention ?? {} })
const stay = (from: string) => ({ place: 'police' as const, from })

const drafts: readonly [name: string, referral: DraftReferral][] = [
  ['nothing that presses', calmBut({})],
  ['nothing asked', {}],
  ['removal in 72 hours', removal(at(72))],
  ['removal in 73 hours', removal(at(73))],
  ['removal in 7 days, as a day', removal(on(7))],
  ['removal in 8 days', removal(at(8 * 24))],
  ['removal 24 hours ago', removal(at(-24))],
  ['removal 25 hours ago: it can still be', removal(at(-25))],
  ['removal over a day ago cannot be', removal(at(-26))],
  ['removal on a day of last year cannot be', removal(on(-363))],
  ['removal in over half a year cannot be', removal(on(200))],
  ['a notice without a date', calmBut({ legal: { removal: { destination: 'XXX' } } })],
  ['removal, and no more', calmBut({ legal: { removal: 'yes' } })],
  ['food refused for a week', food(on(-7))],
  ['food refused for 48 hours', food(at(-48))],
  ['food refused for 49 hours', food(at(-49))],
  ['food refused since an hour from now: summer time', food(at(1))],
  ['food refused since two hours from now cannot be', food(at(2))],
  ['food refused since next year cannot be', food(on(358))],
  ['food refused since a year is named, and over 48 hours', food(on(-400))],
  ['food refused, since when is not known', food('unknown')],
  ['food refused, and no more', food('yes')],
  ['fluids refused since next month cannot be', fluids(on(36))],
  ['fluids refused for 25 hours', fluids(at(-25))],
  ['a plan of suicide', calmBut({ clinical: { suicidalThoughts: { currentPlan: 'yes' } } })],
  ['thoughts of suicide, plan not asked', calmBut({ clinical: { suicidalThoughts: 'yes' } })],
  ['self-harm that goes on', calmBut({ clinical: { selfHarm: { active: 'yes' } } })],
  ['pregnant', pregnant({})],
  ['pregnant, detained for 72 hours', pregnant({ detainedSince: at(-72) })],
  ['pregnant, detained for 73 hours', pregnant({ detainedSince: at(-73) })],
  ['pregnant, detained since a day that cannot be', pregnant({ detainedSince: on(309) })],
  ['pregnant, first stay 4 days ago', pregnant({ places: [stay(on(-1)), stay(on(-4))] })],
  [
    'pregnant, stated later than the first stay',
    pregnant({ detainedSince: on(-1), places: [stay(on(-4))] }),
  ],
  ['pregnant, a stay that begins next month', pregnant({ places: [stay(on(30))] })],
  [
    'pregnant, known since a day that cannot be',
    calmBut({ clinical: { pregnancy: { since: on(30) } } }),
  ],
  [
    'a condition that needs a hospital',
    calmBut({ clinical: { conditions: [{ condition: 'Sepsis', emergency: 'yes' }] } }),
  ],
  [
    'insulin stopped',
    calmBut({ clinical: { medicationStopped: [{ medication: 'Insulin', essential: 'yes' }] } }),
  ],
  [
    'constant observation',
    calmBut({ detention: { acdt: { open: 'yes', level: 'constant' } }, legal: {}, clinical: {} }),
  ],
  ['segregated', calmBut({ detention: { segregation: 'rule_42' } })],
  ['a hearing in 14 days', hearing(at(14 * 24))],
  ['a hearing in 15 days', hearing(at(15 * 24))],
  ['a hearing last year is ordinary', hearing(on(-359))],
  ['a hearing in four years is named', hearing(on(1500))],
  ['bail tomorrow', calmBut({ legal: { bail: { stage: 'listed', hearingAt: on(1) } } })],
  [
    'rule 35 refused',
    calmBut({ legal: { rule35: [{ limb: 'r35_3', status: 'refused_by_healthcare' }] } }),
  ],
  [
    'rule 35 unanswered',
    calmBut({ legal: { rule35: [{ limb: 'r35_3', status: 'report_made' }] } }),
  ],
  [
    'several at once, the gravest first',
    calmBut({
      detention: { segregation: 'rule_40' },
      legal: { removal: { removalAt: at(1) }, hearings: [{ at: at(1) }] },
    }),
  ],
]

const vectors = drafts.map(([name, referral]) => {
  const completed = completeReferral(referral)
  const { urgency, ruleIds, reasons } = proposeUrgency(completed, now)
  const incomplete = incompleteFields(
    Object.fromEntries(urgencyData.reads.map((part) => [part, completed[part]])),
    now,
  ).filter((pointer) => urgencyData.questions.some((question) => question.at === pointer))
  return { name, referral, urgency, ruleIds, reasons, openQuestions: incomplete }
})

if (import.meta.main) {
  write('urgency-rules.json', urgencyData)
  write('urgency-vectors.json', { rules: urgencyData.version, now: now.toISOString(), vectors })
}

function write(name: string, data: object): void {
  const file = fileURLToPath(new URL(`../openapi/${name}`, import.meta.url))
  writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`)
}
