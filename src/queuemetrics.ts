/** How the queue stands, and what is claimed: gauges of what the background work counted, and counts of this replica. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Claimed, QueueFigures } from './triage/counting.ts'

/** By which a claim, and a count of the queue, are told to `registry`. */
export function createQueueMetrics(registry: Registry) {
  const registers = [registry]
  const duration = new Histogram({
    name: 'intake_triage_claim_duration_seconds',
    help: 'What the transactions of claims took, whatever they found; waiting for work is no part of it',
    buckets: [0.005, 0.02, 0.1, 0.5, 2],
    registers,
  })
  const claimed = new Counter({
    name: 'intake_triage_claimed_items_total',
    help: 'Items that were claimed',
    registers,
  })
  const lapses = new Counter({
    name: 'intake_triage_lapses_total',
    help: 'Leases that expired, each counted when its item is claimed again',
    registers,
  })
  return {
    onClaimed({ seconds, items, lapsed }: Claimed) {
      duration.observe(seconds)
      claimed.inc(items)
      lapses.inc(lapsed)
    },
    onCounted: showFigures(registry),
  }
}

/** Until the queue was counted first, some seconds after the start, they are 0 or not there. */
function showFigures(registry: Registry): (figures: QueueFigures) => void {
  const gauge = <Label extends string = never>(name: string, help: string, labels: Label[] = []) =>
    new Gauge({ name, help, labelNames: labels, registers: [registry] })
  const items = gauge('intake_triage_items', 'Open items by state, on all replicas', ['state'])
  const overdue = gauge('intake_triage_items_overdue', 'Items that wait past their deadline')
  const oldest = gauge(
    'intake_triage_oldest_wait_seconds',
    'For how long the referral has waited that arrived first of those that nobody holds; 0 without one',
    ['urgency'],
  )
  const counted = gauge(
    'intake_triage_counted_timestamp_seconds',
    'When the queue was last counted',
  )
  const snapshot = gauge(
    'intake_database_oldest_snapshot_seconds',
    'Age of the oldest snapshot for which dead rows are kept; NaN where the database does not show it',
  )
  const dead = gauge(
    'intake_triage_dead_rows',
    'Dead rows of the table of items, as PostgreSQL estimates them',
  )
  return (figures) => {
    for (const [state, count] of Object.entries(figures.items)) items.set({ state }, count)
    overdue.set(figures.overdue)
    for (const [urgency, seconds] of Object.entries(figures.oldestSeconds)) {
      oldest.set({ urgency }, seconds)
    }
    snapshot.set(figures.snapshotSeconds)
    dead.set(figures.deadRows)
    counted.setToCurrentTime()
  }
}
