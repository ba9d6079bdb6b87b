/**
 * Requests that wait until there is something. One that waits has no connection to the database, no transaction and
 * no lock. What is announced, by whichever replica, wakes them; and because an announcement may be lost, and a lease
 * that runs out is announced by nobody, they look every second or so as well.
 *
 * They look together, in rounds: one transaction asks for each of them whether there would be something for it, and
 * of those for whom there is the same thing only one goes for it. What is looked for in vain is followed by a pause ten
 * times as long, so that those who wait for what does not come cost a tenth of a connection, however many they are.
 */
import type { Database, Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'

/** Who waits for an answer: its connection, as far as that is of use here. */
type Listener = {
  readonly destroyed: boolean
  once(event: 'close', act: () => void): unknown
  off(event: 'close', act: () => void): unknown
}

export type Wait = {
  readonly clientId: string
  readonly seconds: number
  readonly listener: Listener
  /** Called before it waits: what waits is to stand in nobody's way. */
  leave(): void
}

/** What is waited for. */
export type Wanted<Found> = {
  /**
   * Looks, and takes what there is; `undefined` for nothing.
   *
   * @param isLast - it has to answer all the same
   * @param hasWaited - the caller was let in a while ago
   */
  look(isLast: boolean, hasWaited: boolean): Promise<Found | undefined>
  /**
   * What `look` would find: each is for one of those to whom it is offered. What is not to be shared with others is an
   * object of its own.
   */
  offers(tx: Tx): Promise<readonly unknown[]>
}

/** How many requests of one client wait at once, on one replica. */
const waitsMax = 4

/** Between two rounds that nothing woke, by chance between these, so that replicas do not look together. */
const pollMsMin = 500
const pollMsMax = 1_000
const restMsMin = 10
/** What was looked for in vain is followed by a pause so many times as long. */
const restsPerLook = 10

type Member = Pick<Wanted<unknown>, 'offers'> & { readonly call: () => void }

export type Waiting = ReturnType<typeof createWaiting>

/** Those that wait on this replica. */
export function createWaiting(database: Pick<Database, 'inTransaction' | 'onAnnounced'>) {
  const counts = new Map<string, number>()
  const rounds = createRounds(database)

  return {
    /** Lets all of them look for the last time, and no other wait: the service ends. */
    end: rounds.end,

    /**
     * Looks until there is something, for the time that the caller gives it.
     *
     * @throws Refusal `too-many-requests` if too many of the client wait, `request-incomplete` once it hung up
     */
    async until<Found>(
      { clientId, seconds, listener, leave }: Wait,
      { look, offers }: Wanted<Found>,
    ): Promise<Found | undefined> {
      const deadline = performance.now() + seconds * 1000
      let since = rounds.woken()
      const first = await look(seconds === 0 || rounds.isEnding(), false)
      if (first !== undefined) return first
      const count = counts.get(clientId) ?? 0
      if (count >= waitsMax) {
        const detail = `${waitsMax} requests of this client wait already`
        throw new Refusal('too-many-requests', detail, { retryAfterSeconds: 1 })
      }
      counts.set(clientId, count + 1)
      leave()
      try {
        for (;;) {
          const left = deadline - performance.now()
          if (left > 0) await rounds.join({ ms: left, listener, offers, since })
          if (listener.destroyed) throw new Refusal('request-incomplete', 'the client hung up')
          const isLast = rounds.isEnding() || performance.now() >= deadline
          since = rounds.woken()
          const begun = performance.now()
          const found = await look(isLast, true)
          if (found !== undefined || isLast) return found
          rounds.spent(performance.now() - begun)
        }
      } finally {
        const others = (counts.get(clientId) ?? 1) - 1
        if (others > 0) counts.set(clientId, others)
        else counts.delete(clientId)
      }
    },
  }
}

type Joining = {
  readonly ms: number
  readonly listener: Listener
  /** How often they had been woken when it looked last. */
  readonly since: number
} & Pick<Member, 'offers'>

function nextPoll(): number {
  return performance.now() + pollMsMin + Math.random() * (pollMsMax - pollMsMin)
}

/** Calls those for whom there is something. */
function createRounds(database: Pick<Database, 'inTransaction' | 'onAnnounced'>) {
  const members = new Set<Member>()
  let isEnding = false
  let woken = 0
  let [isWoken, isTurning] = [false, false]
  let restsUntil = 0
  let pollAt = 0
  let timer: NodeJS.Timeout | undefined

  function schedule(): void {
    clearTimeout(timer)
    if (members.size === 0 || isTurning) return
    const ms = Math.max(restsUntil, isWoken ? 0 : pollAt) - performance.now()
    if (ms > 0) timer = setTimeout(turn, ms)
    else void turn()
  }

  function spent(ms: number): void {
    restsUntil = Math.max(restsUntil, performance.now()) + Math.max(restMsMin, restsPerLook * ms)
  }

  async function turn(): Promise<void> {
    isTurning = true
    isWoken = false
    const [first] = members
    // One alone had better go for it: it asks the same.
    if (first && members.size === 1) first.call()
    // The database is away, or somebody asks for too much: each finds out for itself at its end.
    else if (first) await round().catch(() => {})
    pollAt = nextPoll()
    isTurning = false
    schedule()
  }

  async function round(): Promise<void> {
    const begun = performance.now()
    const asked = [...members]
    let called = 0
    try {
      called = await callThose(database, asked)
    } finally {
      spent((performance.now() - begun) * (1 - called / asked.length))
    }
  }

  function wake(): void {
    woken += 1
    isWoken = true
    schedule()
  }

  database.onAnnounced(wake)

  return {
    spent,
    woken: () => woken,
    isEnding: () => isEnding,
    end() {
      isEnding = true
      for (const { call } of members) call()
    },
    /** Until there may be something for it, its time is over, it has hung up, or the service ends. */
    join({ ms, listener, offers, since }: Joining): Promise<void> {
      if (isEnding) return Promise.resolve()
      return new Promise((resolve) => {
        const call = () => {
          clearTimeout(over)
          listener.off('close', call)
          members.delete(member)
          resolve()
        }
        const over = setTimeout(call, ms)
        const member = { offers, call }
        // It has just looked.
        if (members.size === 0) pollAt = nextPoll()
        members.add(member)
        listener.once('close', call)
        // Whoever woke them while it looked did not wake it.
        if (since !== woken) isWoken = true
        schedule()
      })
    },
  }
}

/** Asks for all of them at once, and calls those for whom there is something; returns how many they are. */
async function callThose(
  database: Pick<Database, 'inTransaction'>,
  members: readonly Member[],
): Promise<number> {
  const system = { kind: 'system', request: newId() } as const
  const offered = await database.inTransaction(system, (tx) =>
    Promise.all(members.map(({ offers }) => offers(tx))),
  )
  const taken = new Set<unknown>()
  for (const [index, { call }] of members.entries()) {
    const free = offered[index]?.find((one) => !taken.has(one))
    if (free === undefined) continue
    taken.add(free)
    call()
  }
  return taken.size
}
