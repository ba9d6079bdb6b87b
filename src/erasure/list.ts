/**
 * The list of erasures that outlives the database: a line for each, an id and a time, and only ever added to. Pure.
 *
 * A process that is killed while it writes leaves a part of a line, of an erasure that was not answered: it counts as none.
 */
const lineForm = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) \d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/

type Line = { readonly referralId: string; readonly erasedAt: string }

export function linesOf(erasures: readonly Line[]): string {
  return erasures.map(({ referralId, erasedAt }) => `${referralId} ${erasedAt}\n`).join('')
}

/** The ids in a list, each once. */
export function idsIn(text: string): Set<string> {
  return new Set(text.split('\n').flatMap((line) => lineForm.exec(line)?.[1] ?? []))
}
