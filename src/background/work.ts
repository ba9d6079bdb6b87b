/** What is done in the background. */
import { createSequencer, type Kept } from '../audit/sequencer.ts'
import { createWitnessing, type Post, type Witness } from '../audit/witnessing.ts'
import { createPairing } from '../cases/pairing.ts'
import { createWithdrawing } from '../cases/withdrawing.ts'
import type { Database } from '../database/connect.ts'
import type { Step } from '../database/lock.ts'
import { createFiles } from '../documents/files.ts'
import { createSweeping } from '../documents/service.ts'
import type { Keeping } from '../erasure/restoring.ts'
import { createRetaining } from '../erasure/retaining.ts'
import { createRetiring } from '../matching/retiring.ts'
import { createSettling } from '../messages/service.ts'
import type { KeyPair } from '../protocol/keys.ts'
import { createCounting } from '../triage/counting.ts'
import { createDuty, type DutyOptions } from '../triage/duty.ts'
import { createDelivering } from '../webhooks/service.ts'
import { createForgetting } from './forgetting.ts'
import type { Tell } from './report.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { createWebhookPost } from './webhookpost.ts'

/** How many connections the background work of a replica has: one for each step that may be slow. */
export const backgroundConnections = 3

/** What the access log is signed with, and kept beside. */
export type LogOptions = {
  /** The deployment's name. */
  readonly origin: string
  readonly keys: readonly KeyPair[]
  readonly kept: Kept
  readonly witnesses: readonly Witness[]
  readonly post: Post
}

/** What a deployment may do without. */
export type Extras = {
  /** Whether anybody sees figures of the queue, so that they are counted. */
  readonly isWatched?: boolean
  /** Who is told of immediate items that nobody holds. */
  readonly duty?: Pick<DutyOptions, 'addresses' | 'send'> | undefined
  readonly webhooks?: WebhookPlace
  /** The folder of sealed files. */
  readonly documents?: string
  /** Adds to the list of erasures outside the database. */
  readonly erasureList?: Keeping
}

export type WebhookPlace = {
  /** Under which secrets are sealed. */
  readonly key: Uint8Array
  /** Inward networks that may be called. */
  readonly networks: readonly string[]
}

/** The work of one replica, not started yet. */
export function createWork(
  database: Database,
  log: LogOptions,
  tell: Tell,
  { isWatched = true, duty, webhooks, documents, erasureList }: Extras = {},
): Scheduler {
  const pairing = createPairing(database, {
    onError: (error) => tell({ kind: 'unpaired', error }),
    onCrowded: () => tell({ kind: 'crowded' }),
  })
  const witnessing = createWitnessing(database, {
    ...{ witnesses: log.witnesses, post: log.post },
    onRefused: (error, witness) => tell({ kind: 'unwitnessed', witness, error }),
  })
  let halted: string | undefined
  const sequencer = createSequencer(database, {
    ...{ origin: log.origin, keys: log.keys, kept: log.kept, witnesses: witnessing },
    onStanding(standing) {
      tell({ kind: 'log', log: standing })
      if (standing.halted !== undefined && standing.halted !== halted) {
        tell({ kind: 'halted', error: new Error(standing.halted) })
      }
      halted = standing.halted
    },
  })
  const steps = [
    pairing,
    createSettling(database),
    createWithdrawing(database),
    sequencer,
    witnessing,
    createRetiring(database),
    createForgetting(database),
    ...(isWatched ? [createCounting(database, (queue) => tell({ kind: 'queue', queue }))] : []),
    ...(duty ? [createDuty(database, { ...duty, origin: log.origin, ...mailing(tell) })] : []),
    ...(documents === undefined ? [] : [createSweeping(database, createFiles(documents))]),
    ...(erasureList ? [retainingOf(database, erasureList, tell)] : []),
    ...(webhooks ? [deliveringOf(database, webhooks, tell)] : []),
  ]
  return createScheduler({ steps, connections: backgroundConnections, tell })
}

function mailing(tell: Tell): Pick<DutyOptions, 'onSent' | 'onFailed'> {
  return {
    onSent: () => tell({ kind: 'mailed' }),
    onFailed: (error) => tell({ kind: 'unmailed', error }),
  }
}

function retainingOf(database: Database, list: Keeping, tell: Tell): Step {
  const step = createRetaining(database, {
    ...list,
    onError: (error) => tell({ kind: 'failed', step: step.name, error }),
    onIdle: () => tell({ kind: 'unretained' }),
  })
  return step
}

function deliveringOf(database: Database, { key, networks }: WebhookPlace, tell: Tell): Step {
  const { name: step, ...delivering } = createDelivering(database, {
    key,
    send: createWebhookPost(networks),
    onSettled(sent, failure) {
      for (let left = sent; left > 0; left -= 1) tell({ kind: 'sent' })
      if (failure) tell({ kind: 'unsent' })
    },
    onDisabled: () => tell({ kind: 'silenced' }),
    onError: (error) => tell({ kind: 'failed', step, error }),
  })
  return { name: step, ...delivering }
}
