/** What becomes of one draft: sealed once, kept, sent until it is acknowledged or refused. */
import { type Problem, type Referrer, ServiceProblem } from '../../client/index.ts'
import { type Fault, faultOf } from '../report.ts'
import type { Decide } from './deciding.ts'
import { type Standing, standingOf } from './drafts.ts'
import { type Acknowledged, areEnclosed, type Enclosable } from './enclosing.ts'
import { seal } from './keeping.ts'
import type { Outbox, Sealed } from './outbox.ts'
import type { UnmatchedFault } from './unmatched.ts'
import {
  documentsDiffer,
  documentsGone,
  documentsNotSent,
  droppedFault,
  heldFault,
  questionOf,
} from './unsent.ts'

/** The bytes of a draft, as they were read by this call, and their SHA-256 in hex. */
export type DraftBytes = { readonly sha256: string; readonly bytes: Uint8Array }

/** A referral to be. */
export type Task = {
  readonly id: string
  /** The files whose bytes it is, as they were named: the same draft may lie there twice. */
  readonly files: string[]
  /** Where these files can be looked at again. */
  readonly places: string[]
  /** Missing where only the sealed bytes are still at hand. */
  readonly draft?: DraftBytes
  /** The id of the referral that it amends; of one that was sealed before, its envelope says. */
  readonly supersedes?: string
  /** What this call sends with it; one that was sealed before may name others, or some where this call names none. */
  readonly documents?: readonly Enclosable[]
  /** Sealed from older versions of one of these files: they are dropped once this one is kept, or where it is stored already. */
  readonly replaces: Task[]
}

/**
 * - `stored`, `stored-before`: acknowledged, by this call or by one before.
 * - `waiting`: sealed, kept and not acknowledged.
 * - `held`: the same, and not sent until a person says what is meant: its draft has changed, or its documents are others.
 * - `dropped`: taken back. `replaced`: taken back, because a newer version of its draft is referred.
 * - `refused`: by the service, which stored nothing.
 * - `failed`: not even sealed.
 */
export type Settled = {
  readonly referralId?: string
  readonly status:
    | 'stored'
    | 'stored-before'
    | 'waiting'
    | 'held'
    | 'dropped'
    | 'replaced'
    | 'refused'
    | 'failed'
  readonly reference?: string
  readonly receivedAt?: string
  /** The ids of those that it names. */
  readonly documents?: readonly string[]
  readonly problem?: Fault
  /** Of one that is sent: its draft lies nowhere any more, so nobody could see whether it changed. */
  readonly draft?: 'gone'
  /** Of one that is taken back: it was sent before, and the service may have stored it. */
  readonly sent?: true
}

/** The same, for one of the files named. */
export type Result = Settled & {
  readonly file: string
  /** Why this call sealed it without match keys. */
  readonly unmatched?: UnmatchedFault
  /** What in the draft is worth a second look. */
  readonly warnings?: readonly Problem[]
}

/** A task and what became of it. */
export type Outcome = readonly [Task, Settled]

/**
 * Deals with one task after the other, or with several at once, for one call of `intake refer`.
 *
 * @param ready - rejects where nothing can be sent, for want of a token
 */
export function createSending(
  referrer: Referrer,
  outbox: Outbox,
  decide: Decide,
  ready: () => Promise<unknown>,
) {
  /** Why nothing more is sent: a service that does not answer is not asked a hundred times. */
  let halt: Fault | undefined

  /** What became of a task and of those that it replaces. It does not fail. */
  async function refer(task: Task): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    // Once the newer version is kept, and before it is sent: a power cut in between leaves both, and
    // the next call finds the newer one in the outbox and comes here again.
    const kept = async () => {
      const older = task.replaces.splice(0)
      for (const one of older) outcomes.push([one, await takeBack(outbox, one.id, 'replaced')])
    }
    const settled = await settle(task, kept).catch((error: unknown) => failed(task, error))
    outcomes.unshift([task, settled])
    // There is no newer version to be sent after all.
    for (const older of task.replaces) outcomes.push(...(await refer(older)))
    return outcomes
  }

  async function settle(task: Task, whenKept: () => Promise<void>): Promise<Settled> {
    const { id, draft } = task
    const kept = await outbox.sealed(id)
    const before = await outbox.acknowledgementOf(id)
    if (before) return whenKept().then(() => sentBefore(outbox, task, before))
    if (kept) {
      if (draft) await outbox.remember(id, task.places)
      await whenKept()
      const result = await send(task, kept)
      if (!draft || !isOutdated(result)) return result
      if (kept.documents && !task.documents) return withoutDocuments(result)
    }
    if (!draft) return takenByAnother(outbox, id)
    const sealed = await seal(referrer, outbox, task, draft, kept)
    await whenKept()
    return send(task, sealed)
  }

  async function send(task: Task, sealed: Sealed): Promise<Settled> {
    const standing = await standingNow(outbox, task, sealed)
    const asked: Decide = halt ? async () => 'wait' : decide
    const unsent = await unsentBy(outbox, { ...task, standing, sealed }, asked)
    if (unsent) return unsent
    const gone = standing.is === 'gone' && ({ draft: 'gone' } as const)
    if (halt) return wait(task.id, halt)
    return { ...(await submit(task.id, sealed)), ...gone }
  }

  async function submit(id: string, { envelope, documents }: Sealed): Promise<Settled> {
    // Before it is noted: without a token nothing leaves this machine.
    const unready = await faultIn(ready)
    if (unready) return wait(id, unready)
    await outbox.noteSending(id)
    // Another call may have taken it back, or sent it, since these bytes were read or kept.
    const waits = await outbox.waits(id)
    const before = await outbox.acknowledgementOf(id)
    if (before) return acknowledged(outbox, before)
    if (!waits) return takenByAnother(outbox, id)
    try {
      const acknowledgement = await referrer.submit(envelope)
      return { ...(await acknowledged(outbox, acknowledgement, documents)), status: 'stored' }
    } catch (error) {
      const problem = faultOf(error)
      if (isRefusalOfBytes(error)) {
        // A corrected draft is another draft; the same one, tried again, is sealed again under
        // its old id, and so never stored twice.
        await outbox.drop(id)
        return { referralId: id, status: 'refused', problem }
      }
      return wait(id, problem)
    }
  }

  /** Why this one waits, and with it all others of this call. */
  async function wait(id: string, problem: Fault): Promise<Settled> {
    await outbox.noteProblem(id, problem)
    halt ??= problem
    return { referralId: id, status: 'waiting', problem }
  }

  return { refer }
}

async function faultIn(act: () => Promise<unknown>): Promise<Fault | undefined> {
  try {
    await act()
    return undefined
  } catch (error) {
    return faultOf(error)
  }
}

function failed({ id }: Task, error: unknown): Settled {
  return { referralId: id, status: 'failed', problem: faultOf(error) }
}

function isOutdated({ status, problem }: Settled): boolean {
  return status === 'refused' && problem?.retry === 'after-refresh'
}

/** Of one that has to be sealed again, by a call that does not name its documents. */
function withoutDocuments(result: Settled): Settled {
  return { ...result, problem: { ...result.problem, ...documentsGone } }
}

/** What becomes of one that is not sent, because of its draft as it is now, or of its documents. */
async function unsentBy(
  outbox: Outbox,
  { documents, standing, sealed }: Task & { standing: Standing; sealed: Sealed },
  decide: Decide,
): Promise<Settled | undefined> {
  const { referralId } = sealed.envelope.header
  if (standing.is === 'refused') return takeBack(outbox, referralId, 'refused')
  if (documents && !areEnclosed(documents, sealed.documents)) {
    return { referralId, status: 'held', problem: documentsDiffer(referralId) }
  }
  if (standing.is !== 'changed' && standing.is !== 'unreadable') return undefined
  const decision = await decide(questionOf(standing, sealed))
  if (decision === 'drop') return takeBack(outbox, referralId, 'asked')
  if (decision !== 'wait') return undefined
  return { referralId, status: 'held', problem: heldFault(standing, referralId, sealed) }
}

/** The service has it: the acknowledgement is kept first, and only then the sealed bytes go, and its documents may. */
async function acknowledged(
  outbox: Outbox,
  acknowledgement: Acknowledged,
  documents = acknowledgement.documents,
): Promise<Settled> {
  const { referralId, reference, receivedAt } = acknowledgement
  await outbox.acknowledge({ ...acknowledgement, ...(documents && { documents }) })
  await outbox.release(referralId, documents ?? [])
  await outbox.drop(referralId)
  const ids = documents && { documents: documents.map(({ documentId }) => documentId) }
  return { referralId, status: 'stored-before', reference, receivedAt, ...ids }
}

/** Of one that this call was to send, with these documents. */
async function sentBefore(
  outbox: Outbox,
  { documents }: Task,
  before: Acknowledged,
): Promise<Settled> {
  const settled = await acknowledged(outbox, before)
  if (!documents || areEnclosed(documents, before.documents)) return settled
  return { ...settled, problem: documentsNotSent(before.reference) }
}

async function takeBack(
  outbox: Outbox,
  id: string,
  why: 'refused' | 'asked' | 'replaced',
): Promise<Settled> {
  const { waited, sent } = await outbox.drop(id)
  if (!waited) return takenByAnother(outbox, id)
  const status = why === 'replaced' ? 'replaced' : 'dropped'
  const problem = droppedFault(why, id, sent)
  return { referralId: id, status, problem, ...(sent && { sent }) }
}

async function takenByAnother(outbox: Outbox, id: string): Promise<Settled> {
  const before = await outbox.acknowledgementOf(id)
  if (before) return acknowledged(outbox, before)
  const problem = { title: 'Another call of intake has taken it back meanwhile' }
  return { referralId: id, status: 'dropped', problem }
}

/** How the draft stands to what is about to be sent. */
async function standingNow(
  outbox: Outbox,
  { id, draft, places }: Task,
  sealed: Sealed,
): Promise<Standing> {
  const everywhere = await standingOf(await outbox.filesOf(id), sealed.draft)
  // Whoever names a file with these very bytes means them, whatever became of copies; but nobody
  // who says anywhere that the person does not consent is passed over.
  return draft && everywhere.is !== 'refused' ? standingOf(places, sealed.draft) : everywhere
}

/**
 * Whether the service judged these very bytes, and stored nothing. A missing token, a wrong path, a
 * proxy or an overload judges the call, and the bytes are kept for another.
 */
function isRefusalOfBytes(error: unknown): boolean {
  if (!(error instanceof ServiceProblem)) return false
  const { code, stored, status } = error.problem
  return code !== undefined && stored === false && [400, 409, 413, 415, 422].includes(status)
}
