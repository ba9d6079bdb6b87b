/**
 * What each rule of merging and asking is worth: each is left out once, all else as it is.
 *
 *     node bench/matching/rules.ts            prints the table. Two minutes
 *     node bench/matching/rules.ts --write    writes it into docs/MATCHING.md too
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { replaceBlock, tableOf } from '../../scripts/block.ts'
import { type Rule, rules } from '../../src/matching/rule.ts'
import { alikeRates, inventDetention } from './detention.ts'
import { compare, forEvidence, judgeBy, keysOf, measure } from './measure.ts'
import { crossValidatedSets, printTable } from './report.ts'
import { readSources } from './sets.ts'

const document = new URL('../../docs/MATCHING.md', import.meta.url)

/** What the service does without the rule. */
const words: Readonly<Record<Rule, string>> = {
  facts: 'two facts are enough, not three',
  initials: 'consonants or spelling alike are another part of the name, whatever the initials',
  first: '1 January is a fact beside any two parts',
  digits: 'the digits of a date in another order are a fact whatever the year',
  telephone: 'a telephone is a fact beside any two birth dates',
  spelling: 'a telephone is a fact beside 1 January, however the names are spelt',
  dates: 'two birth dates of which nothing is equal do not contradict',
  numbers: 'two unlike numbers do not contradict',
  alone: 'the name alone, or likeness by chance, is asked about',
  crowd: 'what a crowd shares merges',
  uncommon: '1 January is no fact beside a whole name that hardly anybody else has',
  birthday: 'day and month are no fact beside a long name, nor a telephone beside them',
}

const inventedPeople = 8000
/** One set is luck: the wrong merges of four are summed. */
const inventedSeeds = [20_262, 1, 2, 3]

const mean = (numbers: readonly number[]) =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length

if (import.meta.main) {
  const { values } = parseArgs({ options: { write: { type: 'boolean' } } })
  const alike = inventedSeeds.map((seed) =>
    compare(keysOf(inventDetention(inventedPeople, alikeRates, seed))),
  )
  const head = [
    ...['without', 'F1', 'merged: recall', 'wrong', 'questions / 1,000'],
    ...['alike: merged', 'wrong', 'questions / 1,000'],
  ]
  const set = crossValidatedSets(readSources()).find(({ name }) => name === 'detention')!
  const rows = [undefined, ...rules].map((rule) => {
    const own = measure(set.compared, rule === undefined ? set.judged : set.judgedWithout(rule))
    const others = alike.map((each) => measure(each, forEvidence(judgeBy(undefined, rule))))
    const wrong = others.reduce((sum, { automatic }) => sum + automatic.wrong, 0)
    return [
      rule === undefined ? 'no rule left out' : words[rule],
      ...[own.f1.toFixed(4), own.automatic.recall.toFixed(4), `${own.automatic.wrong}`],
      `${Math.round(own.reviewPer1000)}`,
      mean(others.map(({ automatic }) => automatic.recall)).toFixed(4),
      `${wrong}`,
      `${Math.round(mean(others.map(({ reviewPer1000 }) => reviewPer1000)))}`,
    ]
  })
  printTable(head, rows)
  if (values.write) {
    const text = readFileSync(document, 'utf8')
    writeFileSync(document, replaceBlock(text, 'rules', tableOf({ head, rows })))
  }
}
