/**
 * What the background work reports: one row for each kind of report, with its line in the log and its
 * count for the operator. A step that has something new to report adds a row here, and tells it.
 */
import type { LogStanding } from '../audit/sequencer.ts'
import { isAway, Overlong } from '../database/lost.ts'
import type { QueueFigures } from '../triage/counting.ts'

/** One kind of report. */
export type Row = {
  /** A line of the log; none where there is nothing to act on. */
  readonly line?: { readonly level: 'error' | 'warn'; readonly text: string }
  /** A counter, or a gauge of the moment at which it was last told. */
  readonly count?: {
    readonly name: string
    readonly help: string
    readonly by?: 'step'
    readonly isMoment?: true
  }
  /** Gauges of what was told. */
  readonly gauges?: readonly {
    readonly name: string
    readonly help: string
    readonly of: keyof Omit<LogStanding, 'halted'>
  }[]
}

export const reports = {
  /** A turn of a step is over, whatever was done in it. */
  turned: {
    count: {
      name: 'intake_background_turn_timestamp_seconds',
      help: 'When each step of the background work last ended a turn',
      by: 'step',
      isMoment: true,
    },
  },
  /** A batch failed; it is tried again at the next turn. */
  failed: {
    line: { level: 'error', text: 'a step of the background work failed' },
    count: {
      name: 'intake_background_failures_total',
      help: 'Batches of the background work that failed and are tried again, by step',
      by: 'step',
    },
  },
  unpaired: {
    line: { level: 'error', text: 'a referral could not be paired' },
    count: {
      name: 'intake_pairing_failures_total',
      help: 'Referrals that could not be paired and are tried again later',
    },
  },
  crowded: {
    line: { level: 'warn', text: 'a match value is shared by more referrals than are compared' },
    count: {
      name: 'intake_pairing_crowded_total',
      help: 'Referrals with a match value that more referrals share than are compared',
    },
  },
  /** How the access log stands; told at each turn of its sequencer. */
  log: {
    gauges: [
      {
        name: 'intake_log_size',
        help: 'Entries of the access log that are under a signed checkpoint',
        of: 'size',
      },
      {
        name: 'intake_log_unsequenced',
        help: 'Entries that are under none yet, counted up to 10000',
        of: 'unsequenced',
      },
      {
        name: 'intake_log_unsequenced_oldest_seconds',
        help: 'For how long the oldest of them has waited',
        of: 'oldestSeconds',
      },
      {
        name: 'intake_log_checkpoint_timestamp_seconds',
        help: 'When the newest checkpoint was signed',
        of: 'signedSeconds',
      },
    ],
  },
  /** The queue was counted; its gauges stand in `queuemetrics.ts`. */
  queue: {},
  /** The log may not be continued: told once, and again after it was restarted or the thread was. */
  halted: {
    line: { level: 'error', text: 'the access log is not continued' },
    count: {
      name: 'intake_log_halted_total',
      help: 'Times that the sequencer found that the access log must not be continued',
    },
  },
  unwitnessed: {
    line: { level: 'warn', text: 'a witness did not sign the checkpoint of the access log' },
    count: {
      name: 'intake_log_unwitnessed_total',
      help: 'Times that a witness was shown a checkpoint and did not sign it',
    },
  },
  /** People on duty were told of immediate items that nobody holds. */
  mailed: {
    count: {
      name: 'intake_duty_mails_total',
      help: 'Mails about immediate items that nobody holds which a mail server took',
    },
  },
  unmailed: {
    line: { level: 'error', text: 'a mail to people on duty was not taken' },
    count: {
      name: 'intake_duty_mail_failures_total',
      help: 'Times that no mail server took such a mail; it is sent again',
    },
  },
  /** A message of a webhook was taken. */
  sent: {
    count: {
      name: 'intake_webhook_sent_total',
      help: 'Messages that endpoints of webhooks took',
    },
  },
  /** A message failed; it is tried again, or its endpoint was disabled. */
  unsent: {
    count: {
      name: 'intake_webhook_failures_total',
      help: 'Tries of messages that endpoints of webhooks did not take',
    },
  },
  silenced: {
    line: { level: 'warn', text: 'an endpoint of a webhook was disabled: it is told nothing more' },
    count: {
      name: 'intake_webhook_disabled_total',
      help: 'Endpoints of webhooks that were disabled: by 410, because all tries had failed, or because the secret does not open',
    },
  },
  /** Told each hour, until they are set again or taken away. */
  unretained: {
    line: {
      level: 'warn',
      text: 'rules of retention were set in the database that this one was restored from: nothing goes by them',
    },
    count: {
      name: 'intake_retention_idle_total',
      help: 'Times, once an hour, that rules of retention were found which a restore or a failover has ended',
    },
  },
  /** The thread which does the work has ended, and will be started again. */
  ended: {
    line: { level: 'error', text: 'the background work ended, and starts again' },
    count: {
      name: 'intake_background_ended_total',
      help: 'Times that the thread of the background work ended and was started again',
    },
  },
  /** There is work for whoever waits for some. */
  brought: {},
  /** The database is away. The outage has a line of its own, and no batch that fails for it is reported. */
  away: {},
} as const satisfies Record<string, Row>

export type Told = {
  readonly kind: keyof typeof reports
  readonly step?: string
  /** The name of its key. */
  readonly witness?: string
  readonly error?: unknown
  readonly log?: LogStanding
  readonly queue?: QueueFigures
}

/** Reports. It never throws, and never delays who tells. */
export type Tell = (told: Told) => void

type Line = (fields: object, message: string) => void

/** Writes lines to `log` and counts to `count`; an outage goes to `onAway`. */
export function createTell(
  log: { readonly error: Line; readonly warn: Line },
  count: Tell,
  onAway: (error: unknown) => void = () => {},
): Tell {
  return (told) => {
    const { line }: Row = reports[told.kind]
    if (told.kind === 'away') onAway(told.error)
    count(told)
    const { step, witness, error } = told
    const fields = { ...(step && { step }), ...(witness && { witness }) }
    if (line) log[line.level]({ ...(error !== undefined && { err: error }), ...fields }, line.text)
  }
}

/**
 * Sorts outages from what failed. A batch that failed because the database is away is told as that alone.
 * One that was at work until its time was up is told as failed: work that is too long looks the same each
 * time, and if the database has stopped answering, the next transaction tells so.
 *
 * @returns `onAway` for the database of the work, and what the work tells
 */
export function sortAway(tell: Tell): { onAway(error: unknown): void; tell: Tell } {
  const isOutage = (error: unknown) => isAway(error) && !(error instanceof Overlong)
  return {
    onAway(error) {
      if (isOutage(error)) tell({ kind: 'away', error })
    },
    tell(told) {
      // A witness or a mail server that cannot be reached fails as a database does, and is another outage.
      if (isElsewhere(told) || !isOutage(told.error)) tell(told)
    },
  }
}

function isElsewhere({ kind }: Told): boolean {
  return kind === 'unwitnessed' || kind === 'unmailed'
}
