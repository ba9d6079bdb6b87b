/**
 * Which keyset to believe, given what was believed before (docs/PROTOCOL.md, "Keyset and
 * directory"). The newest keyset says which roots to pin from then on, so these are remembered with
 * it; trust that a person has configured anew, with a `minimumVersion` above what was seen, comes
 * before that memory.
 */
import { Refusal } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { sha256 } from '../protocol/sodium.ts'
import { payloadBytes, readPayload } from '../protocol/trust/jws.ts'
import {
  type AcceptedKeyset,
  acceptKeyset,
  type Keyset,
  type Trust,
} from '../protocol/trust/keyset.ts'
import type { Memory } from './memory.ts'
import { readMemory, SeenKeyset } from './schemas.ts'

/** A client further behind is given new trust by a person. */
const versionsBehindMax = 100

/**
 * Accepts the keyset `jws` by way of each version since the one last seen, and remembers it: no step
 * of the chain is left out, so that a root that was added and one that was dropped both count.
 *
 * @param versionBefore - fetches a version between the two
 * @throws Refusal `trust-invalid`, `trust-rolled-back`
 */
export async function acceptNewest(
  jws: string,
  trust: Trust,
  memory: Memory,
  versionBefore: (version: number) => Promise<string>,
): Promise<AcceptedKeyset> {
  const name = `keyset ${trust.origin}`
  const remembered = await memory.load(name)
  const first = remembered === undefined ? undefined : readMemory(SeenKeyset, remembered)
  let seen = first
  for (const version of versionsBetween(seen, jws, trust)) {
    seen = accept(await versionBefore(version), trust, seen).seen
    // The same version again would pass as no news, and the step that matters would be left out.
    if (seen.version !== version) {
      throw new Refusal('trust-rolled-back', `version ${version} was asked for, not shown`)
    }
  }
  const { accepted, seen: newest } = accept(jws, trust, seen)
  if (newest.sha256 !== first?.sha256) await memory.save(name, JSON.stringify(newest))
  return accepted
}

function versionsBetween(seen: SeenKeyset | undefined, jws: string, trust: Trust): number[] {
  if (!seen || seen.version < trust.minimumVersion) return []
  const newest = Number(readPayload<Keyset | null>(jws)?.version)
  // Its signer may have been dropped since, and a rollback should be called one all the same.
  if (newest < seen.version) {
    const detail = `it is older than version ${seen.version}, which was seen before`
    throw new Refusal('trust-rolled-back', detail)
  }
  const count = Math.max(newest - seen.version - 1, 0)
  if (!(count < versionsBehindMax)) {
    throw new Refusal('trust-invalid', `it is over ${versionsBehindMax} versions ahead of ours`)
  }
  return Array.from({ length: count }, (_, index) => seen.version + 1 + index)
}

function accept(jws: string, trust: Trust, seen: SeenKeyset | undefined) {
  const pinned = rootsFor(jws, trust, seen)
  const accepted = acceptKeyset(jws, { ...trust, rootKeys: pinned }, seen, new Date())
  const { version, roots } = accepted.keyset
  const now: SeenKeyset = { version, sha256: accepted.sha256, roots, pinned }
  return { accepted, seen: now }
}

// A keyset may drop the very root that signed it, and is served all the same until the next one.
function rootsFor(jws: string, trust: Trust, seen: SeenKeyset | undefined): string[] {
  if (!seen || seen.version < trust.minimumVersion) return trust.rootKeys
  const same = encodeBase64url(sha256(payloadBytes(jws))) === seen.sha256
  return same ? [...new Set([...seen.pinned, ...seen.roots])] : seen.roots
}
