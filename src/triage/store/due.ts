/**
 * When an item is due: the one rule. Nothing else writes a deadline but merges, splits and completions, which
 * take the earliest of those that this rule gave.
 */
import type { Tx } from '../../database/connect.ts'
import { allowanceHours } from '../lease.ts'

/**
 * The deadline of `item`, from its columns `arrived_at`, `urgency` and `respond_by`: the earlier of
 * arrival plus the allowance of its urgency, and 17:00 in London on the last working day before the
 * day by which the answer is wanted. The latter counts only from arrival plus the allowance of
 * `immediate` on, so that no date, however near, past or absurd, stands before an `immediate` referral that
 * arrived earlier. Saturdays and Sundays are no working days; bank holidays count as working days.
 */
export function dueAt(tx: Tx) {
  const { immediate, urgent, soon, standard } = allowanceHours
  return tx.sql`
    least(
      item.arrived_at + make_interval(hours => case item.urgency
        when 'immediate' then ${immediate}::int when 'urgent' then ${urgent}::int
        when 'soon' then ${soon}::int when 'standard' then ${standard}::int end),
      greatest(
        item.arrived_at + make_interval(hours => ${immediate}::int),
        coalesce(
          (item.respond_by
             - case extract(isodow from item.respond_by) when 1 then 3 when 7 then 2 else 1 end
             + time '17:00') at time zone 'Europe/London',
          'infinity')))`
}
