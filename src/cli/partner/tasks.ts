/** What one call of `intake refer` has to do: the files named, and what the outbox holds. */

import { utf8 } from '../../protocol/bytes.ts'
import { type Fault, faultOf } from '../report.ts'
import type { Amended } from './amending.ts'
import { placeOf, readDraftFile, standingOf } from './drafts.ts'
import type { Enclosable } from './enclosing.ts'
import { hashOf, type Outbox, Spoilt } from './outbox.ts'
import type { Result, Task } from './sending.ts'
import { documentsUnnamed } from './unsent.ts'

/** Of those that wait, and of the others; and what could not be read, which keeps none of them back. */
export type Tasks = {
  readonly first: readonly Task[]
  readonly others: readonly Task[]
  readonly faults: readonly Result[]
}

/** What the call says of its one draft beside. */
type Meant = {
  readonly amended?: Amended | undefined
  readonly documents?: readonly Enclosable[] | undefined
}

type Waiting = {
  readonly id: string
  readonly sha256: string
  readonly places: readonly string[]
  /** Whether it names any. */
  readonly documents: boolean
}

/**
 * Reads the files named and the outbox. What is spoilt in the outbox is put aside; what cannot be read
 * now stays where it is.
 */
export async function tasksOf(
  files: readonly string[],
  outbox: Outbox,
  meant: Meant = {},
): Promise<Tasks> {
  const faults: Result[] = []
  const waiting = await waitingIn(outbox, faults)
  const named = await namedTasks(files, outbox, waiting, faults, meant)
  const first: Task[] = []
  const changed: { task: Task; now: string; documents: boolean }[] = []
  for (const { id, sha256, places, documents } of waiting) {
    const task = named.get(sha256)
    const standing = task ? undefined : await standingOf(places, sha256)
    const own = task ?? ownTask(id, places)
    if (standing?.is === 'changed') changed.push({ task: own, now: standing.now, documents })
    else first.push(own)
    // A newer version that waits itself, because a call broke off before it dropped the older one.
    if (standing?.is === 'same') named.set(sha256, own)
  }
  for (const { task, now, documents } of changed) {
    const newer = named.get(now)
    const isKept = waiting.some(({ sha256 }) => sha256 === now)
    if (newer && documents && !newer.documents && !isKept) {
      // It would leave behind the documents of the one whose place it takes.
      const problem = documentsUnnamed(task.id)
      for (const file of newer.files) faults.push({ file, status: 'failed', problem })
      named.delete(now)
      first.push(task, ...newer.replaces)
    } else if (newer) newer.replaces.push(task)
    else first.push(task)
  }
  return { first, others: [...named.values()].filter((task) => !first.includes(task)), faults }
}

async function waitingIn(outbox: Outbox, faults: Result[]): Promise<readonly Waiting[]> {
  const { ids, strange } = await outbox.inventory()
  for (const file of strange) {
    faults.push({ file, status: 'failed', problem: putAsideFault(await outbox.putAside([file])) })
  }
  const waiting: Waiting[] = []
  for (const id of ids) {
    const file = outbox.fileOf(id)
    try {
      const sealed = await outbox.sealed(id)
      const places = await outbox.filesOf(id)
      await outbox.triedOf(id)
      const documents = sealed?.documents !== undefined
      if (sealed) waiting.push({ id, sha256: sealed.draft, places, documents })
    } catch (error) {
      const problem =
        error instanceof Spoilt
          ? putAsideFault(await outbox.putAside(await outbox.allOf(id)))
          : faultOf(error)
      faults.push({ file, referralId: id, status: 'failed', problem })
    }
  }
  return waiting
}

/** One task for each draft, by the SHA-256 of its bytes. */
async function namedTasks(
  files: readonly string[],
  outbox: Outbox,
  waiting: readonly Waiting[],
  faults: Result[],
  { amended, documents }: Meant,
): Promise<Map<string, Task>> {
  const tasks = new Map<string, Task>()
  for (const file of files) {
    try {
      const bytes = await readDraftFile(file)
      const sha256 = hashOf(bytes)
      const same = waiting.find((one) => one.sha256 === sha256)
      const id = amended
        ? await outbox.idOf(hashOf(utf8(`${sha256} amends ${amended.named}`)))
        : (same?.id ?? (await outbox.idOf(sha256)))
      const task = tasks.get(sha256) ?? {
        ...{ ...ownTask(id, []), files: [], draft: { sha256, bytes } },
        ...(amended && { supersedes: amended.newest }),
        ...(documents && { documents }),
      }
      const place = await placeOf(file)
      task.files.push(file)
      if (place !== undefined) task.places.push(place)
      tasks.set(sha256, task)
    } catch (error) {
      faults.push({ file, status: 'failed', problem: draftFault(error) })
    }
  }
  return tasks
}

function ownTask(id: string, places: readonly string[]): Task {
  return { id, files: places.length > 0 ? [...places] : [`outbox/${id}`], places: [], replaces: [] }
}

function putAsideFault(places: readonly string[]): Fault {
  return {
    title: 'This file of the outbox is spoilt, and was put aside',
    detail: `It is kept as ${places.join(', ')}`,
    next: 'Refer its draft again: if it was stored before, it is not stored twice.',
  }
}

function draftFault(error: unknown): Fault {
  if (!(error instanceof Spoilt)) return faultOf(error)
  return {
    title: `${error.file} is spoilt: it held the id of the referral that this draft is`,
    next: 'If the draft was referred before, leave it. If it was not, move that file away and refer it.',
  }
}
