/** Referrals about people of whom only the match keys matter, and what the service answers. */
import { type Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type postgres from 'postgres'
import type { World } from '../../examples/ceremony.ts'
import { putHeaders } from '../intake/load.ts'
import { sealer } from '../intake/stage.ts'
import type { Person } from './person.ts'

/** A request that is ready to be sent. */
export type Ready = {
  readonly method: 'GET' | 'PUT'
  readonly url: string
  readonly headers: OutgoingHttpHeaders
  readonly bytes?: Buffer
}

export type Answer = {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly ms: number
}

export type Referrals = {
  /** Seals a referral about a person. */
  put(person: Person): Ready
  /** A small request that anybody may send, and that the database answers too. */
  readonly probe: Ready
}

export async function createVault(world: World, url: string): Promise<Referrals> {
  const seal = await sealer(world)
  const token = await world.token(world.referring.lawFirm.clientId)
  return {
    put(values) {
      const { id, bytes } = seal(values)
      const headers = putHeaders(token, bytes)
      return { method: 'PUT', url: `${url}/v1/referrals/${id}`, headers, bytes }
    },
    probe: { method: 'GET', url: `${url}/readyz`, headers: {} },
  }
}

/** Sends one; its time counts from before the delay until the last byte of the answer. */
export function ask(agent: Agent, ready: Ready, delayMs = 0): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, url, headers, bytes } = ready
    const begun = performance.now()
    while (performance.now() < begun + delayMs);
    const sent = request(url, { agent, method, headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.once('end', () => {
        const ms = performance.now() - begun
        const body = Buffer.concat(chunks).toString()
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body, ms })
      })
    })
    sent.once('error', reject)
    sent.end(bytes)
  })
}

/** All of an answer but ids, hashes and times, of which the length stays. */
export function shapeOf({ status, headers, body }: Answer): string {
  if (status !== 201) throw new Error(`PUT answered ${status} ${body}`)
  const { date: _, ...kept } = headers
  const members = Object.entries(JSON.parse(body)).map(
    ([name, value]) => `${name}: ${typeof value} ${JSON.stringify(value).length}`,
  )
  return JSON.stringify({ status, headers: kept, members })
}

/** Waits until the service has paired all that came. */
export async function untilPaired(sql: postgres.Sql): Promise<void> {
  for (;;) {
    const [{ waiting }] = await sql<[{ waiting: number }]>`
      select count(*)::int as waiting from pairing`
    if (waiting === 0) return
    await delay(20)
  }
}
