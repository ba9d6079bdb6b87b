/** Grants from the recipient's side: one more reader for a referral, for a while. */
import { Refusal } from '../errors.ts'
import type { Released } from '../protocol/envelope/released.ts'
import type { OpenInput } from '../protocol/envelope/verify.ts'
import type { KeyPair, SecretKey } from '../protocol/keys.ts'
import { rewrap } from '../protocol/messages/rewrap.ts'
import { recipientThatSigns } from '../protocol/trust/keyset.ts'
import type { CompartmentName } from '../referral/compartment.ts'
import { wellTyped } from './naming.ts'
import { type ListedReader, listedReaders, readerNamed } from './readers.ts'
import { GrantsAnswer, readAnswer } from './schemas.ts'
import type { Transport } from './transport.ts'
import type { createDirectories, createKeysets } from './trust.ts'

/** What is granted. */
export type GrantTerms = {
  /** The kid of the reader, or its label. */
  readonly to: string
  readonly compartments: readonly CompartmentName[]
  /** When it ends: 14 days from now if left out, `null` for never. */
  readonly until?: Date | null
}

/** A grant that was given. */
export type Given = {
  readonly referralId: string
  readonly reference: string
  readonly to: { readonly kid: string; readonly label: string }
  readonly compartments: readonly CompartmentName[]
  readonly until?: string
}

/** A grant in force, as the service says: what it holds back here cannot be seen. */
export type ListedGrant = {
  readonly kid: string
  /** Of the verified keyset or directory; none of a reader that has left both. */
  readonly label?: string
  readonly compartments: readonly string[]
  /** The label of its giver, where the newest keyset has it. */
  readonly by?: string
  readonly at: string
  readonly until?: string
}

/** @see createGranting */
export type Granting = {
  /**
   * Lets one more reader of the verified keyset or directory open compartments of a referral.
   *
   * @param name - the id or reference of the referral
   * @throws Refusal `unknown-recipient-key`, `recipient-lacks-compartments`; StepFailure where the referral does not open;
   *   ServiceProblem `already-granted`, `not-found` and others
   */
  grant(name: string, terms: GrantTerms): Promise<Given>
  /** The grants of a referral that are in force, the oldest first. */
  grants(name: string): Promise<ListedGrant[]>
  /**
   * Takes a grant back: the service deletes the wrap. That it does is its word; and what was opened stays known.
   *
   * @param to - the kid of the reader, or its label
   */
  revokeGrant(name: string, to: string): Promise<void>
}

const dayMs = 86_400_000
/** So long a grant is good where nobody says another end. */
export const grantDaysDefault = 14

/** What granting takes of a reader. */
export type GrantingParts = {
  readonly transport: Transport
  readonly keysets: ReturnType<typeof createKeysets>
  readonly newestDirectory: ReturnType<typeof createDirectories>
  readonly receiving: KeyPair
  readonly signing: SecretKey
}

async function readersNow(parts: GrantingParts, now: Date): Promise<ListedReader[]> {
  const [{ keyset }, { directory }] = [await parts.keysets.newest(), await parts.newestDirectory()]
  return listedReaders(keyset, directory, now)
}

/**
 * The reader of a kid or label that is listed at a moment. One that is not may be newer than what was fetched minutes ago.
 *
 * @throws Refusal `unknown-recipient-key`
 */
export async function listedAs(parts: GrantingParts, name: string, at: Date) {
  try {
    return readerNamed(await readersNow(parts, at), name)
  } catch (refusal) {
    if (!parts.keysets.refresh()) throw refusal
    return readerNamed(await readersNow(parts, at), name)
  }
}

/** What a released referral is checked by. */
export async function openInputOf(
  { keysets, newestDirectory, receiving }: GrantingParts,
  { referralId, receivedAt, header }: Released,
): Promise<OpenInput> {
  const { directory } = await newestDirectory()
  const chain = await keysets.backTo(header?.keyset?.version)
  const at = { receivedAt: new Date(receivedAt), now: new Date() }
  return { referralId, reader: receiving, keysets: chain, directory, ...at }
}

/**
 * The part of a reader that grants.
 *
 * @param fetch - a referral by its id or reference, as it is released
 */
export function createGranting(
  parts: GrantingParts,
  fetch: (name: string) => Promise<Released>,
): Granting {
  const { transport, receiving, signing } = parts
  const pathOf = (name: string) => `/v1/referrals/${encodeURIComponent(wellTyped(name))}/grants`

  async function grant(name: string, { to, compartments, until }: GrantTerms): Promise<Given> {
    const now = new Date()
    const reader = await listedAs(parts, to, now)
    const end = endOf(reader, until, now)
    const released = await fetch(name)
    const input = await openInputOf(parts, released)
    const body = rewrap(released, input, reader, signing, { compartments, until: end })
    const { referralId, reference } = released
    await transport.send({ method: 'POST', path: pathOf(referralId), body, repeatable: true })
    return {
      ...{ referralId, reference, to: { kid: reader.kid, label: reader.label } },
      compartments: body.grant.compartments,
      ...(body.grant.until !== undefined && { until: body.grant.until }),
    }
  }

  async function grants(name: string): Promise<ListedGrant[]> {
    const path = `${pathOf(name)}?recipient=${receiving.kid}`
    const answer = await transport.send({ method: 'GET', path, repeatable: true })
    const listed = readAnswer(GrantsAnswer, answer, `GET ${path}`)
    const { keyset } = await parts.keysets.newest()
    const readers = await readersNow(parts, new Date(0))
    return listed.grants.map(({ kid, grantedBy, value: _, ...rest }) => {
      const label = readers.find((reader) => reader.kid === kid)?.label
      const by = recipientThatSigns(keyset, grantedBy)?.label
      return {
        kid,
        ...rest,
        ...(label !== undefined && { label }),
        ...(by !== undefined && { by }),
      }
    })
  }

  async function revokeGrant(name: string, to: string): Promise<void> {
    // One that has left the directory is still named by its kid.
    const kid = /^[A-Za-z0-9_-]{22}$/.test(to) ? to : (await listedAs(parts, to, new Date(0))).kid
    const path = `${pathOf(name)}/${kid}?recipient=${receiving.kid}`
    await transport.send({ method: 'DELETE', path, repeatable: false })
  }

  return { grant, grants, revokeGrant }
}

/** @throws Refusal `malformed-request` for an end that has come */
function endOf(reader: ListedReader, until: Date | null | undefined, now: Date): Date | undefined {
  const wanted = until === undefined ? new Date(now.getTime() + grantDaysDefault * dayMs) : until
  const last = reader.until === undefined ? undefined : new Date(reader.until)
  if (wanted === null) return last
  // Not turned round: a time that is none is later than nothing.
  if (!(wanted > now)) throw new Refusal('malformed-request', 'the grant would end before it began')
  return last && last < wanted ? last : wanted
}
