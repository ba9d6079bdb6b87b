/**
 * A reader's wrap: whether it is the one that was signed, or one that somebody who may has granted,
 * and the keys in it (docs/PROTOCOL.md, "Opening" and "Grants").
 */
import { type CompartmentName, compartmentNames } from '../../referral/compartment.ts'
import type { Problem } from '../../referral/problems.ts'
import { base64urlBytes, equalBytes } from '../bytes.ts'
import type { SecretKey } from '../keys.ts'
import { endedAt, granterOf, grantVerifies } from '../messages/grant.ts'
import type { Keyset } from '../trust/keyset.ts'
import { revokedSigner } from '../trust/revoked.ts'
import { commitmentTo, type SealedName } from './compartment.ts'
import { type Wrap, wrapHash } from './envelope.ts'
import type { Released } from './released.ts'
import { type OpeningStep, StepFailure } from './step.ts'
import { openWrap } from './wrap.ts'

/** A compartment that was released and is not shown, and why. `detail` never quotes what it holds. */
export type Withheld<Name extends SealedName = CompartmentName> = {
  compartment: Name
  step: OpeningStep
  detail: string
}

type Names<Name extends SealedName> = {
  readonly released: readonly Name[]
  readonly known: readonly Name[]
  readonly chosen?: readonly Name[]
}

/** The keys of a wrap that are sound, and what is not. */
export type OpenedKeys<Name extends SealedName> = {
  keys: ReadonlyMap<Name, Uint8Array>
  withheld: Withheld<Name>[]
  problems: Problem[]
}

/**
 * Opens a wrap, and checks each key against what the header commits to. A key that fails withholds
 * its compartment and no other.
 *
 * @param released - the compartments that were released
 * @param known - all that there are
 * @param chosen - those that were asked for: one whose key is in the wrap, and which was not released, is kept
 *   back by the service
 * @throws StepFailure `wrap` if the wrap does not open at all
 */
export function openKeys<Name extends SealedName>(
  wrap: Wrap,
  reader: SecretKey,
  headerHash: Uint8Array,
  { released, known, chosen = known }: Names<Name>,
  commitments: Readonly<Record<string, string>>,
): OpenedKeys<Name> {
  const opened = openWrap(wrap, reader, headerHash)
  if (!opened) throw new StepFailure('wrap', 'the wrap does not open')
  const { named, problems } = opened
  const keys = new Map<Name, Uint8Array>()
  const withheld: Withheld<Name>[] = []
  for (const name of known) {
    const isDue = chosen.includes(name) && named.has(name)
    if (!released.includes(name) && !isDue) continue
    const result = released.includes(name)
      ? checkedKey(name, named.get(name), commitments[name])
      : { step: 'wrap' as const, detail: `${name} was not released, and the wrap holds its key` }
    if (result instanceof Uint8Array) keys.set(name, result)
    else withheld.push({ compartment: name, ...result })
  }
  const strange = [...named.keys()].some((name) => !known.some((other) => other === name))
  const detail = 'holds a key for a compartment that is not known here.'
  if (strange) problems.push({ pointer: '/wrap', detail })
  return { keys, withheld, problems }
}

function checkedKey(
  name: SealedName,
  written: unknown,
  committed: string | undefined,
): Uint8Array | { step: OpeningStep; detail: string } {
  const key = typeof written === 'string' ? base64urlBytes(written) : undefined
  if (key?.length !== 32) return { step: 'wrap', detail: `the wrap holds no key for ${name}` }
  const commitment = base64urlBytes(committed ?? '')
  if (commitment && equalBytes(commitmentTo(name, key), commitment)) return key
  return { step: 'commitment', detail: `the key for ${name} is not the one committed to` }
}

/**
 * Checks that the wrap is the reader's own, as it was signed or as it was granted. A wrap of sealing
 * that was exchanged for another is good only with a grant of it.
 *
 * @returns a problem where the key that granted it is revoked
 * @throws StepFailure `grant`, or `wrap` for one that is not the one that was signed
 */
export function checkGiven(
  { header, wrap, wrapHashes, grant, compartments, referralId }: Released,
  headerHash: Uint8Array,
  {
    reader,
    keysets,
    now,
    chosen = compartmentNames,
  }: {
    reader: SecretKey
    keysets: ReadonlyMap<string, Keyset>
    now: Date
    chosen?: readonly CompartmentName[] | undefined
  },
): Problem[] {
  if (wrap.kid !== reader.kid) throw new StepFailure('grant', "the wrap is another reader's")
  const hash = wrapHash(wrap)
  const sealedTo = header.sealedTo.includes(reader.kid)
  if (sealedTo && wrapHashes[reader.kid] === hash) return []
  if (!grant) {
    if (!sealedTo)
      throw new StepFailure('grant', 'the referral was neither sealed nor granted to you')
    throw new StepFailure('wrap', `the wrap for ${reader.kid} is not the one that was signed`)
  }
  const granter = granterOf(grant, keysets)
  const given = Object.keys(compartments).sort().join()
  if (
    grant.kid !== reader.kid ||
    grant.compartments
      .filter((name) => chosen.includes(name))
      .sort()
      .join() !== given ||
    !granter ||
    !grantVerifies({ referralId, headerHash, wrap }, grant, granter)
  ) {
    throw new StepFailure('grant', 'the grant is not for you, or not by one who may give it')
  }
  const ended = endedAt(grant, now)
  if (ended !== undefined) throw new StepFailure('grant', `the grant ended at ${ended}`)
  return revokedSigner(grant.grantedBy, '/grant/grantedBy', keysets)
}
