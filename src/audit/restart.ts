/**
 * Closing a log that lost entries, and opening the next. A log is never continued over a gap: whoever kept one
 * of its checkpoints would find it broken. The next says with its first entry why, and where the last ended.
 */
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { encodeBase64url, utf8 } from '../protocol/bytes.ts'
import { Label } from '../protocol/label.ts'
import { parseNote } from '../protocol/log/note.ts'
import { originOfLog } from '../protocol/logorigin.ts'
import { sha256 } from '../protocol/sodium.ts'
import { newId } from '../protocol/uuid.ts'
import { schemaProblems } from '../referral/problems.ts'
import { append } from './service.ts'
import { type Point, pointOf } from './tree.ts'
import { closeOpenLog, insertLogAfter, selectOpenLog } from './tree-store.ts'

const Reason = Label(200)

export type Restart = {
  /** The deployment's name. */
  readonly deployment: string
  /** In the words of the person who decides; auditors read it. */
  readonly reason: string
  /** The newest checkpoint outside the database, if there is one. */
  readonly kept: string | undefined
}

/**
 * Closes the open log and opens the next. The first entry of that names the old log with the SHA-256 of the
 * text of its last checkpoint, of the database or from outside it, whichever is newer.
 *
 * @returns the numbers of both
 * @throws Refusal `malformed-request` for a reason that is none, `not-found` where no log has begun
 */
export async function restartLog(
  tx: Tx,
  { deployment, reason, kept }: Restart,
): Promise<{ readonly closed: number; readonly opened: number }> {
  const [problem] = schemaProblems(Reason, reason)
  if (problem) throw new Refusal('malformed-request', `the reason ${problem.detail}`)
  const head = await closeOpenLog(tx)
  const known = [head?.checkpoint, kept].flatMap((text) =>
    text ? [{ text, point: pointOf(text, deployment) }] : [],
  )
  const last = known.sort((a, b) => order(b.point, a.point))[0]
  const closed = last?.point.log ?? head?.n
  // Without either the first log is still to begin.
  if (closed === undefined) throw new Refusal('not-found', 'there is no log')
  const opened = Math.max(closed, head?.n ?? 0) + 1
  const id = newId()
  await append(
    tx,
    {
      action: 'log.restarted',
      object: {
        ...{ kind: 'log', id: String(closed) },
        ...(last && { digest: encodeBase64url(sha256(utf8(parseNote(last.text).text))) }),
      },
      details: {
        reason,
        ...(last && { checkpoint: last.text }),
        entriesInDatabase: head?.size ?? 0,
      },
    },
    id,
  )
  await insertLogAfter(tx, opened, originOfLog(deployment, opened), id)
  return { closed, opened }
}

/** The origin of the log that is open; none before the first entry has its place. */
export async function openLogOrigin(tx: Tx): Promise<string | undefined> {
  return (await selectOpenLog(tx))?.origin
}

function order(a: Point, b: Point): number {
  return a.log - b.log || a.size - b.size
}
