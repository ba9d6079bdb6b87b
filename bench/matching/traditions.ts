/** What becomes of people of each naming tradition, among the referrals. */
import { settle } from './cases.ts'
import { isMatch } from './measure.ts'
import type { JudgedSet, Section } from './report.ts'

/** The countries of the referrals, by the tradition of most names there. */
const traditions: Readonly<Record<string, string>> = {
  ...{ AF: 'Afghan (AF)', AL: 'Albanian (AL)', BR: 'Brazilian (BR)', EG: 'Egyptian (EG)' },
  ...{ ER: 'Eritrean (ER)', IN: 'Indian (IN)', IQ: 'Iraqi (IQ)', IR: 'Persian (IR)' },
  ...{ LY: 'Libyan (LY)', PK: 'Pakistani (PK)', RO: 'Romanian (RO)', SD: 'Sudanese (SD)' },
  ...{ SY: 'Syrian (SY)', VN: 'Vietnamese (VN)' },
}

type Count = { records: number; pairs: number; merged: number; asked: number; others: number }

/** Of the pairs of one person: which came into one case, and about which a person is asked. */
export function byTradition({ records, compared, judged }: JudgedSet): Section {
  const counts = new Map<string, Count>()
  const countOf = (at: number): Count => {
    const group = records[at]?.group ?? ''
    const known = counts.get(group) ?? { records: 0, pairs: 0, merged: 0, asked: 0, others: 0 }
    counts.set(group, known)
    return known
  }
  const seen = new Map<string, number>()
  for (const [at, truth] of compared.truths.entries()) {
    const earlier = seen.get(truth) ?? 0
    countOf(at).records += 1
    countOf(at).pairs += earlier
    seen.set(truth, earlier + 1)
  }
  const pairs = compared.pairs.map((pair) => ({ ...pair, ...judged(pair) }))
  const caseOf = new Map<number, number>()
  for (const [number, members] of settle(records.length, pairs).cases.entries()) {
    for (const [index, one] of members.entries()) {
      caseOf.set(one, number)
      const isSame = (other: number) => compared.truths[other] === compared.truths[one]
      countOf(one).merged += members.slice(index + 1).filter(isSame).length
    }
  }
  for (const pair of pairs) {
    const own = caseOf.get(pair.left)
    const isJoined = own !== undefined && own === caseOf.get(pair.right)
    if (pair.verdict === 'none' || isJoined) continue
    countOf(pair.left)[isMatch(compared, pair) ? 'asked' : 'others'] += 1
  }
  const rate = (count: number, all: number) => (count / all).toFixed(3)
  return {
    title: 'The referrals by naming tradition, cross-validated',
    head: [
      ...['tradition', 'pairs of one person', 'merged', 'asked about', 'left'],
      'pairs of two people asked about, of 1,000 records',
    ],
    rows: [...counts]
      .sort(([, a], [, b]) => b.merged / b.pairs - a.merged / a.pairs)
      .map(([group, { records, pairs, merged, asked, others }]) => [
        ...[traditions[group] ?? group, `${pairs}`, rate(merged, pairs), rate(asked, pairs)],
        ...[rate(pairs - merged - asked, pairs), `${Math.round((1000 * others) / records)}`],
      ]),
  }
}
