/**
 * One entry of the access log: its form (docs/PROTOCOL.md, "Entries of the access log"), and whether
 * what is said to open its commitments does.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Refusal } from '../errors.ts'
import { base64urlBytes, equalBytes } from '../protocol/bytes.ts'
import { canonicalBytes, parseCanonical } from '../protocol/canonical.ts'
import { auditCommitment } from '../protocol/commitment.ts'
import { Bytes32, Instant, Uuid } from '../referral/format.ts'
import { schemaProblems } from '../referral/problems.ts'
import { parseAnswer } from './answer.ts'

/** Something about an entry is wrong, though the log holds exactly these bytes. */
export class EntryFault extends Error {
  override readonly name = 'EntryFault'
  /** `entry-unlogged` of one that is shown and is not in the log, where it must be by now. */
  readonly code: 'entry-malformed' | 'opening-wrong' | 'entry-unshown' | 'entry-unlogged'
  /** Which entry, from 0; none of one that is not in the log. */
  readonly index: number | undefined

  constructor(code: EntryFault['code'], index: number | undefined, detail: string) {
    super(detail)
    this.code = code
    this.index = index
  }
}

/** An entry is at most so many bytes long. */
const entryBytesMax = 4096

/** A newer service may have more of each: of the closed lists only the form is checked. */
const Word = Type.String({ pattern: '^[a-z][a-z0-9.-]{0,63}$', maxLength: 64 })

const LogEntry = Type.Object(
  {
    v: Type.Literal(1),
    id: Uuid,
    at: Instant,
    action: Word,
    outcome: Type.Enum(['permitted', 'refused', 'failed']),
    reason: Type.Optional(Word),
    purpose: Type.Optional(Word),
    object: Type.Optional(
      Type.Object(
        {
          kind: Word,
          id: Type.String({ pattern: '^[A-Za-z0-9_.-]{1,64}$', maxLength: 64 }),
          digest: Type.Optional(Bytes32),
        },
        { additionalProperties: false },
      ),
    ),
    caller: Word,
    recipient: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', maxLength: 64 })),
    actor: Type.Optional(Bytes32),
    details: Type.Optional(Bytes32),
    request: Uuid,
  },
  { additionalProperties: false },
)
/** What an entry says. Who acted, and details, stand in it as commitments. */
export type LogEntry = Static<typeof LogEntry>

/** Reads an entry. @throws EntryFault `entry-malformed` */
export function parseEntry(bytes: Uint8Array, index: number): LogEntry {
  const malformed = (detail: string) => new EntryFault('entry-malformed', index, detail)
  if (bytes.length > entryBytesMax) throw malformed(`it is longer than ${entryBytesMax} bytes`)
  let value: unknown
  try {
    value = parseCanonical(bytes)
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal
    throw malformed(refusal.message)
  }
  const [problem] = schemaProblems(LogEntry, value)
  if (problem) throw malformed(`${problem.pointer || 'it'} ${problem.detail}`)
  return value as LogEntry
}

const Shown = Type.Object({
  id: Uuid,
  at: Instant,
  leaf: Type.String(),
  intact: Type.Optional(Type.Boolean()),
  opening: Type.Object({
    actor: Type.Optional(Type.Object({})),
    actorSalt: Type.Optional(Bytes32),
    details: Type.Optional(Type.Object({})),
    detailsSalt: Type.Optional(Bytes32),
  }),
})
/** An entry as it is shown to auditors, with what opens its commitments. */
export type ShownEntry = Static<typeof Shown>

/** Reads a line of an export; `undefined` for what is none. */
export function parseShown(line: string): ShownEntry | undefined {
  const { value } = parseAnswer(line) ?? {}
  return schemaProblems(Shown, value).length === 0 ? (value as ShownEntry) : undefined
}

/**
 * Checks what is shown of an entry against the bytes that the log holds. An opening that was emptied is
 * not wrong.
 *
 * @throws EntryFault `opening-wrong`
 */
export function checkShown(shown: ShownEntry, bytes: Uint8Array, index: number): void {
  const wrong = (detail: string) => new EntryFault('opening-wrong', index, detail)
  const { actor, details, v: _, ...said } = parseEntry(bytes, index)
  const { leaf: __, intact = true, opening, ...beside } = shown
  if (!isSame(said, beside)) throw wrong('what is shown of it is not what it says')
  checkOpening({ actor, details }, opening, index)
  // What is kept beside the bytes, by which it is found or is not.
  if (!intact) throw wrong('the service says that it was changed where it is kept')
}

/**
 * Checks what is shown of who acted, and of the details, against the commitments of an entry.
 *
 * @throws EntryFault `opening-wrong`
 */
export function checkOpening(
  committed: { readonly actor: string | undefined; readonly details: string | undefined },
  opening: ShownEntry['opening'],
  index: number,
): void {
  for (const name of ['actor', 'details'] as const) {
    const { [name]: value, [`${name}Salt` as const]: encoded } = opening
    if (value === undefined) continue
    const salt = base64urlBytes(encoded ?? '')
    if (!salt || commitment(name, salt, value) !== committed[name]) {
      const detail = `what is shown as its ${name} is not what it commits to`
      throw new EntryFault('opening-wrong', index, detail)
    }
  }
}

function isSame(said: unknown, beside: unknown): boolean {
  try {
    return equalBytes(canonicalBytes(said), canonicalBytes(beside))
  } catch (refusal) {
    if (refusal instanceof Refusal) return false
    throw refusal
  }
}

/** `undefined` for a value that nothing can commit to. */
function commitment(name: string, salt: Uint8Array, value: unknown): string | undefined {
  try {
    return auditCommitment(name, salt, value)
  } catch (refusal) {
    if (refusal instanceof Refusal) return undefined
    throw refusal
  }
}
