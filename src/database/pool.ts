/**
 * Connections to the database, each with a driver of its own. The driver has a pool too, but in that
 * nobody can tell which connection hangs, nor which one a warning came from, and what waits in it waits
 * without end; and a connection that it lost it carries on with, the old one's last error included
 * (porsager/postgres, issue 1208). Here one that was lost, or did not answer in time, is never used again.
 */
import { Socket } from 'node:net'
import postgres, { type Notice, type Options, type Sql } from 'postgres'
import { type Address, type Host, tlsOf } from './address.ts'
import { DatabaseAway } from './lost.ts'
import { types } from './types.ts'

/** One connection. It connects when it is first used, and again after it was idle for a minute. */
export type Link = {
  readonly sql: Sql
  readonly host: Host
  /** Whether the server has warned since this was last set to false. */
  warned: boolean
  /** Ends it at once, whatever it is doing. */
  cut(): void
}

export type Pool = {
  /** A connection that nobody else uses. @throws DatabaseAway when none is free within `ms` */
  take(ms: number): Promise<Link>
  /** It is as good as new, and goes to whoever waits. */
  giveBack(link: Link): void
  /**
   * It was lost, or hangs, or its server cannot serve. Those that were made before it are not trusted
   * either, and the next ones go to the next host.
   */
  discard(link: Link): void
  /** Lets those in use come back, for at most five seconds, and ends them all. */
  close(): Promise<void>
  /** Of this moment. */
  standing(): PoolStanding
}

/** How many connections there may be, are in use and lie idle, and how many transactions wait for one. */
export type PoolStanding = Readonly<Record<'max' | 'inUse' | 'idle' | 'waiting', number>>

export type LinkOptions = {
  readonly address: Address
  /** `false`: statements are not prepared. */
  readonly prepare: boolean
}

/** Of a connection that stays open to hear notifications. The driver's own `listen` says nothing of one it lost. */
export type Hearing = {
  readonly onnotify: (channel: string, payload: string) => unknown
  readonly onclose: () => void
}

/** A server that takes longer to let one in is down, as far as who waits is concerned. */
const connectSeconds = 3
const closeMsMax = 5_000

/** A connection to one host. */
export function openLink({ address, prepare }: LinkOptions, host: Host, hearing?: Hearing): Link {
  const url = address.urlOf(host)
  let socket: Socket | undefined
  const options = {
    // Arrays, because the driver takes an IPv6 address apart.
    host: [host.host],
    port: [host.port],
    max: 1,
    prepare,
    connect_timeout: connectSeconds,
    ...(hearing ? { ...hearing, idle_timeout: null, max_lifetime: null } : { idle_timeout: 60 }),
    backoff: () => 0,
    fetch_types: false,
    types,
    ...tlsOf(url),
    connection: { application_name: 'referral-intake' },
    onnotice: ({ severity }: Notice) => {
      if (severity === 'WARNING') link.warned = true
    },
    // Ours, so that it can be destroyed: the driver's own farewell waits for the peer.
    socket: () => {
      socket = new Socket().connect(host)
      // TLS names the host that it wants a certificate of.
      return Object.assign(socket, host)
    },
  }
  // The driver's types know neither ours nor `socket`, which its documentation has, nor what its `listen` uses.
  const sql = postgres(url, options as unknown as Options<Record<string, never>>)
  const link: Link = {
    sql,
    host,
    warned: false,
    cut() {
      void sql.end({ timeout: 0 }).finally(() => socket?.destroy())
    },
  }
  return link
}

type Waiting = { readonly resolve: (link: Link) => void }

/** At most `max` connections at a time, to one host after the other as they fail. */
export function createPool(options: LinkOptions, max: number): Pool {
  const { hosts } = options.address
  let hostAt = 0
  /** Those that may be used, in use or not. */
  const good = new Set<Link>()
  const idle: Link[] = []
  const waiting = new Set<Waiting>()
  let inUse = 0
  let onEmpty = () => {}

  function next(): Link | undefined {
    const link = idle.pop()
    if (link || inUse >= max) return link
    const made = openLink(options, hosts[hostAt] ?? hosts[0])
    good.add(made)
    return made
  }

  /** One is no longer in use: the first who waits gets it, or another. */
  function handOn(): void {
    inUse -= 1
    const [first] = waiting
    const link = first && next()
    if (first && link) {
      inUse += 1
      waiting.delete(first)
      first.resolve(link)
    }
    if (inUse === 0) onEmpty()
  }

  function drop(link: Link): void {
    good.delete(link)
    link.cut()
  }

  return {
    take(ms) {
      const link = next()
      if (link) {
        inUse += 1
        return Promise.resolve(link)
      }
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(entry)
          reject(new DatabaseAway('no connection became free in time'))
        }, ms)
        const entry = {
          resolve: (free: Link) => {
            clearTimeout(timer)
            resolve(free)
          },
        }
        waiting.add(entry)
      })
    },

    giveBack(link) {
      if (good.has(link)) idle.push(link)
      else link.cut()
      handOn()
    },

    discard(link) {
      // Whichever of many fails first moves on; the others were made for the same host before it.
      if (good.has(link)) {
        for (const old of idle.splice(0)) drop(old)
        good.clear()
        hostAt = (hostAt + 1) % hosts.length
      }
      link.cut()
      handOn()
    },

    async close() {
      const timeUp = new Promise<void>((resolve) => setTimeout(resolve, closeMsMax).unref())
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve
      })
      if (inUse > 0) await Promise.race([empty, timeUp])
      const ending = idle.splice(0).map(({ sql }) => sql.end())
      for (const link of good) link.cut()
      await Promise.race([Promise.all(ending), timeUp])
    },
    standing: () => ({ max, inUse, idle: idle.length, waiting: waiting.size }),
  }
}
