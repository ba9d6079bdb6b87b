// Goal: a client in another language that has only the published rules proposes what ours does.
// Method: an interpreter of openapi/urgency-rules.json, written after its `about` and sharing no code
// with src, is held against the source on the published vectors and on random referrals.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { completeReferral } from '../../src/referral/draft.ts'
import { openSafetyQuestions, proposeUrgency } from '../../src/referral/urgency.ts'

const published = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../openapi/${name}`, import.meta.url), 'utf8'))
const rules = published('urgency-rules.json')
const { now, vectors } = published('urgency-vectors.json')

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
// biome-ignore lint/suspicious/noExplicitAny: read from JSON, as another language would.
type Condition = any

function valuesAt(value: Json | undefined, steps: string[]): Json[] {
  const [step, ...rest] = steps
  if (value === undefined) return []
  if (step === undefined) return [value]
  if (step === '*') return Array.isArray(value) ? value.flatMap((item) => valuesAt(item, rest)) : []
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && Object.hasOwn(value, step) ? valuesAt(value[step], rest) : []
}

/** A date in milliseconds, as `about` says. */
function dateOf(value: Json): number | undefined {
  if (typeof value !== 'string') return undefined
  const form =
    /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d):(\d\d)))?$/.exec(value)
  if (!form) return undefined
  const [, y, mo, d, h = '0', mi = '0', s = '0', part = '0', sign, oh = '0', om = '0'] = form
  const days = new Date(Date.UTC(Number(y), Number(mo), 0)).getUTCDate()
  if (Number(mo) < 1 || Number(mo) > 12 || Number(d) < 1 || Number(d) > days) return undefined
  if (Number(h) > 23 || Number(mi) > 59 || Number(s) > 59) return undefined
  if (Number(oh) > 23 || Number(om) > 59) return undefined
  const local = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s))
  const offset = (Number(oh) * 60 + Number(om)) * 60_000 * (sign === '-' ? -1 : 1)
  return local + Math.floor(Number(part) * 1000) - offset
}

const hour = 3_600_000

function isPossible(path: string, value: Json, at: number): boolean {
  const date = dateOf(value)
  if (date === undefined) return false
  const row = rules.dates.find((row: Condition) => row.at === path)
  if (!row) return true
  const more = rules.toleranceMinutes * 60_000
  if (date > at + row.futureDays * 24 * hour + more) return false
  if (row.notBefore && date < Date.parse(row.notBefore)) return false
  return row.pastDays === null || date >= at - row.pastDays * 24 * hour - more
}

function holds(condition: Condition, referral: Json, at: number): boolean {
  if (condition.any) return condition.any.some((one: Condition) => holds(one, referral, at))
  if (condition.all) return condition.all.every((one: Condition) => holds(one, referral, at))
  if (condition.not) return !holds(condition.not, referral, at)
  const values = valuesAt(referral, condition.at.split('/').slice(1))
  if (condition.absent) return values.length === 0
  return values.some((value) => {
    if (condition.is) return condition.is.includes(value)
    if (condition.detailed) {
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    }
    if (condition.possible) return isPossible(condition.at, value, at)
    if (condition.impossible) return !isPossible(condition.at, value, at)
    const date = dateOf(value)
    if (date === undefined) return false
    if (condition.overHours !== undefined) return at - date > condition.overHours * hour
    return (
      date - at <= condition.withinHours * hour &&
      at - date <= 24 * hour + rules.toleranceMinutes * 60_000
    )
  })
}

function propose(referral: Json, at: number) {
  const held = rules.rules.filter((rule: Condition) => holds(rule.when, referral, at))
  const urgency = rules.urgencies.find((code: string) =>
    held.some((rule: Condition) => rule.urgency === code),
  )
  const open = rules.questions.filter(({ closedBy }: Condition) => !holds(closedBy, referral, at))
  return {
    urgency: urgency ?? 'standard',
    ruleIds: held.map(({ id }: Condition) => id),
    reasons: held.map(({ words }: Condition) => words),
    openQuestions: open.map((question: Condition) => question.at),
  }
}

function proposedBySource(referral: object, at: number) {
  const { urgency, ruleIds, reasons } = proposeUrgency(referral, new Date(at))
  const openQuestions = openSafetyQuestions(referral, new Date(at)).map((question) => question.at)
  return { urgency, ruleIds, reasons, openQuestions }
}

t.test('the vectors hold for the source and for the published rules', (t) => {
  t.ok(vectors.length > 40)
  for (const { name, referral, ...expected } of vectors) {
    t.strictSame(propose(referral, Date.parse(now)), expected, name)
    t.strictSame(proposedBySource(completeReferral(referral), Date.parse(now)), expected, name)
  }
  t.end()
})

t.test('between them the vectors make every rule hold', (t) => {
  const held = new Set(vectors.flatMap(({ ruleIds }: { ruleIds: string[] }) => ruleIds))
  for (const { id } of rules.rules) t.ok(held.has(id), id)
  t.end()
})

const near = fc
  .integer({ min: -800 * 24, max: 800 * 24 })
  .map((hours) => new Date(Date.parse(now) + hours * hour).toISOString())
const date = fc.oneof(
  near,
  near.map((moment) => moment.slice(0, 10)),
  near.map((moment) => moment.replace('Z', '+05:30')),
  fc.constantFrom('2026-02-30', '2026-11-22T10:00:60Z', 'Tuesday', '2026-11-22T25:00:00Z'),
)
const word = fc.constantFrom('yes', 'no', 'unknown', 'not_asked', 'perhaps')
const some = <Value>(value: fc.Arbitrary<Value>) =>
  fc.oneof(
    { weight: 6, arbitrary: value as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(null, true, 7, [], 'yes', 'no', {}) },
  )
const listOf = <Value>(value: fc.Arbitrary<Value>) => some(fc.array(value, { maxLength: 3 }))
const fields = <Model extends Record<string, fc.Arbitrary<unknown>>>(model: Model) =>
  some(fc.record(model, { requiredKeys: [] }))
const anyReferral = fields({
  detention: fields({
    detainedSince: some(date),
    places: listOf(fields({ from: some(date) })),
    segregation: fc.constantFrom('none', 'rule_40', 'rule_42'),
    acdt: fields({ open: word, level: fc.constantFrom('constant', 'hourly') }),
  }),
  legal: fields({
    removal: some(fc.oneof(word, fc.record({ removalAt: some(date) }, { requiredKeys: [] }))),
    hearings: listOf(fields({ at: some(date) })),
    bail: fields({ hearingAt: some(date) }),
    rule35: listOf(fields({ status: fc.constantFrom('requested', 'refused_by_healthcare', 'x') })),
  }),
  clinical: fields({
    torture: some(word),
    selfHarm: some(fc.oneof(word, fc.record({ active: word }))),
    suicidalThoughts: some(fc.oneof(word, fc.record({ currentPlan: word }))),
    pregnancy: some(fc.oneof(word, fc.record({ since: some(date) }, { requiredKeys: [] }))),
    foodRefusalSince: some(fc.oneof(word, date)),
    fluidRefusalSince: some(fc.oneof(word, date)),
    conditions: listOf(fields({ emergency: word })),
    medicationStopped: listOf(fields({ essential: word })),
  }),
})

t.test('of any referral the published rules propose what the source does', (t) => {
  fc.assert(
    fc.property(anyReferral, fc.integer({ min: -100, max: 100 }), (referral, hours) => {
      const at = Date.parse(now) + hours * hour
      t.strictSame(propose(referral as Json, at), proposedBySource(referral as object, at))
    }),
    { numRuns: 500 },
  )
  t.end()
})

t.test('what is published says which version it is, and who approved it', (t) => {
  t.equal(rules.version, 1)
  t.equal(rules.approvedBy, 'unapproved')
  t.strictSame(rules.urgencies, ['immediate', 'urgent', 'soon', 'standard'])
  t.end()
})
