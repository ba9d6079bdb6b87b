/**
 * A consumer of the queue: claims, opens, hands to a handler, renews meanwhile, ends or gives back.
 *
 * What may be lost is an answer, never a lease: each claim has a key of its own, under which it is sent until it is
 * answered. Whoever stops gives back what it holds, so that no lease runs out; one that is killed cannot, and its
 * items are claimed by others when their leases have ended.
 */

import type { Opened, Unopenable } from '../protocol/envelope/open.ts'
import type { Released } from '../protocol/envelope/released.ts'
import { newId } from '../protocol/uuid.ts'
import type { Claiming, ClaimOptions } from './claiming.ts'
import { createEnding } from './ending.ts'
import { ServiceProblem } from './failure.ts'
import { backoffMs, jittered, passes, pause } from './pacing.ts'
import { createParting } from './parting.ts'
import type { Claim } from './schemas.ts'
import { createWorking, type Handler } from './working.ts'

type Chosen = 'max' | 'leaseSeconds' | 'waitSeconds' | 'caseId' | 'referral'

/** What to claim, as of `ClaimOptions`, and how to work on it. */
export type ConsumeOptions = Omit<ClaimOptions, Chosen> & {
  /** How many handlers work at once, 1 (the default) to 50. */
  readonly concurrency?: number
  /** 30 to 3600, else 300: so late others get what this process held, if it is killed. */
  readonly leaseSeconds?: number
  /** How long handlers may go on after a stop, 5 if left out. */
  readonly graceSeconds?: number
  /** It stops when this is aborted. */
  readonly signal?: AbortSignal
  /** It stops at the first SIGTERM or SIGINT of this process; the second ends the process as ever. */
  readonly stopOnSignals?: boolean
  /**
   * Told all that goes wrong, also what is tried again; what concerns an item, with its claim. An error that a handler
   * threw is told as it is: it may hold what the referral says.
   */
  readonly onTrouble: (error: unknown, claim?: Claim) => void
}

export type Consumer = {
  /** Resolves once it has stopped; rejects, when all is given back, for what neither time nor another try mends. */
  readonly done: Promise<void>
  /** Claims no more, lets handlers end within `graceSeconds`, and gives back the rest. @returns `done` */
  stop(): Promise<void>
}

/** @see createConsuming */
export type Consuming = {
  /**
   * Claims work again and again, and hands each item to `handler`, until it is stopped.
   *
   * It renews each lease while the handler works, and completes the item by what that returns, several together. It
   * waits out the network, load, and a service that is away.
   *
   * @throws RangeError for a `concurrency` that is none
   */
  consume(handler: Handler, options: ConsumeOptions): Consumer
}

/** What it needs of a reader. */
type Parts = Pick<Claiming, 'claim' | 'renew' | 'release' | 'completeSeveral'> & {
  open(released: Released): Promise<Opened | Unopenable>
}

/** How fast a consumer goes. */
type Pace = {
  /** How long a claim waits where there is nothing, 0 to 30. */
  readonly waitSeconds: number
  /** Between two claims that got nothing. */
  readonly pollMs: number
  /** A lease is renewed when about this part of it is over. */
  readonly renewShare: number
  /** After a request that failed: the first time, and at most. */
  readonly faultMs: readonly [first: number, most: number]
  /** For how long an item is held back whose handler failed: the first time, and at most. */
  readonly heldBackMs: readonly [first: number, most: number]
  /** For how long it tries to part with what it holds, once handlers must have ended. */
  readonly farewellMs: number
}

const usualPace: Pace = {
  waitSeconds: 20,
  pollMs: 2_000,
  renewShare: 0.4,
  faultMs: [1_000, 60_000],
  heldBackMs: [5_000, 300_000],
  farewellMs: 10_000,
}

/** The part of a reader that works for hours. @param pace - another is for tests */
export function createConsuming(reader: Parts, pace: Pace = usualPace): Consuming {
  return {
    consume(handler, options) {
      const { concurrency = 1 } = options
      if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 50) {
        throw new RangeError('concurrency is a whole number from 1 to 50')
      }
      const stopping = new AbortController()
      const stop = () => stopping.abort()
      const forget = stopWith(options, stop)
      const done = consumeUntil(stopping, { reader, handler, options, pace }).finally(forget)
      return {
        done,
        stop() {
          stop()
          return done
        },
      }
    },
  }
}

type Signals = Record<'on' | 'off', (name: 'SIGTERM' | 'SIGINT', act: () => void) => void>

/** Calls `stop` by what the options name. @returns what makes it forget that */
function stopWith({ signal, stopOnSignals }: ConsumeOptions, stop: () => void): () => void {
  // In a browser there is none.
  const host = stopOnSignals ? (globalThis as { process?: Signals }).process : undefined
  const forget = () => {
    signal?.removeEventListener('abort', stopOnce)
    for (const name of ['SIGTERM', 'SIGINT'] as const) host?.off(name, stopOnce)
  }
  const stopOnce = () => {
    forget()
    stop()
  }
  signal?.addEventListener('abort', stopOnce)
  for (const name of ['SIGTERM', 'SIGINT'] as const) host?.on(name, stopOnce)
  if (signal?.aborted) stopOnce()
  return forget
}

type Task = {
  readonly reader: Parts
  readonly handler: Handler
  readonly options: ConsumeOptions
  readonly pace: Pace
}

/** A claim that was sent, and not answered yet. */
type Unanswered = { readonly idempotencyKey: string; readonly max: number; readonly sentAt: number }

async function consumeUntil(stop: AbortController, { reader, handler, options, pace }: Task) {
  const { concurrency = 1, leaseSeconds = 300, graceSeconds = 5, onTrouble, ...rest } = options
  const { signal: _, stopOnSignals: __, ...chosen } = rest
  const stopping = stop.signal
  const ends = endsAfter(stopping, graceSeconds * 1_000, pace.farewellMs)
  const ending = createEnding(reader.completeSeveral)
  const { graceOver, farewell } = ends
  const { faultMs } = pace
  const parting = createParting({ ...reader, ending, faultMs, onTrouble, farewell })
  const parts = { reader, handler, leaseSeconds, ...pace, parting, onTrouble }
  const { workOn } = createWorking({ ...parts, stopping, graceOver })
  const crew = createCrew(concurrency, stop)
  const take = ({ max, idempotencyKey }: Unanswered, waitSeconds: number, signal: AbortSignal) =>
    reader.claim({ ...chosen, leaseSeconds, max, waitSeconds }, { idempotencyKey, signal })

  async function work(claim: Claim, sentAt: number): Promise<void> {
    const later = await workOn(claim, sentAt)
    if (later) crew.holdBack(later())
  }

  let unanswered: Unanswered | undefined
  let { waitSeconds } = pace
  let faults = 0
  for (let room = await crew.room(); room > 0; room = await crew.room()) {
    unanswered ??= { idempotencyKey: newId(), max: room, sentAt: performance.now() }
    const asked = performance.now()
    try {
      const claims = await take(unanswered, waitSeconds, stopping)
      for (const claim of claims) crew.work(work(claim, unanswered.sentAt))
      unanswered = undefined
      faults = 0
      waitSeconds = pace.waitSeconds
      // A service that ends, or that lets no more wait, answers at once.
      const leftMs = jittered(pace.pollMs) - (performance.now() - asked)
      if (claims.length === 0) await pause(leftMs, stopping)
    } catch (error) {
      if (stopping.aborted) break
      if (!passes(error)) {
        unanswered = undefined
        crew.fail(error)
        break
      }
      faults += 1
      // Only so many of one client may wait.
      if (error instanceof ServiceProblem && error.problem.status === 429) waitSeconds = 0
      onTrouble(error)
      await pause(backoffMs(faults, ...faultMs), stopping)
    }
  }
  if (unanswered) await giveBackUnheard(unanswered)
  await crew.allDone()
  ends.forget()
  const failure = crew.failure()
  if (failure) throw failure.error

  /** What was claimed just before the stop, and by an answer that never came. */
  async function giveBackUnheard(claim: Unanswered): Promise<void> {
    try {
      for (const one of await take(claim, 0, farewell)) crew.work(parting.giveBack(one))
    } catch (error) {
      onTrouble(error)
    }
  }
}

/** When handlers must have ended, and when all must have been given back. */
function endsAfter(stopping: AbortSignal, graceMs: number, farewellMs: number) {
  const [forgotten, graceOver, farewell] = [
    new AbortController(),
    new AbortController(),
    new AbortController(),
  ]
  async function count(): Promise<void> {
    for (const [ms, controller] of [
      [graceMs, graceOver],
      [farewellMs, farewell],
    ] as const) {
      await pause(ms, forgotten.signal)
      if (forgotten.signal.aborted) return
      controller.abort(new Error('the consumer was stopped'))
    }
  }
  if (stopping.aborted) void count()
  else stopping.addEventListener('abort', () => void count(), { once: true })
  const forget = () => forgotten.abort()
  return { graceOver: graceOver.signal, farewell: farewell.signal, forget }
}

/** All that is under way, and how much more may be begun. */
function createCrew(concurrency: number, stop: AbortController) {
  const [busy, heldBack] = [new Set<Promise<void>>(), new Set<Promise<void>>()]
  let failure: { readonly error: unknown } | undefined
  let changed = new AbortController()

  function fail(error: unknown): void {
    failure ??= { error }
    stop.abort()
  }

  function track(all: Set<Promise<void>>, one: Promise<void>): void {
    const tracked = one.catch(fail).finally(() => {
      all.delete(tracked)
      changed.abort()
    })
    all.add(tracked)
  }

  return {
    work: (one: Promise<void>) => track(busy, one),
    holdBack: (one: Promise<void>) => track(heldBack, one),
    fail,
    failure: () => failure,
    /** How many more may be claimed, once that is any; 0 when it stops. */
    async room(): Promise<number> {
      for (;;) {
        if (stop.signal.aborted) return 0
        // Where every handler fails, it stops claiming for as long.
        const isBroken = heldBack.size >= Math.max(concurrency, heldBackMin)
        if (busy.size < concurrency && !isBroken) return concurrency - busy.size
        changed = new AbortController()
        await pause(lookMs, changed.signal, stop.signal)
      }
    },
    async allDone(): Promise<void> {
      while (busy.size + heldBack.size > 0) await Promise.all([...busy, ...heldBack])
    },
  }
}

/** So many items may be held back at least before no more is claimed. */
const heldBackMin = 10

/** Nothing is missed: it only looks again. */
const lookMs = 60_000
