/**
 * Counts for the operator, in Prometheus' text format, on a listener of their own: the loopback
 * address, and another port than the service's. On the public one a referrer could read from them
 * whether a person is known; and how many referrals were paired is nobody's business but the operator's.
 *
 * A part of the service that counts is handed functions, and knows nothing of how they are shown.
 */
import { createServer } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Counts } from './background/notes.ts'
import type { EvaluationNotes } from './matching/evaluations.ts'

export type Metrics = ReturnType<typeof createMetrics>

/** One registry a service. Its counts begin at zero with the process. */
export function createMetrics() {
  const registry = new Registry()
  const counter = <Label extends string = never>(
    name: string,
    help: string,
    labels: Label[] = [],
  ) => new Counter({ name, help, labelNames: labels, registers: [registry] })

  const evaluated = counter(
    'intake_matching_elements_total',
    'Blinded elements that were evaluated, each for one match key',
  )
  const refused = counter(
    'intake_evaluations_refused_total',
    'Evaluations that were refused or failed, by problem code',
    ['reason'],
  )
  const unpaired = counter(
    'intake_pairing_failures_total',
    'Referrals that could not be paired and are tried again later',
  )
  const crowded = counter(
    'intake_pairing_crowded_total',
    'Referrals with a match value that more referrals share than are compared',
  )
  const ended = counter(
    'intake_background_ended_total',
    'Times that the thread of the background work ended and was started again',
  )
  const turned = new Gauge({
    name: 'intake_background_turn_timestamp_seconds',
    help: 'When the background work last ended a turn',
    registers: [registry],
  })
  return {
    registry,
    evaluations: {
      onEvaluated: (elements) => evaluated.inc(elements),
      onRefused: (reason) => refused.inc({ reason }),
    } satisfies EvaluationNotes,
    background: {
      onError: () => unpaired.inc(),
      onCrowded: () => crowded.inc(),
      onTurn: () => turned.setToCurrentTime(),
      onEnded: () => ended.inc(),
    } satisfies Counts,
  }
}

/** Shows them at `http://127.0.0.1:port/metrics`, with those of the process. Port 0: any that is free. */
export async function serveMetrics({ registry }: Pick<Metrics, 'registry'>, port: number) {
  collectDefaultMetrics({ register: registry })
  const server = createServer(async (request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': registry.contentType })
    response.end(await registry.metrics())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      const words = `METRICS_PORT: ${port} is taken by another program`
      reject(isTaken ? new Error(words, { cause: error }) : error)
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: () => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
