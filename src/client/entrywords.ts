/** Entries of the access log in words, with names instead of ids. Escaped, each part by itself. */
import { shown } from '../referral/shown.ts'
import type { AuditEntry } from './entries.ts'

type Actor = Pick<AuditEntry, 'caller' | 'opening'>

/** Of a caller who is no client of the directory. */
const callers: Readonly<Record<string, string>> = {
  bearer: 'the bearer of a receipt',
  anonymous: 'a caller nobody knows',
  system: 'the service itself',
  administrator: 'the administrator, on the host',
}

/** Who did it, as both were called then. Escaped. Ids where the names were removed. */
export function whoOf({ caller, opening: { actor } }: Actor): string {
  if (!actor) return callers[caller] ?? `${shown(caller)}, whose name was removed`
  const { client, organisation, labels, person } = actor
  const name = labels
    ? `${shown(labels.client)} (${shown(labels.organisation)})`
    : `client ${shown(client)} of ${shown(organisation)}`
  return person === undefined ? name : `${name}, person ${shown(person)}`
}

/** How many acts an entry tells of: one, or those of a minute that were summed. */
export function timesOf({ opening: { details } }: Pick<AuditEntry, 'opening'>): number {
  const sum = Number(details?.count)
  return Number.isSafeInteger(sum) && sum > 0 ? sum : 1
}

/** The object, its reference where the entry tells it, and the recipient key. */
export function aboutOf({
  object,
  recipient,
  opening: { details },
}: Pick<AuditEntry, 'object' | 'recipient' | 'opening'>): string {
  const reference = details?.reference
  const words = [
    ...(object ? [`${shown(object.kind)} ${shown(object.id)}`] : []),
    ...(reference === undefined ? [] : [`reference ${shown(reference)}`]),
    ...(recipient === undefined ? [] : [`for key ${shown(recipient)}`]),
  ]
  return words.join(', ')
}

/** Who opened, and who was refused or failed: each once, with how often. */
export function openersOf(
  entries: readonly (Actor & Pick<AuditEntry, 'action' | 'outcome'>)[],
): string[] {
  const opened = entries.filter(({ action, outcome }) => {
    return action === 'referral.opened' && outcome === 'permitted'
  })
  const tried = entries.filter(({ outcome }) => outcome !== 'permitted')
  return [
    `Opened by: ${counted(opened) || 'nobody'}.`,
    `Refused, or failed: ${counted(tried) || 'nobody'}.`,
  ]
}

function counted(entries: readonly Actor[]): string {
  const counts = new Map<string, number>()
  for (const entry of entries) counts.set(whoOf(entry), (counts.get(whoOf(entry)) ?? 0) + 1)
  return [...counts]
    .map(([who, count]) => (count === 1 ? who : `${who}, ${count} times`))
    .join('; ')
}
