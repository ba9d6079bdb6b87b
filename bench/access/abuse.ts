/**
 * Abuse: what others notice while somebody misuses the service, and what it costs in memory. Each kind of
 * misuse in turn, against a service with the settings that it has by default; beside it another client lists
 * its queue, as it does when all is quiet.
 */
import { once } from 'node:events'
import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Body, putAll, putHeaders } from '../intake/load.ts'
import { residentMb, type Stage, sealer, startStage } from '../intake/stage.ts'
import { median, percentile, report, tell } from '../report.ts'
import { type Sent, send } from './send.ts'

const flooding = 64
const idle = 2_000
const slow = 200
const lists = 200
/** More than a flood sends in its time: one that is sent again is answered from what is stored. */
const sealedMax = 2_000
const quietTimesMax = 10
/** More than a list shows. */
const listed = 300
/** Until those are paired. */
const settleMs = 3_000

type Service = Awaited<ReturnType<Stage['start']>>

export async function bench(): Promise<void> {
  const stage = await startStage()
  try {
    const { world } = stage
    const service = await stage.start('src/server.ts')
    const seal = await sealer(world)
    const casework = await world.token(world.clients.casework)
    const clinic = await world.token(world.clients.clinic)
    const lawFirm = await world.token(world.referring.lawFirm.clientId)
    const list = () => timesOf(service.url, casework)
    // A queue as it is while all this goes on: an empty one is listed in no time.
    await putAll(service.url, lawFirm, Array.from({ length: listed }, seal), 2)
    await pause(settleMs)
    await list()
    const quiet = await list()
    tell('list of another client, all quiet: median ms', median(quiet))
    const bodies = Array.from({ length: sealedMax }, seal)
    const floods = {
      'one client floods with referrals': bodies.map((body) => putOf(lawFirm, body)),
      'one client floods with lists': [listOf(clinic)],
      'nobody floods with bad tokens': [listOf(`${casework.slice(0, -8)}AAAAAAAA`)],
    }
    for (const [name, requests] of Object.entries(floods)) {
      const end = await flood(service.url, requests)
      await pause(500)
      const times = await list()
      const answers = await end()
      tell(`${name}: answers a second`, answers)
      tell(`${name}: 99th percentile of another's list, ms`, percentile(times, 0.99))
      report(`${name}: another's list, ms`, median(times), median(quiet), quietTimesMax, 'at most')
    }
    for (const [name, count, text] of crowds) {
      await crowd({ service, list, quiet }, name, count, text)
    }
  } finally {
    await stage.close()
  }
}

/** Connections that say so much, and then nothing. */
const crowds: [name: string, count: number, text: string][] = [
  [`${idle} idle connections`, idle, ''],
  [
    `${slow} slow bodies`,
    slow,
    `PUT /v1/referrals/x HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n${'{'.repeat(9_000)}`,
  ],
  [`${slow} headers without an end`, slow, `GET / HTTP/1.1\r\nX: ${'x'.repeat(15_000)}`],
]

async function crowd(
  { service, list, quiet }: { service: Service; list: () => Promise<number[]>; quiet: number[] },
  name: string,
  count: number,
  text: string,
): Promise<void> {
  const before = await residentMb(service.process)
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const { hostname, port } = new URL(service.url)
      const socket = connect({ host: hostname, port: Number(port) })
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write(text)
      return socket
    }),
  )
  const times = await list()
  const each = (((await residentMb(service.process)) - before) * 1024) / count
  tell(`${name}: resident kB of the service for each`, each)
  tell(`${name}: connections that stand`, sockets.filter(isOpen).length)
  report(`${name}: another's list, ms`, median(times), median(quiet), quietTimesMax, 'at most')
  for (const socket of sockets) socket.destroy()
}

function isOpen(socket: Socket): boolean {
  return socket.readyState === 'open'
}

const putOf = (token: string, body: Body): Sent => ({
  method: 'PUT',
  path: `/v1/referrals/${body.id}`,
  headers: putHeaders(token, body.bytes) as Sent['headers'],
  bytes: body.bytes,
})

const listOf = (token: string): Sent => ({
  method: 'GET',
  path: '/v1/triage/items?state=waiting&limit=50',
  headers: { authorization: `Bearer ${token}` },
})

/** Sends these without pause over many connections, in a thread of its own, so that it delays no clock here. */
async function flood(url: string, requests: readonly Sent[]): Promise<() => Promise<number>> {
  const worker = new Worker(new URL('./flooder.ts', import.meta.url), {
    workerData: { url, requests, connections: flooding },
  })
  await once(worker, 'message')
  return async () => {
    worker.postMessage('end')
    const [perSecond] = await once(worker, 'message')
    return perSecond
  }
}

/** How long each of many lists takes, one after the other, in ms. */
async function timesOf(url: string, token: string): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  for (let count = 0; count < lists; count += 1) {
    const begun = performance.now()
    const status = await send(agent, url, listOf(token))
    if (status !== 200) throw new Error(`the list answered ${status}`)
    times.push(performance.now() - begun)
  }
  agent.destroy()
  return times
}
