/**
 * The plans that PostgreSQL ran statements by, as its own module `auto_explain` logs them: those of
 * the service's prepared statements, which an EXPLAIN beside it need not agree with.
 */
import type postgres from 'postgres'

/** One node of a plan, as far as it is looked at (PostgreSQL 18, "EXPLAIN", FORMAT JSON). */
export type PlanNode = {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

export type Logged = { readonly statement: string; readonly nodes: readonly PlanNode[] }

/** From now on each new connection to this database has its plans logged. As the superuser. */
export async function logPlans(sql: postgres.Sql): Promise<void> {
  const [{ name }] = await sql<[{ name: string }]>`select current_database() as name`
  const settings = {
    session_preload_libraries: 'auto_explain',
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_format': 'json',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_timing': 'off',
  }
  for (const [setting, value] of Object.entries(settings)) {
    await sql.unsafe(`alter database "${name}" set ${setting} = '${value}'`)
  }
}

/** What the server's log says of the process `pid`. */
export function plansIn(log: string, pid: number): Logged[] {
  // `2026-01-01 12:00:00.000 UTC [pid] LOG:  duration: … plan:`, then the plan behind tabs.
  const entries = log.split(/^(?=\d{4}-\d\d-\d\d )/m)
  return entries
    .filter((entry) => entry.includes(` [${pid}] LOG:  duration:`) && entry.includes('plan:\n'))
    .map((entry) => {
      const { 'Query Text': statement, Plan: root } = JSON.parse(entry.split('plan:\n')[1] ?? '')
      return { statement, nodes: nodesOf(root) }
    })
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)]
}
