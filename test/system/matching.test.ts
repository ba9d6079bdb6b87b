/**
 * Goal: that the committed weights are those of the committed data, and hold what is promised of them.
 * Method: the data themselves, eleven thousand records and more; where coverage is counted that takes
 * ten times as long, and it shows nothing that smaller tables do not.
 */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { weightsSource } from '../../bench/matching/fit.ts'
import { measure } from '../../bench/matching/measure.ts'
import { crossValidatedSets, crossValidation } from '../../bench/matching/report.ts'
import { fit, lessonsOf, readSources } from '../../bench/matching/sets.ts'
import { sectionText } from '../../scripts/matching.ts'

const sources = readSources()
const lessons = lessonsOf(sources)

t.test('the committed weights are what the script makes of the committed data', async (t) => {
  t.equal(
    readFileSync('src/matching/weights.ts', 'utf8'),
    weightsSource(fit(lessons)),
    'or run: npx node bench/matching/fit.ts',
  )
})

t.test('a fold’s people teach its weights nothing', async (t) => {
  const ofFold = lessons.filter(({ folds }) => folds.includes(0))
  const others = lessons.filter(({ folds }) => !folds.includes(0))
  t.ok(ofFold.some(({ isMatch, folds }) => !isMatch && folds[0] !== folds[1]))
  t.same(fit(lessons, 0), fit(others))
  t.notSame(fit(lessons, 0), fit(lessons))
})

t.test('on people the weights were not fitted on they hold what is promised', async (t) => {
  const scored = crossValidatedSets(sources)
  const matching = readFileSync('docs/MATCHING.md', 'utf8')
  t.ok(matching.includes(sectionText(crossValidation(scored))), 'the document says how much')
  const sets = new Map(
    scored.map(({ name, compared, judged }) => [name, measure(compared, judged)] as const),
  )
  const detention = sets.get('detention')!
  t.ok(detention.f1 >= 0.93, `F1 of the referrals: ${detention.f1}`)
  t.ok(detention.automatic.precision >= 0.999, `${detention.automatic.precision}`)
  t.ok(detention.automatic.recall >= 0.71, `${detention.automatic.recall}`)
  t.ok(detention.reviewPer1000 <= 126, `${detention.reviewPer1000}`)
  for (const [name, f1] of [
    ['FEBRL 1', 0.985],
    ['FEBRL 2', 0.98],
    ['FEBRL 3', 0.98],
  ] as const) {
    const figures = sets.get(name)!
    t.ok(figures.f1 >= f1, `F1 of ${name}: ${figures.f1}`)
    t.ok(figures.pairs.at99.precision >= 0.999, `${name}: ${figures.pairs.at99.precision}`)
    t.ok(figures.automatic.precision >= 0.999, `${name}: ${figures.automatic.precision}`)
  }
})
