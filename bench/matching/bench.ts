/**
 * Matching on a table of people of whom it is known who is who, by the code of the service: keys,
 * which values are equal, odds, verdicts, cases. Keys are not blinded, for equality is all that counts.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { matchProbability } from '../../src/matching/odds.ts'
import { compare, type Figures, foundProbability, keysOf, measure, type Rates } from './measure.ts'
import { measurePeers } from './peers.ts'
import { type Columns, readRecords, type TrueRecord } from './records.ts'
import { printTable, share } from './report.ts'

const usage = `usage: npm run bench matching -- FILE.csv --truth COLUMN [options]

FILE is comma-separated text in UTF-8 with a header; cells are trimmed. --truth names the column that
says whom a row is about: rows with the same text there are one person, and of rec-N-org and rec-N-dup-k
(as FEBRL has them) those with the same N. All other columns may be left out, and their cells empty:

  --given, --family        names
  --year, --month, --day   birth date; a --year of yyyymmdd or yyyy-mm-dd is a whole date
  --birth                  birth date in one column, yyyymmdd or yyyy-mm-dd, or the year alone
  --reference              16 digits in fours are a UAN, anything else a port reference
  --phone                  without a country code a number of the United Kingdom

  --json                   one object instead of tables

A day that is in no calendar leaves the year alone. Rows come in the order of the file, one after the
other, as referrals do; nobody answers the questions. Found are pairs that came into one case and pairs
with p of ${foundProbability} or more; automatic, those that came into one case (p of ${matchProbability} and more, and what must
agree besides). Recall counts all pairs of one person, also those that share no key. A precision of
nothing found, and a recall of nothing to find, is 1.`

/** Reads the arguments, and prints figures. Ends with exit code 2 where it cannot. */
export async function bench(args: readonly string[]): Promise<void> {
  try {
    const { file, columns, json } = argumentsOf(args)
    const records = readRecords(readFileSync(file, 'utf8'), columns)
    const figures = measure(compare(keysOf(records)))
    if (json) console.log(JSON.stringify(figures))
    else printFigures(records, figures)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    console.error(error.message)
    process.exitCode = 2
  }
}

function argumentsOf(args: readonly string[]) {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...{
        truth: text,
        given: text,
        family: text,
        birth: text,
        year: text,
        month: text,
        day: text,
      },
      ...{ reference: text, phone: text, json: { type: 'boolean' } },
    },
  })
  const { json = false, truth, ...others } = values
  const [file, ...more] = positionals
  if (file === undefined || truth === undefined || more.length > 0) throw new Error(usage)
  const columns: Columns = { truth, ...others }
  return { file, columns, json }
}

function printFigures(records: readonly TrueRecord[], figures: Figures): void {
  const { f1, precision, recall, automatic, pairs } = figures
  const row = (name: string, rates: Rates, score = '') => {
    return [name, share(rates.precision), share(rates.recall), score]
  }
  console.log(`${records.length} records, ${figures.valuesPerRecord.toFixed(1)} values each`)
  printTable(
    ['', 'precision', 'recall', 'F1'],
    [
      row('found', { precision, recall }, share(f1)),
      row('automatic', automatic),
      row(`pair by pair, p from ${foundProbability}`, pairs.found, share(pairs.found.f1)),
      row(`pair by pair, p from ${matchProbability}`, pairs.likely),
      row('pair by pair, p from 0.99', pairs.at99),
      row('pair by pair, automatic', pairs.automatic),
      ...measurePeers(records).map(({ name, rates }) => row(`plain text: ${name}`, rates)),
    ],
  )
  console.log(`${figures.reviewPer1000.toFixed(0)} questions to people for 1,000 records`)
}
