/** The part of a reader that grants and rotates, loaded with the first call: most readers, and no page, ever do either. */

import type { Released } from '../protocol/envelope/released.ts'
import type { Granting, GrantingParts } from './granting.ts'
import type { Rotating } from './rotating.ts'

/** @param fetch - a referral by its id or reference, as it is released */
export function createGiving(
  parts: GrantingParts,
  fetch: (name: string) => Promise<Released>,
): Granting & Rotating {
  const granting = async () => (await import('./granting.ts')).createGranting(parts, fetch)
  return {
    grant: async (name, terms) => (await granting()).grant(name, terms),
    grants: async (name) => (await granting()).grants(name),
    revokeGrant: async (name, to) => (await granting()).revokeGrant(name, to),
    rotate: async (options) =>
      (await import('./rotating.ts')).createRotating(parts).rotate(options),
  }
}
