/**
 * Counts for the operator, in Prometheus' text format, on a listener of their own: the loopback
 * address, and another port than the service's. On the public one a referrer could read from them
 * whether a person is known; and how many referrals were paired is nobody's business but the operator's.
 *
 * A part of the service that counts is handed functions, and knows nothing of how they are shown.
 */
import { createServer } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AccessListener } from './access/plugin.ts'
import { type Row, reports, type Tell, type Told } from './background/report.ts'
import type { PoolStanding } from './database/pool.ts'
import type { EvaluationListener } from './matching/evaluations.ts'
import { createQueueMetrics } from './queuemetrics.ts'
import { yearWithoutHolidays } from './triage/calendar.ts'
import type { QueueFigures } from './triage/counting.ts'

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
  const turnedAway = counter(
    'intake_access_refused_total',
    'Requests that were turned away at the door, by problem code or by the error of OAuth',
    ['reason'],
  )
  const issued = counter('intake_tokens_issued_total', 'Access tokens that clients signed in for')
  const unknownReceipts = counter(
    'intake_unknown_receipts_total',
    'Receipts that were shown and that nothing was sent under: many are somebody guessing',
  )
  const { onClaimed, onCounted } = createQueueMetrics(registry)
  // Before what asks the database when it is looked at.
  const watchPool = showPool(registry)
  const watchUnopened = showUnopened(registry)
  showHolidays(registry)
  return {
    registry,
    evaluations: {
      onEvaluated: (elements) => evaluated.inc(elements),
      onRefused: (reason) => refused.inc({ reason }),
    } satisfies EvaluationListener,
    access: {
      onRefused: (reason) => turnedAway.inc({ reason }),
      onIssued: () => issued.inc(),
    } satisfies AccessListener,
    onUnknownReceipt: () => unknownReceipts.inc(),
    ...countRequests(registry),
    onClaimed,
    watchUnopened,
    watchPool,
    background: countReports(registry, onCounted),
  }
}

/** How long requests took, and which were refused. */
function countRequests(registry: Registry) {
  const refusals = new Counter({
    name: 'intake_refusals_total',
    help: 'Requests, and parts of one, that were refused or failed, by problem code',
    labelNames: ['reason'],
    registers: [registry],
  })
  // From the start, so that the first is seen as a rise.
  refusals.inc({ reason: 'lease-lost' }, 0)
  const durations = new Histogram({
    name: 'intake_request_duration_seconds',
    help: 'What requests took until they were answered, by operation and class of status',
    labelNames: ['operation', 'status'],
    buckets: [0.01, 0.05, 0.25, 1, 5],
    registers: [registry],
  })
  return {
    onRefused: (reason: string) => refusals.inc({ reason }),
    /** @param operation - an `operationId` of the API document, of which there are some dozens */
    onAnswered: (operation: string, status: number, seconds: number) =>
      durations.observe({ operation, status: `${Math.floor(status / 100)}xx` }, seconds),
  }
}

/** @returns by which a service says how its connections stand */
function showPool(registry: Registry) {
  let standing = (): PoolStanding => ({ max: 0, inUse: 0, idle: 0, waiting: 0 })
  const gauge = (name: string, help: string, of: keyof PoolStanding) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(standing()[of])
      },
    })
  gauge('intake_database_connections_max', 'Connections to answer by that there may be', 'max')
  gauge('intake_database_connections_in_use', 'Of these, how many a transaction has', 'inUse')
  gauge('intake_database_connections_idle', 'How many are open besides', 'idle')
  gauge('intake_database_transactions_waiting', 'Transactions that wait for one', 'waiting')
  return (ask: () => PoolStanding) => {
    standing = ask
  }
}

/** What `/readyz` says in words (docs/OPERATIONS.md, "Health"). */
function showHolidays(registry: Registry): void {
  new Gauge({
    name: 'intake_holidays_missing',
    help: '1 where deadlines will soon count days of a year of which no bank holidays are known',
    registers: [registry],
    collect() {
      this.set(yearWithoutHolidays(new Date()) === undefined ? 0 : 1)
    },
  })
}

/**
 * How many referrals wait to be opened, counted when it is looked at: it sinks without a word from those who open
 * them. Not a number, where that is not known.
 *
 * @returns by which a service says how it counts, and how many may wait
 */
function showUnopened(registry: Registry) {
  let counted: () => Promise<number> = async () => Number.NaN
  new Gauge({
    name: 'intake_unopened_public_referrals',
    help: 'Referrals of people without an account that wait to be opened, on all replicas',
    registers: [registry],
    async collect() {
      this.set(await counted().catch(() => Number.NaN))
    },
  })
  const max = new Gauge({
    name: 'intake_unopened_public_referrals_max',
    help: 'As many of them may wait: past that, whoever sends most is kept waiting',
    registers: [registry],
  })
  return (count: () => Promise<number>, unopenedMax: number) => {
    counted = count
    max.set(unopenedMax)
  }
}

/** A counter or gauge for each row of `reports` that has one, at zero from the start where it can be. */
function countReports(registry: Registry, onCounted: (figures: QueueFigures) => void): Tell {
  const counts = new Map<string, (told: Told) => void>()
  for (const [kind, { count, gauges = [] }] of Object.entries<Row>(reports)) {
    const shown = gauges.map(({ name, help, of }) => ({
      gauge: new Gauge({ name, help, registers: [registry] }),
      of,
    }))
    if (shown.length > 0) {
      counts.set(kind, ({ log }) => {
        if (log) for (const { gauge, of } of shown) gauge.set(log[of])
      })
    }
    if (!count) continue
    const { name, help, by, isMoment } = count
    const options = { name, help, labelNames: by ? [by] : [], registers: [registry] }
    const labelsOf = ({ step }: Told) => (by && step ? { [by]: step } : {})
    const gauge = isMoment && new Gauge(options)
    const counter = isMoment ? undefined : new Counter(options)
    counts.set(kind, (told) => {
      gauge?.setToCurrentTime(labelsOf(told))
      counter?.inc(labelsOf(told))
    })
  }
  return (told) => {
    counts.get(told.kind)?.(told)
    if (told.queue) onCounted(told.queue)
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
