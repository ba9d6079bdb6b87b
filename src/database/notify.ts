/**
 * Tells the other replicas of announced work, and hears of theirs, by NOTIFY. Never in an act: at its commit that
 * holds up all others that notify. And it is no more than a hint: whoever waits looks now and then anyway.
 */
import { required } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import { readAddress } from './address.ts'
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
export function joinReplicas({ database, url, onLost, onHeard }: ReplicasOptions) {
  const address = required(readAddress(url), 'the address was looked at before')
  const { hosts } = address
  /** What this process sends it hears as well. */
  const own = newId()
  let link: Link | undefined
  let timer: NodeJS.Timeout | undefined
  let failures = 0
  let isClosed = false

  function connect(): void {
    const host = hosts[failures % hosts.length] ?? hosts[0]
    const made = openLink({ address, prepare: false }, host, {
      onnotify: (_, from) => from === own || database.announced(false),
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
