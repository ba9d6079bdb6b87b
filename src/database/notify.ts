/**
 * Tells the other replicas of announced work, and hears of theirs, by NOTIFY. Never in an act: at its commit that
 * holds up all others that notify. And it is no more than a hint: whoever waits looks now and then anyway.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { required } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import { type Address, type Host, readAddress } from './address.ts'
import type { Database } from './connect.ts'
import { answerWithin } from './lost.ts'
import { type Link, openLink } from './pool.ts'

export type ReplicasOptions = {
  readonly database: Pick<Database, 'announced' | 'onAnnounced'>
  /** Of the same database, but for a pooler in between that gives each transaction another session. */
  readonly url: string
  /** Told once of each time in which the others are not heard, and of its end. */
  readonly onLost: (error: unknown) => void
  readonly onHeard: () => void
  /** Told once where the connection stands and nothing comes over it: there is such a pooler. */
  readonly onDeaf: () => void
}

const channel = 'referral_intake_work'
/** Between two notifications of this process, however much it brings meanwhile. */
const gapMs = 25
/** A connection that hangs is found out this much later. */
const beatMs = 15_000
const answerMsMax = 4_000
const againMsMin = 500
const againMsMax = 30_000

/** Begins at once, and does not wait for it. One connection, which is made anew whenever it is lost. */
export function joinReplicas({ database, url, onLost, onHeard, onDeaf }: ReplicasOptions) {
  const address = required(readAddress(url), 'the address was looked at before')
  const { hosts } = address
  /** What this process sends it hears as well. */
  const own = newId()
  let link: Link | undefined
  let timer: NodeJS.Timeout | undefined
  let failures = 0
  let isClosed = false
  const trial = createTrial(address, onDeaf)

  function connect(): void {
    const host = hosts[failures % hosts.length] ?? hosts[0]
    const made = openLink({ address, prepare: false }, host, {
      onnotify: (_, from) => trial.isOf(from) || from === own || database.announced(false),
      onclose: () => lost(made, new Error('the connection was closed')),
    })
    link = made
    void ask(made, `listen ${channel}`).then((answers) => answers && heard(made))
  }

  /** Whether it answers; one that does not is lost. */
  async function ask(asked: Link, statement: string): Promise<boolean> {
    try {
      await answerWithin(asked.sql.unsafe(statement), answerMsMax)
      return link === asked
    } catch (error) {
      lost(asked, error)
      return false
    }
  }

  function heard(made: Link): void {
    if (failures > 0) onHeard()
    failures = 0
    // What was told meanwhile nobody heard.
    database.announced(false)
    timer = setInterval(() => void ask(made, 'select 1'), beatMs)
    void trial.run(made.host, () => link === made)
  }

  function lost(last: Link, error: unknown): void {
    if (link !== last) return
    link = undefined
    last.cut()
    clearInterval(timer)
    if (isClosed) return
    if (failures === 0) onLost(error)
    const ms = Math.min(againMsMin * 2 ** failures, againMsMax)
    failures += 1
    timer = setTimeout(connect, ms * (0.5 + Math.random()))
  }

  let isTelling = false
  let isMore = false

  async function tell(): Promise<void> {
    isMore = true
    if (isTelling) return
    isTelling = true
    while (isMore) {
      isMore = false
      if (link) await ask(link, `notify ${channel}, '${own}'`)
      await new Promise((resolve) => setTimeout(resolve, gapMs))
    }
    isTelling = false
  }

  database.onAnnounced((isHere) => void (isHere && !isClosed && tell()))
  connect()
  return {
    close(): void {
      isClosed = true
      if (link) lost(link, undefined)
      clearTimeout(timer)
    },
  }
}

/**
 * Finds out once whether anything is heard. A pooler takes LISTEN and answers, but hands what comes for a session of the
 * server to whoever has that one at the moment. So another session notifies: that one gets it, or nobody.
 */
function createTrial(address: Address, onDeaf: () => void) {
  const text = newId()
  let hasCome = false
  let isOver = false
  return {
    /** Whether it is what the trial sent. */
    isOf(heard: string): boolean {
      if (heard === text) hasCome = true
      return heard === text
    },
    /** @param isStanding - whether the connection that listens is still the same */
    async run(host: Host, isStanding: () => boolean): Promise<void> {
      if (isOver) return
      const elsewhere = openLink({ address, prepare: false }, host)
      try {
        await answerWithin(elsewhere.sql.unsafe(`notify ${channel}, '${text}'`), answerMsMax)
      } catch {
        // It says nothing of what is heard: tried again with the next connection.
        return
      } finally {
        elsewhere.cut()
      }
      await pause(answerMsMax, undefined, { ref: false })
      if (isOver || !isStanding()) return
      isOver = true
      if (!hasCome) onDeaf()
    },
  }
}
