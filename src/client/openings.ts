/** Who opened a referral, as its referrer may know it: each opening proved by the access log. */
import { LogFault } from '../protocol/log/fault.ts'
import type { Keyset } from '../protocol/trust/keyset.ts'
import { BadAnswer } from './failure.ts'
import { openEntryProof, type ProvenEntry } from './logstate.ts'
import { trustKeyset } from './logtrust.ts'
import { OpeningsAnswer, readAnswer } from './schemas.ts'
import type { Call, Transport } from './transport.ts'
import type { createKeysets } from './trust.ts'

/**
 * The first opening of a referral under one label, as far as the service says: that its entry stands in the
 * log is proved, and that none stands before it is not.
 */
export type FirstOpening = Pick<ProvenEntry, 'index' | 'state'> & {
  /** What the keyset that the referral is sealed under calls the recipient. */
  readonly label: string
  /** The kid of its key. */
  readonly recipient: string
  /** `2026-11-29`, a day in London. */
  readonly day: string
  /** The entry, base64url of the bytes that the log hashes. */
  readonly leaf: string
  /** A file of c2sp.org/tlog-proof. */
  readonly proof: string
}

type Said = ReturnType<typeof readAnswer<typeof OpeningsAnswer>>['openings'][number]

/**
 * Makes what reads openings.
 *
 * @returns a function of a referral's id, and of how it is asked for. It throws LogFault or EntryFault for a
 *   proof that does not hold or is about something else, and BadAnswer for what the proof does not say
 */
export function createOpenings(transport: Transport, keysets: ReturnType<typeof createKeysets>) {
  return async (
    referralId: string,
    call: Pick<Call, 'path' | 'open' | 'headers'>,
  ): Promise<readonly FirstOpening[]> => {
    const answer = await transport.send({ ...call, method: 'GET', repeatable: true })
    const { keysetVersion, openings } = readAnswer(OpeningsAnswer, answer, `GET ${call.path}`)
    if (openings.length === 0) return []
    const { keyset } = await keysets.newest()
    const chain = [...(await keysets.backTo(keysetVersion)).values()]
    const sealedUnder = chain.find(({ version }) => version === keysetVersion)
    requireNamed(openings, sealedUnder)
    return Promise.all(openings.map((said) => proved(said, referralId, keyset)))
  }
}

/** Each by the label that the keyset gives its key, and no label twice. */
function requireNamed(openings: readonly Said[], keyset: Keyset | undefined): void {
  const labels = new Map(keyset?.recipients.map(({ kid, label }) => [kid, label]))
  const isNamed = openings.every(({ recipient, label }) => labels.get(recipient) === label)
  const isOnce = new Set(openings.map(({ label }) => label)).size === openings.length
  if (!isNamed || !isOnce) {
    throw new BadAnswer('the openings name recipients otherwise than the keyset')
  }
}

async function proved(said: Said, referralId: string, keyset: Keyset): Promise<FirstOpening> {
  const { label, recipient, day, leaf, proof } = said
  const { entry, index, state } = await openEntryProof({ leaf, proof }, trustKeyset(keyset))
  const { action, outcome, object } = entry
  const isOpening = action === 'referral.opened' && outcome === 'permitted'
  const isOfIt = object?.kind === 'referral' && object.id === referralId
  if (!isOpening || !isOfIt || entry.recipient !== recipient) {
    throw new LogFault('inclusion-wrong', 'the entry that was proven is about something else')
  }
  if (londonDay(entry.at) !== day) {
    throw new BadAnswer('an opening has another day than its entry')
  }
  return { label, recipient, day, index, state, leaf, proof }
}

function londonDay(at: string): string {
  const form = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London', ...form }).format(
    new Date(at),
  )
}
