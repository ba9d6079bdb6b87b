// What was answered in the form reaches the draft, and makes nobody look safer.
import t from 'tap'
import { checkDraft, proposeUrgency } from '../../../src/client/index.ts'
import { draftOf } from '../../../src/web/refer/answers.ts'
import { optionSets, type Page, pages, type Question } from '../../../src/web/refer/questions.ts'
import type { Answers } from '../../../src/web/refer/session.ts'

const now = new Date('2026-11-29T12:00:00Z')

const sealed = (answers: Answers) => {
  const checked = checkDraft(draftOf(answers, now), now)
  if (checked.refusal !== undefined) throw new Error(JSON.stringify(checked.problems))
  return checked
}
const urgencyOf = (answers: Answers) => proposeUrgency(sealed(answers).referral, now).urgency

/** Some answer to a question, as the fields give it. */
function answerTo(question: Question): string | readonly string[] {
  const some = {
    line: 'Some words',
    text: 'Some words',
    one: question.kind === 'one' ? optionSets[question.options][0] : '',
    several: question.kind === 'several' ? [optionSets[question.options][0]] : [],
    select: question.kind === 'select' ? { place: 'prison', language: 'tir', country: 'ER' } : {},
    day: '2026-11-20',
    days: '3',
  }
  if (question.kind === 'select') return (some.select as Record<string, string>)[question.from]!
  return some[question.kind] as string | readonly string[]
}

/** Each question, with what must be answered for it to be asked. */
const asked = (pages as readonly Page[]).flatMap(({ asks, questions }) => {
  const who: Answers = asks === 'a helper' ? { who: 'visitor' } : { who: 'detained_person_web' }
  return questions.flatMap((question) => [
    { question, given: who },
    ...(question.kind === 'one' ? (question.ifYes ?? []) : []).map((more) => ({
      question: more,
      given: { ...who, [question.id]: 'yes' } as Answers,
    })),
  ])
})

t.test('an empty form can be sealed, and waits behind nobody', async (t) => {
  t.equal(sealed({}).draft.channel, 'detained_person_web')
  t.equal(urgencyOf({}), 'urgent')
})

t.test('no answer is lost on the way to the draft', async (t) => {
  t.ok(asked.length > 50, `${asked.length} questions`)
  for (const { question, given } of asked) {
    if (question.id === 'who') continue
    const answered = { ...given, [question.id]: answerTo(question) }
    t.strictNotSame(draftOf(answered, now), draftOf(given, now), question.id)
    sealed(answered)
  }
  t.equal(draftOf({ who: 'family_friend' }, now).channel, 'family_friend')
})

t.test('the service is never told the region', async (t) => {
  for (const place of optionSets.place) t.equal(draftOf({ place }, now).region, 'unknown')
})

t.test('the answers of the safety page decide the urgency', async (t) => {
  const safe: Answers = {
    ...{ removal: 'no', hospital: 'no', noFood: 'no', noDrink: 'no', suicide: 'no' },
    ...{ selfHarm: 'no', pregnant: 'no', torture: 'no', medicine: 'no' },
  }
  const rows: readonly (readonly [string, Answers, string])[] = [
    ['nothing', {}, 'standard'],
    ['a removal in two days', { removal: 'yes', removalAt: '2026-12-01' }, 'immediate'],
    ['a removal in six days', { removal: 'yes', removalAt: '2026-12-05' }, 'urgent'],
    ['a removal whose day is not known', { removal: 'yes' }, 'urgent'],
    ['a hospital', { hospital: 'yes' }, 'immediate'],
    ['no food for two days', { noFood: 'yes', noFoodDays: '2' }, 'immediate'],
    ['no food since today', { noFood: 'yes', noFoodDays: '0' }, 'standard'],
    ['no food, nobody knows since when', { noFood: 'yes' }, 'urgent'],
    ['no drink for a day', { noDrink: 'yes', noDrinkDays: '1' }, 'immediate'],
    ['a plan of suicide', { suicide: 'yes', suicidePlan: 'yes' }, 'immediate'],
    ['thoughts of suicide, a plan not asked', { suicide: 'yes' }, 'urgent'],
    ['self-harm now', { selfHarm: 'yes', selfHarmNow: 'yes' }, 'urgent'],
    ['a pregnancy', { pregnant: 'yes' }, 'urgent'],
    [
      'a pregnancy, detained for a week',
      { pregnant: 'yes', detainedSince: '2026-11-22' },
      'immediate',
    ],
    ['an essential medicine', { medicine: 'yes', medicineEssential: 'yes' }, 'urgent'],
    ['torture not asked', { torture: undefined } as unknown as Answers, 'urgent'],
  ]
  for (const [what, answers, urgency] of rows) {
    t.equal(urgencyOf({ ...safe, ...answers }), urgency, what)
  }
})

t.test('nobody consents for another', async (t) => {
  const answers: Answers = { assessment: 'given', research: 'refused', personKnows: 'no' }
  t.same(draftOf({ ...answers, who: 'visitor' }, now).referral.consent, { personKnows: 'no' })
  const { consent } = draftOf({ ...answers, who: 'detained_person_web' }, now).referral
  t.equal(consent?.personKnows, 'yes')
  t.match(consent?.given, [
    { to: 'assessment', answer: 'given', on: '2026-11-29' },
    { to: 'research', answer: 'refused' },
  ])
})

t.test('a number from a letter is kept under the name that its form has', async (t) => {
  const rows = [
    ['1234 5678 9012 3456', 'uan'],
    ['GWF012345678', 'gwf'],
    ['A1234BC', 'prison_number'],
    ['PA/50123/2026', 'appeal'],
    ['something else 12', 'home_office_file'],
  ] as const
  for (const [number, type] of rows) {
    t.match(draftOf({ number }, now).referral.identity?.identifiers, [{ type, value: number }])
  }
})
