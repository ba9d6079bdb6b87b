/** Entries of the access log in lines, and in cells. */
import type { AuditEntry } from '../../client/entries.ts'
import { aboutOf, whoOf } from '../../client/entrywords.ts'
import { londonTime } from '../../client/london.ts'
import { cellOf, shown } from '../../referral/shown.ts'

/** The lines of one entry: when, what and who; then what it was about. */
export function linesOf(entry: AuditEntry): string[] {
  const { at, action, outcome, reason, intact } = entry
  const about = aboutOf(entry)
  const end =
    outcome === 'permitted' ? '' : `, ${shown(outcome)}${reason ? `: ${shown(reason)}` : ''}`
  return [
    `${londonTime(at)}  ${shown(action)} by ${whoOf(entry)}${end}`,
    ...(about ? [`  ${about}`] : []),
    ...(intact ? [] : ['  NOT INTACT: the entry, or what opens it, was changed.']),
  ]
}

const columns = ['time', 'action', 'outcome', 'reason', 'who', 'about', 'intact', 'id'] as const

/** The same as a table for spreadsheets, without what begins as a formula does. */
export function tableOf(entries: readonly AuditEntry[]): string {
  const rows = entries.map((entry) => [
    ...[londonTime(entry.at), entry.action, entry.outcome, entry.reason ?? ''].map(shown),
    ...[whoOf(entry), aboutOf(entry), String(entry.intact), entry.id],
  ])
  return [columns, ...rows].map((row) => row.map(cellOf).join(',')).join('\n')
}
