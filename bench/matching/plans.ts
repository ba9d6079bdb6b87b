/** By which plans the step reads its tables, once they are large. */
import { logPlans, plansIn } from '../../test/helpers/plans.ts'
import { report } from '../report.ts'
import { newcomers, receive } from './newcomers.ts'
import { type Office, pairOne, type Stand } from './stand.ts'

const referralsPlanned = 40

/** The tables that grow with the cases; keysets and those who wait to be paired are a page or two. */
const growing = [
  'referral',
  'match_value',
  'match_check',
  'referral_case',
  'triage_item',
  'judgement',
]
growing.push('case_flag', 'audit_entry', 'audit_opening')

/** Prints how many plans there were, and throws with those that read a table from end to end. */
export async function planFaults(
  stand: Stand,
  office: Office | undefined,
  progress: (what: string) => void,
): Promise<void> {
  if (!office) return
  progress('plans')
  await logPlans(office.sql)
  const { office: planned, pid } = await stand.reopen(office)
  const came = newcomers(referralsPlanned, office.people)
  await receive(office.sql, came)
  for (const referral of came) await pairOne(planned, referral)
  const plans = plansIn(await stand.log(), pid)
  const whole = plans.filter(({ nodes }) =>
    nodes.some(
      (node) => node['Node Type'] === 'Seq Scan' && growing.includes(node['Relation Name'] ?? ''),
    ),
  )
  for (const statement of new Set(whole.map(({ statement }) => statement))) {
    console.error(`reads a whole table: ${statement}`)
  }
  const looks = plans.filter(({ statement }) => /from match_value other/.test(statement))
  const byIndex = looks.filter(({ nodes }) =>
    nodes
      .filter((node) => node['Relation Name'] === 'match_value')
      .every((node) => /^Index (Only )?Scan$/.test(node['Node Type'])),
  )
  const name = 'statements of pairing that read no table of cases whole, of all'
  report(name, plans.length - whole.length, plans.length, 1)
  report('look-ups of match values by an index alone, of all', byIndex.length, looks.length, 1)
}
