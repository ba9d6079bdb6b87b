/**
 * How much structure a body may have, before any schema looks at it. Explaining why a list of tens
 * of thousands of equal items does not fit takes a validator minutes; no body of ours needs one.
 */
import { Refusal } from '../errors.ts'

/** The longest list of any schema has fifty items, the largest object some twenty members. */
const membersMax = 64

/** The deepest is an envelope: object, list, object. */
const depthMax = 8

/** Refuses a parsed JSON body with a longer list, a larger object or deeper nesting than that. */
export function requireModestStructure(body: unknown, depth = 0): void {
  if (typeof body !== 'object' || body === null) return
  if (depth === depthMax) {
    throw new Refusal('malformed-request', `the body is nested deeper than ${depthMax} levels`)
  }
  const members = Object.values(body)
  if (members.length > membersMax) {
    throw new Refusal('malformed-request', `a list or object has over ${membersMax} members`)
  }
  for (const member of members) requireModestStructure(member, depth + 1)
}
