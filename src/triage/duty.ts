/**
 * The step that tells people by mail of `immediate` items that nobody holds: those on duty once it is ten minutes,
 * and others once it is thirty.
 *
 * In one transaction an item is noted as told, what is to be sent is written down, and one mail of it is taken,
 * with its entry in the log. It is sent after the commit: so of several replicas one sends it, and whoever dies
 * while it sends leaves it to be sent again, twice then rather than never. A mail says how many items it is about
 * when it is sent, not whose they are; if somebody holds them all by then it is not sent.
 *
 * An item that was held in between is new: if nobody holds it again for ten minutes, it is told again.
 */
import { append } from '../audit/service.ts'
import type { Database, Tx } from '../database/connect.ts'
import { elect, type Step } from '../database/lock.ts'
import { equalBytes, utf8 } from '../protocol/bytes.ts'
import { sha256 } from '../protocol/sodium.ts'
import { newId } from '../protocol/uuid.ts'
import { dueAt } from './calendar.ts'
import { type DutyStep, unheldMinutes } from './lease.ts'
import {
  deleteMail,
  insertMails,
  noteUnheld,
  postponeMail,
  selectUnheld,
  type TakenMail,
  takeMail,
  tellItems,
} from './store/duty.ts'

export type Mail = { readonly subject: string; readonly text: string }

/** Resolves once a server has taken it. What it throws names no address. */
export type SendMail = (to: string, mail: Mail) => Promise<void>

export type DutyOptions = {
  /** The deployment's name. */
  readonly origin: string
  readonly send: SendMail
  /** Mail addresses: of those on duty, and of those told later. */
  readonly addresses: Readonly<Record<DutyStep, readonly string[]>>
  readonly onSent: () => void
  /** It is sent again later. */
  readonly onFailed: (error: unknown) => void
}

const everyMs = 5_000
/** As in counting.ts: it looks for a twentieth of the time at most. */
const restTimes = 19
/** In this time a mail is sent, or whoever took it is gone. */
const takenSeconds = 120
const [againSeconds, againSecondsMax] = [15, 300]
const work = 'telling of immediate items'

/** Looks at most every five seconds, on each replica; one at a time notes what is to be told. */
export function createDuty(database: Database, options: DutyOptions): Step {
  let notBefore = 0
  const system = () => ({ kind: 'system', request: newId() }) as const
  return {
    name: work,
    isUnwoken: true,
    async run() {
      const begun = performance.now()
      if (begun < notBefore) return false
      let taken: Taken | undefined
      try {
        taken = await database.inTransaction(system(), (tx) => take(tx, options))
      } finally {
        const ended = performance.now()
        if (!taken) notBefore = ended + Math.max(everyMs, (ended - begun) * restTimes)
      }
      if (!taken) return false
      const { row, to, mail } = taken
      const error = await options.send(to, mail).then(options.onSent, asError)
      if (error) options.onFailed(error)
      await database.inTransaction(system(), (tx) =>
        error ? postponeMail(tx, row, pauseAfter(row.attempts)) : deleteMail(tx, row),
      )
      return true
    },
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a mail was not taken')
}

type Taken = { readonly row: TakenMail; readonly to: string; readonly mail: Mail }

/** Notes what is to be told, and takes one mail that is due; one that is for nobody any more is dropped. */
async function take(tx: Tx, { origin, addresses }: DutyOptions): Promise<Taken | undefined> {
  if (!(await elect(tx, work))) return undefined
  // Whatever is immediate is due within its allowance, whenever it arrived.
  await noteUnheld(tx, dueAt({ arrivedAt: tx.now, urgency: 'immediate' }))
  for (const step of [1, 2] as const) {
    const items = await tellItems(tx, step, unheldMinutes[step])
    if (items > 0) await insertMails(tx, step, addresses[step].map(hashOf))
  }
  const row = await takeMail(tx, takenSeconds)
  if (!row) return undefined
  const { step, attempts, addressSha256 } = row
  const to = addresses[step].find((address) => equalBytes(hashOf(address), addressSha256))
  const unheld = await selectUnheld(tx, step)
  if (to === undefined || unheld.items === 0) {
    await deleteMail(tx, row)
    return undefined
  }
  const details = { step, attempt: attempts, items: unheld.items }
  await append(tx, { action: 'duty.mailed', details })
  return { row, to, mail: wordsOf(origin, unheld) }
}

function hashOf(address: string): Uint8Array {
  return sha256(utf8(address))
}

/** So many seconds after the nth attempt the next is made. */
function pauseAfter(attempts: number): number {
  return Math.min(againSeconds * 2 ** (attempts - 1), againSecondsMax)
}

const london = new Intl.DateTimeFormat('en-GB', {
  ...{ timeZone: 'Europe/London', dateStyle: 'medium', timeStyle: 'short' },
})

type Unheld = { readonly items: number; readonly minutes: number; readonly since: string }

function wordsOf(origin: string, { items, minutes, since }: Unheld): Mail {
  const many = items === 1 ? '1 immediate item' : `${items} immediate items`
  return {
    subject: `${many} held by nobody for ${minutes} minutes`,
    text: [
      `On ${origin} nobody holds ${many}, since ${london.format(new Date(since))} in London`,
      `where it is longest: ${minutes} minutes.`,
      '',
      'Somebody may be in danger. Claim now: `intake claim` gives the most urgent item first, and',
      '`intake claim --escalated` those that need a person.',
      '',
      'This mail says of nobody who they are. Once somebody holds the items, none comes again.',
      '',
    ].join('\n'),
  }
}
