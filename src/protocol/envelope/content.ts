/**
 * The content version that the sealed object of each compartment names (docs/PROTOCOL.md, "Sealing",
 * step 2): which fields and codes its writer knew. It is added on sealing and taken off on opening,
 * so nobody who fills in or reads a compartment meets it.
 */
import type { Problem } from '../../referral/problems.ts'
import type { SealedName } from './compartment.ts'

/** The content version of a compartment of this client. */
export function contentVersion(name: SealedName): string {
  return name === 'message' ? 'message/1' : 'referral/1'
}

/** What is sealed for a compartment. A value that is not an object has no place for a version. */
export function withContent(name: SealedName, value: unknown): unknown {
  return isObject(value) ? { ...value, content: contentVersion(name) } : value
}

/**
 * Takes the content version off what was opened. Another one than this client's stays where it is,
 * and so does everything that came with it.
 *
 * @returns `fields`, what is left when any version is taken off, for a check against the schema
 */
export function withoutContent(
  name: SealedName,
  value: unknown,
): { value: unknown; fields: unknown; problems: Problem[] } {
  if (!isObject(value)) return { value, fields: value, problems: [] }
  const { content, ...fields } = value
  if (content === contentVersion(name)) return { value: fields, fields, problems: [] }
  return { value, fields, problems: [contentProblem(name, content)] }
}

function contentProblem(name: SealedName, content: unknown): Problem {
  const known = contentVersion(name)
  const pointer = `/${name}/content`
  if (content === undefined) return { pointer, detail: `is missing: it names "${known}".` }
  const [kind] = known.split('/')
  const isOther =
    typeof content === 'string' && new RegExp(`^${kind}/[1-9][0-9]{0,3}$`).test(content)
  return {
    pointer,
    detail: isOther
      ? `is not "${known}", which is known here: a newer client wrote it. Nothing is left out.`
      : `must be "${known}".`,
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
