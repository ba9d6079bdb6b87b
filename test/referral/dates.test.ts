// Goal: a date that cannot be makes nobody look safer, and is named to who types it and who reads it.
// Method: the handed samples, as a day and as a moment; then every date of the schema, found in the
// schema itself, on both sides of its bounds.
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import t from 'tap'
import type { TSchema } from 'typebox'
import { readCompartment } from '../../src/referral/check.ts'
import type { CompartmentName } from '../../src/referral/compartment.ts'
import { dateBounds, dateProblems, momentOf, outside } from '../../src/referral/dates.ts'
import { checkDraft, type DraftReferral } from '../../src/referral/draft.ts'
import { Referral } from '../../src/referral/fields.ts'
import { incompleteFields } from '../../src/referral/incomplete.ts'
import { valuesAt } from '../../src/referral/reading.ts'
import { proposeUrgency } from '../../src/referral/urgency.ts'
import { calm } from './calm.ts'

const now = new Date('2026-11-22T10:00:00Z')
const hour = 3_600_000
const day = 24 * hour
const at = (milliseconds: number) => new Date(now.getTime() + milliseconds).toISOString()

const samples = parse(
  readFileSync(new URL('../vectors/faults/dates.csv', import.meta.url), 'utf8'),
  { columns: true, relax_column_count: true },
) as Record<'answer' | 'value' | 'least urgency' | 'said', string>[]

/** Where each sample stands, and the draft that gives it. */
const places: Record<string, [pointer: string, (value: string) => DraftReferral]> = {
  foodRefusalSince: [
    '/clinical/foodRefusalSince',
    (value) => ({ clinical: { foodRefusalSince: value } }) as DraftReferral,
  ],
  fluidRefusalSince: [
    '/clinical/fluidRefusalSince',
    (value) => ({ clinical: { fluidRefusalSince: value } }) as DraftReferral,
  ],
  'removal.removalAt': [
    '/legal/removal/removalAt',
    (removalAt) => ({ legal: { removal: { removalAt } } }),
  ],
  'hearings[].at': ['/legal/hearings/0/at', (at) => ({ legal: { hearings: [{ at }] } })],
  'detainedSince (with pregnancy)': [
    '/detention/detainedSince',
    (detainedSince) => ({ detention: { detainedSince }, clinical: { pregnancy: 'yes' } }),
  ],
  'dateOfBirth.date': [
    '/identity/dateOfBirth/date',
    (date) => ({ identity: { dateOfBirth: { date } } }),
  ],
}

const order = ['standard', 'soon', 'urgent', 'immediate']

for (const { answer, value, 'least urgency': least, said } of samples) {
  if (answer === 'respondBy') continue
  const [pointer, drafted] = places[answer]!
  const isCount = /^[+-]/.test(value)
  const moment = isCount ? at(Number(value) * day) : value
  const written = isCount ? [moment, moment.slice(0, 10)] : [value]
  for (const typed of written) {
    t.test(`${answer} ${value}, typed ${typed.length > 10 ? 'as a moment' : 'as a day'}`, (t) => {
      const referral = calm(drafted(typed))
      const checked = checkDraft({ channel: 'visitor', region: 'unknown', referral }, now)
      t.equal(checked.refusal, undefined, 'it stops no referral')
      const { warnings } = checked as Extract<typeof checked, { draft: unknown }>
      const named = !/must stay|nothing is said/.test(said)
      t.strictSame(
        warnings.map((warning) => warning.pointer),
        named ? [`/referral${pointer}`] : [],
        'whoever types is told of this one',
      )
      const { urgency, ruleIds } = proposeUrgency(referral, now)
      t.ok(order.indexOf(urgency) >= order.indexOf(least || 'standard'), urgency)
      const part = pointer.split('/')[1] as CompartmentName
      const told = readCompartment(part, referral[part], now).map((problem) => problem.pointer)
      t.strictSame(told, named ? [pointer] : [], 'and so is whoever reads')
      const unasked = named && least === 'urgent'
      t.strictSame(
        incompleteFields(referral, now),
        unasked ? [pointer.replace('/removalAt', '')] : [],
        'it counts as not asked',
      )
      t.equal(
        ruleIds.some((id) => id.startsWith('not-asked')),
        unasked,
      )
      t.end()
    })
  }
}

t.test(
  'a day by which an answer is wanted is refused once it is past, and named far ahead',
  (t) => {
    const checked = (respondBy: string) =>
      checkDraft({ channel: 'visitor', region: 'unknown', referral: {}, respondBy }, now)
    for (const past of ['2026-11-20', '2026-01-06', '1926-11-25']) {
      t.strictSame(checked(past), {
        refusal: 'referral-invalid',
        problems: [{ pointer: '/respondBy', detail: 'lies in the past.' }],
      })
    }
    for (const good of ['2026-11-22', '2026-11-23', '2027-11-22']) {
      t.match(checked(good), { refusal: undefined, warnings: [] }, good)
    }
    t.match(checked('2062-11-25'), {
      refusal: undefined,
      warnings: [{ pointer: '/respondBy', detail: 'lies more than 366 days ahead.' }],
    })
    t.equal(checked('2026-11-31').refusal, 'referral-invalid', 'a day that is in no calendar')
    t.end()
  },
)

/** The path of every field of a schema that takes a day, a moment or a year. */
function datesOf(schema: TSchema, path: string): string[] {
  const { format, minimum, properties, items, anyOf } = schema as {
    format?: string
    minimum?: number
    properties?: Record<string, TSchema>
    items?: TSchema
    anyOf?: TSchema[]
  }
  if (format === 'date' || format === 'date-time' || minimum === 1000) return [path]
  return [
    ...Object.entries(properties ?? {}).flatMap(([name, field]) =>
      datesOf(field, `${path}/${name}`),
    ),
    ...(items ? datesOf(items, `${path}/*`) : []),
    ...(anyOf ?? []).flatMap((form) => datesOf(form, path)),
  ]
}

t.test('every date of the schema stands in the table, and nothing else', (t) => {
  const found = [...new Set(datesOf(Referral, ''))].sort()
  t.ok(found.length > 15)
  t.strictSame(dateBounds.map((bounds) => bounds.at).sort(), found)
  t.end()
})

/** A referral in which this value stands at the path, and nothing else. */
function withDate(path: string, value: unknown): object {
  return path
    .split('/')
    .slice(1)
    .reduceRight<unknown>(
      (inner, step) => (step === '*' ? [inner] : { [step]: inner }),
      value,
    ) as object
}

for (const bounds of dateBounds) {
  if (bounds.at.endsWith('/year')) continue
  t.test(`${bounds.at} is named outside of its bounds alone`, (t) => {
    const named = (value: string) => dateProblems(withDate(bounds.at, value), now).length > 0
    const late = bounds.futureDays * day + 65 * 60_000
    t.notOk(named(at(late)), 'at the latest')
    t.ok(named(at(late + 1)), 'a millisecond later')
    if (bounds.pastDays !== null) {
      const early = bounds.pastDays * day + 65 * 60_000
      t.notOk(named(at(-early)), 'at the earliest')
      t.ok(named(at(-early - 1)), 'a millisecond earlier')
    }
    if (bounds.notBefore !== undefined) {
      t.notOk(named(bounds.notBefore))
      t.ok(named('1899-12-31'))
    }
    for (const no of ['no', 'unknown', 'not_asked', '2026-02-30', '', 'soon'])
      t.notOk(named(no), no)
    const pointer = bounds.at.replaceAll('*', '0')
    const [problem] = dateProblems(withDate(bounds.at, '1066-10-14'), now)
    t.equal(problem?.pointer, pointer)
    t.end()
  })
}

t.test('a year of birth is named before 1900 and after this year', (t) => {
  const named = (year: unknown) =>
    dateProblems(withDate('/identity/dateOfBirth/year', year), now).map(({ detail }) => detail)
  for (const year of [1900, 1999, 2026, 'x', 1.5, 10_000]) t.strictSame(named(year), [])
  t.strictSame(named(1369), ['lies before 1900-01-01. It may be of another calendar. It is kept.'])
  t.match(named(2027), ['lies in the future. It may be of another calendar. It is kept.'])
  const kept = { channel: 'visitor', region: 'unknown' }
  const dateOfBirth = { year: 1369, date: '2090-01-01', otherDates: ['1370-01-01'] }
  const checked = checkDraft({ ...kept, referral: { identity: { dateOfBirth } } }, now)
  t.match(checked, { referral: { identity: { dateOfBirth } }, refusal: undefined })
  t.equal('warnings' in checked && checked.warnings.length, 3)
  t.end()
})

t.test('a moment is a day or instant of the calendar, and nothing else', (t) => {
  t.equal(momentOf('2026-11-22'), Date.UTC(2026, 10, 22))
  t.equal(momentOf('2026-11-22T10:00:00Z'), now.getTime())
  t.equal(momentOf(2026), Date.UTC(2026, 0, 1))
  t.equal(momentOf(1000), Date.UTC(1000, 0, 1))
  t.equal(momentOf('1000-01-01'), Date.UTC(1000, 0, 1))
  t.equal(momentOf(9999), Date.UTC(9999, 0, 1))
  for (const year of [999, 10_000, 1999.5]) t.equal(momentOf(year), undefined, String(year))
  for (const other of ['2026-02-30', '22/11/2026', '2026-12-31T23:59:60Z', 7, null, {}, undefined])
    t.equal(momentOf(other), undefined, String(other))
  const [bounds] = dateBounds
  t.equal(bounds && outside(bounds, 'x', now.getTime()), undefined)
  t.strictSame(valuesAt({ a: [{ b: 1 }, {}, { b: 2 }] }, '/a/*/b'), [
    { pointer: '/a/0/b', value: 1 },
    { pointer: '/a/2/b', value: 2 },
  ])
  t.end()
})

t.test('with a pregnancy, a day of detention that cannot be or be read counts as long ago', (t) => {
  const urgencyOf = (detention: object) =>
    proposeUrgency({ ...calm({ clinical: { pregnancy: 'yes' } }), detention }, now).urgency
  for (const since of [at(2 * hour), '2027-09-27', '2026-02-30', 'Tuesday', '1826-01-01']) {
    t.equal(urgencyOf({ detainedSince: since }), 'immediate', since)
    t.equal(urgencyOf({ places: [{ place: 'police', from: since }] }), 'immediate', since)
  }
  t.equal(urgencyOf({ detainedSince: at(-day) }), 'urgent')
  t.equal(urgencyOf({ places: [{ place: 'police', from: at(-day) }, { place: 'x' }] }), 'urgent')
  t.end()
})
