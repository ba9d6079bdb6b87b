/** Ids: a client makes those of its referrals, and the server its own. */
import { v7, validate } from 'uuid'

/** A new UUID of version 7 (RFC 9562 section 5.7): ordered by time, so that indexes grow at an end. */
export function newId(): string {
  return v7()
}

/** Whether a value is the id of something, of any version. */
export function isId(value: unknown): value is string {
  return validate(value)
}
