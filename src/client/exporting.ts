/**
 * A copy of a case for the person whom it is about: all of it that this reader's key opens, and by name what it does not. The
 * client needs the scope `cases:export`, and no other.
 */
import type { Static } from 'typebox'
import { CaseExport } from '../cases/exportschemas.ts'
import type { ErrorCode } from '../errors.ts'
import type { Opened, Unopenable } from '../protocol/envelope/open.ts'
import type { Released } from '../protocol/envelope/released.ts'
import type { OpeningStep } from '../protocol/envelope/step.ts'
import type { NoteChain } from '../protocol/messages/notechain.ts'
import { claimBytesMax } from './answer.ts'
import { rightlyNamed } from './cases.ts'
import type { Case } from './caseschemas.ts'
import { BadAnswer, ServiceProblem } from './failure.ts'
import type { Granting, ListedGrant } from './granting.ts'
import type { Thread } from './messages.ts'
import { wellTyped } from './naming.ts'
import type { Replying } from './replying.ts'
import { readAnswer } from './schemas.ts'
import { tolerant } from './tolerant.ts'
import type { Transport } from './transport.ts'
import type { Deciding, WithdrawalReason } from './withdrawals.ts'

const CaseExportAnswer = tolerant(CaseExport)
type Answer = Static<typeof CaseExportAnswer>

/** An entry of the access log about the case or a referral of it. */
export type ExportedEntry = Answer['entries'][number]

/** What could not be opened, or is not as it was written. */
export type Gap = {
  readonly referralId: string
  readonly part: 'referral' | 'compartment' | 'withdrawal' | 'note' | 'message' | 'document'
  /** Which: of a compartment its name, of a document its id; of notes and messages the time or the number. */
  readonly name?: string
  /** The step at which it fails, or why there is nothing to be opened. */
  readonly why: OpeningStep | ErrorCode | 'not-as-written' | 'document-unnamed'
  /** Escape it before it is shown. */
  readonly detail: string
}

/** One referral of an exported case. What it says is its writer's: escape it before it is shown. */
export type ExportedReferral = Answer['referrals'][number] & {
  readonly reference: string
  readonly receivedAt: string
  readonly state: string
  /** Missing where it does not open at all. */
  readonly opened?: Opened
  readonly withdrawal?: WithdrawalReason
  readonly grants: readonly ListedGrant[]
  readonly notes: NoteChain['notes']
  readonly messages: Thread['messages']
}

/** A case whole. */
export type ExportedCase = {
  readonly case: Case
  readonly referrals: readonly ExportedReferral[]
  /** The newest first; without those of this export. */
  readonly entries: readonly ExportedEntry[]
  readonly gaps: readonly Gap[]
}

/** @see createExporting */
export type Exporting = {
  /**
   * Fetches and opens all of a case. Each release is an entry of the access log, and no message counts as read by it. The
   * files are fetched by `document`, with what opened names them by.
   *
   * What this key does not open is in `gaps`, not thrown.
   *
   * @throws ServiceProblem `not-found`, `insufficient-scope` and others; Refusal `reference-mismatch` for another case than was
   *   asked for; NoAnswer: call it again
   */
  exportCase(name: string): Promise<ExportedCase>
}

/** What exporting takes of a reader. */
export type ExportingParts = {
  readonly transport: Transport
  /** Opens, and states nothing about what it opens. */
  readonly open: (released: Released) => Promise<Opened | Unopenable>
  readonly fetch: (name: string) => Promise<Released>
  readonly readNotes: (about: Opened) => Promise<NoteChain>
} & Pick<Replying, 'messages'> &
  Pick<Deciding, 'withdrawalReason'> &
  Pick<Granting, 'grants'>

/** More pages than this are no log of one case. */
const pagesMax = 10_000

/** The part of a reader that exports. */
export function createExporting(parts: ExportingParts): Exporting {
  return {
    async exportCase(name) {
      const { entries, ...first } = await kept(parts.transport, name)
      rightlyNamed(name, first.case)
      const gaps: Gap[] = []
      const referrals: ExportedReferral[] = []
      for (const { referralId, reference, receivedAt, state } of first.case.referrals) {
        const beside = first.referrals.find((one) => one.referralId === referralId)
        if (!beside) throw new BadAnswer(`nothing is said of referral ${referralId}`)
        const copy = await copyOf(parts, referralId, gaps)
        referrals.push({ ...beside, reference, receivedAt, state, ...copy })
      }
      gaps.push(...missingNotes(first.case, referrals))
      return { case: first.case, referrals, entries, gaps }
    },
  }
}

/** All pages of what the service keeps beside what is sealed. */
async function kept(transport: Transport, name: string): Promise<Answer> {
  const path = `/v1/cases/${encodeURIComponent(wellTyped(name))}/export`
  const entries: ExportedEntry[] = []
  let first: Answer | undefined
  for (let pages = 0, next = ''; pages < pagesMax; pages += 1) {
    const query = next === '' ? '' : `?cursor=${encodeURIComponent(next)}`
    const request = { method: 'GET', path: path + query, repeatable: true } as const
    const answer = await transport.send({ ...request, bytesMax: claimBytesMax })
    const page = readAnswer(CaseExportAnswer, answer, `GET ${path}`)
    first ??= page
    entries.push(...page.entries)
    if (page.next === undefined) return { ...first, entries }
    next = page.next
  }
  throw new BadAnswer('the entries about the case have no end')
}

type Copy = Pick<ExportedReferral, 'opened' | 'withdrawal' | 'grants' | 'notes' | 'messages'>

async function copyOf(parts: ExportingParts, referralId: string, gaps: Gap[]): Promise<Copy> {
  const none = { grants: [], notes: [], messages: [] }
  const gap = (part: Gap['part'], why: Gap['why'], detail: string, name?: string) =>
    gaps.push({ referralId, part, why, detail, ...(name !== undefined && { name }) })
  let released: Released
  try {
    released = await parts.fetch(referralId)
  } catch (error) {
    // No wrap for this key, or erased since the case was read.
    const code = error instanceof ServiceProblem ? error.problem.code : undefined
    if (code !== 'not-found' && code !== 'erased') throw error
    gap('referral', code, 'nothing of it opens with this key: no note or message either')
    return none
  }
  const opened = await parts.open(released)
  if (!opened.opened) {
    gap('referral', opened.step, `${opened.detail}; so no note or message of it is read`)
    return none
  }
  for (const { compartment, step, detail } of opened.withheld) {
    gap('compartment', step, detail, compartment)
  }
  for (const name of lacking(released, opened))
    gap('compartment', 'grant', 'not sealed to this key', name)
  const withdrawal = await parts.withdrawalReason(released, opened)
  if (withdrawal?.opened === false) gap('withdrawal', withdrawal.step, withdrawal.detail)
  const grants = await parts.grants(referralId)
  const [notes, thread] = [
    await parts.readNotes(opened),
    await parts.messages(opened, { leaveUnread: true }),
  ]
  const read = [
    { part: 'note', ...notes, written: notes.notes },
    { part: 'message', ...thread, written: thread.messages },
  ] as const
  for (const { part, written, refused, faults } of read) {
    for (const one of written) {
      if (!one.opened) gap(part, one.step, one.detail, `${one.number} of ${one.at}`)
    }
    for (const { at, step, detail } of refused) gap(part, step, detail, at)
    for (const fault of faults) gap(part, 'not-as-written', fault)
  }
  return {
    opened,
    ...(withdrawal && { withdrawal }),
    ...{ grants, notes: notes.notes, messages: thread.messages },
  }
}

/** Notes that a judgement names, and that are not among those of its referral. */
function missingNotes({ judgements }: Case, referrals: readonly ExportedReferral[]): Gap[] {
  return judgements.flatMap(({ note }) => {
    const about = referrals.find(({ referralId }) => referralId === note?.referralId)
    if (!note || !about?.opened) return []
    if (about.notes.some(({ number }) => number === note.number)) return []
    const { referralId, number } = note
    const detail = `a judgement names note ${number}, which is not there`
    return [{ referralId, part: 'note', name: String(number), why: 'not-as-written', detail }]
  })
}

/** The compartments that were sealed, and not to this key. */
function lacking({ sealedHashes }: Released, { compartments, withheld }: Opened): string[] {
  const failed: string[] = withheld.map(({ compartment }) => compartment)
  const isLacking = (name: string) => !Object.hasOwn(compartments, name) && !failed.includes(name)
  return Object.keys(sealedHashes).filter(isLacking)
}
