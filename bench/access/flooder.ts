/** The thread that floods: over so many connections, each with its next request as soon as it has an answer. */
import { Agent } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import { type Sent, send } from './send.ts'

type Given = { url: string; requests: readonly Sent[]; connections: number }

const { url, requests, connections } = workerData as Given
const agent = new Agent({ keepAlive: true, maxSockets: connections })
let [count, ended] = [0, false]
const flooding = Array.from({ length: connections }, async () => {
  while (!ended) await send(agent, url, requests[count++ % requests.length] as Sent)
})
const begun = performance.now()
parentPort?.postMessage('begun')
parentPort?.once('message', async () => {
  const perSecond = count / ((performance.now() - begun) / 1000)
  ended = true
  await Promise.all(flooding)
  agent.destroy()
  parentPort?.postMessage(perSecond)
})
