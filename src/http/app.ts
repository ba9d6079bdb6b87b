/** The table of contents: services in the order they depend on each other, routes by prefix. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { admission } from '../access/admission.ts'
import { authorization, mount } from '../access/authorization.ts'
import type { TrustedIssuer } from '../access/issuers.ts'
import { createBlocks } from '../access/networks.ts'
import { access } from '../access/plugin.ts'
import { type ShareOptions, shares } from '../access/shares.ts'
import { createTokenKeys } from '../access/tokenkeys.ts'
import {
  auditRoutes,
  exportRoutes,
  exposureRoutes,
  logRoutes,
  proofOfEntryRoutes,
} from '../audit/routes.ts'
import { createUrlRule } from '../background/webhookpost.ts'
import { casesRoutes, notesRoutes } from '../cases/routes.ts'
import type { Database } from '../database/connect.ts'
import { isAway } from '../database/lost.ts'
import { directoryRoutes } from '../directory/routes.ts'
import { limitsOf } from '../documents/limits.ts'
import { documentRoutes } from '../documents/routes.ts'
import { erasureRoutes } from '../erasure/routes.ts'
import { backupDaysUsual, type ErasureOptions } from '../erasure/service.ts'
import { intakeRoutes, publicRoutes, receiptRoutes } from '../intake/routes.ts'
import { stateRoutes } from '../intake/stateroutes.ts'
import { withdrawalRoutes } from '../intake/withdrawalroutes.ts'
import { type Keyholders, noKeyholders } from '../matching/keyholders.ts'
import { matchingRoutes } from '../matching/routes.ts'
import { messageRoutes } from '../messages/routes.ts'
import { createMetrics, type Metrics } from '../metrics.ts'
import { proofRoutes } from '../proof/routes.ts'
import { envelopeBytesMax } from '../protocol/envelope/envelope.ts'
import { placeKey } from '../protocol/place.ts'
import { newId } from '../protocol/uuid.ts'
import { webhookSealKey } from '../protocol/webhook.ts'
import { endingRoutes } from '../reading/endingroutes.ts'
import { grantRoutes } from '../reading/grantroutes.ts'
import { rotatingRoutes } from '../reading/rotatingroutes.ts'
import { readingRoutes } from '../reading/routes.ts'
import { createServices, type Services } from '../services.ts'
import { holdingRoutes } from '../triage/holding.ts'
import { parkingRoutes } from '../triage/parkingroutes.ts'
import { pastRoutes } from '../triage/pastroutes.ts'
import { triageRoutes } from '../triage/routes.ts'
import { urgencyRoutes } from '../triage/urgencyroutes.ts'
import { watchingRoutes } from '../triage/watching.ts'
import { changingRoutes } from '../webhooks/changing.ts'
import { webhookRoutes } from '../webhooks/routes.ts'
import { requireModestStructure } from './body.ts'
import { admitPages } from './cors.ts'
import { health } from './health.ts'
import { openapi } from './openapi.ts'
import { refuseConnection, renderProblems, renderUnroutable } from './problem.ts'
import { validatorCompiler } from './validation.ts'

export type AppOptions = {
  readonly database: Database
  readonly origin: string
  /** PEM, the public half of the key of tokens made by hand. They count where it is given. */
  readonly tokenPublicKey?: string
  /** 32 bytes, the same on all replicas: under it the keys of access tokens are sealed. */
  readonly sealKey: Uint8Array
  /** `https://host` under which callers reach the service; where it listens, if left out. */
  readonly publicUrl?: string | undefined
  readonly trustedIssuers?: readonly TrustedIssuer[]
  readonly logger: FastifyBaseLogger
  /** Who evaluates match keys; nobody, where it is left out. */
  readonly holders?: Keyholders
  /** How many elements a day one client of a partner has; as many as the holders, if left out. */
  readonly elementsPerClient?: number
  /** The same of one internal client. */
  readonly elementsPerInternalClient?: number
  /** Whether the database's login was asked about and found right: `/readyz` waits for it. */
  readonly isStanding?: () => boolean
  /** Why the access log is not continued, in words; `/readyz` says them. It is, if left out. */
  readonly logHalted?: () => string | undefined
  /** The public halves of what checkpoints are signed with, base64url: `/readyz` compares the keyset. */
  readonly logKeys?: readonly string[]
  /** Tells the background work that there is some. It finds it a moment later, if left out. */
  readonly wake?: () => void
  /** What one client may have of this replica; all of it, if left out. */
  readonly share?: Partial<ShareOptions>
  /** The origins of the pages that may call the open routes from a browser; none, if left out. */
  readonly formOrigins?: readonly string[]
  /** Whose forwarded headers are believed; nobody's, if left out. */
  readonly trustedProxies?: readonly string[]
  /** Where people share an address, and pay the base price each; nowhere, if left out. */
  readonly sharedNetworks?: readonly string[]
  /** At most so many referrals of people without an account wait to be opened; no limit, if left out. */
  readonly unopenedMax?: number
  /** How many referrals one client opens in an hour without a claim; any number, if left out. */
  readonly openingsPerHour?: number
  /** Inward networks to which webhooks may be posted all the same; none, if left out. */
  readonly webhookNetworks?: readonly string[]
  /** Where sealed files stand; as of a trial, if left out. */
  readonly documentsFolder?: string
  /** The largest file; 200 MB, if left out. */
  readonly fileMegabytesMax?: number
  /** What a client may upload in a day; 5 GB, if left out. */
  readonly clientMegabytesPerDay?: number
  /** Where people ring when no more is taken; not said, if left out. */
  readonly telephone?: string | undefined
  /** The most counters that a proof of work takes at its base price; a telephone's, if left out. */
  readonly countersMax?: number
  /** Where what is erased is kept outside the database; nowhere, if left out. */
  readonly erasures?: ErasureOptions
  /** Where the service counts what it does; nobody sees it, if left out. */
  readonly metrics?: Metrics
}

const readersRoutes = [readingRoutes, endingRoutes, grantRoutes, rotatingRoutes]
const sendersRoutes = [receiptRoutes, stateRoutes, withdrawalRoutes]
const queueRoutes = [
  triageRoutes,
  holdingRoutes,
  parkingRoutes,
  pastRoutes,
  urgencyRoutes,
  watchingRoutes,
]
const logReaders = [auditRoutes, exportRoutes, proofOfEntryRoutes, exposureRoutes]
const endpointRoutes = [webhookRoutes, changingRoutes]

export type App = Awaited<ReturnType<typeof createApp>>

/** At most some 0.1 s of a browser's time, and eight times that at the ceiling (bench/public). */
const proofCountersMax = 150

const halfFull = 'half of the room for referrals without an account that wait to be opened is taken'

/** The sums of refusals are written as soon as their minute is over, give or take this. */
const sumsEveryMs = 15_000

/** As long as backups are kept if nobody says otherwise. */
const unlisted: ErasureOptions = {
  ...{ add: async () => {}, sum: async () => {} },
  backupDays: backupDaysUsual,
}

/** What a client has of a replica that was told no limits. */
const unlimited = { requestsAtOnce: Infinity, requestsPerMinute: Infinity, waitMsMax: 2_000 }

export async function createApp(options: AppOptions) {
  const { database, origin, logger } = options
  const { holders = noKeyholders, metrics = createMetrics(), wake = () => {} } = options
  const { trustedProxies = [], erasures = unlisted } = options
  const { unopenedMax = Infinity, openingsPerHour = Infinity } = options
  const services = createServices({
    ...{ database, origin, holders, wake, erasures },
    budgets: options,
    listener: metrics.evaluations,
    countersMax: options.countersMax ?? proofCountersMax,
    blockOf: createBlocks(options.sharedNetworks),
    onUnknownReceipt: metrics.onUnknownReceipt,
    ...{ onClaimed: metrics.onClaimed, onRefused: metrics.onRefused },
    ...{ unopenedMax, openingsPerHour },
    telephone: options.telephone,
    onHalf: (unopened) => logger.warn({ unopened, unopenedMax }, halfFull),
    documents: documentPlace(options),
    webhooks: webhookPlace(options),
    placeKey: placeKey(options.sealKey),
  })
  const { audit, directory, intake } = services
  metrics.watchUnopened(() => intake.countUnopened(newId()), unopenedMax)
  metrics.watchPool(database.connections)

  const app = Fastify({
    loggerInstance: logger,
    // A request is logged below, by its route: a URL may carry the id of somebody's referral.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => newId(),
    frameworkErrors: renderUnroutable(audit),
    clientErrorHandler: refuseConnection,
    trustProxy: [...trustedProxies],
    bodyLimit: envelopeBytesMax,
    // A slow sender holds a socket no longer than a telephone on a bad line needs for 512 KiB.
    requestTimeout: 60_000,
    connectionTimeout: 70_000,
    keepAliveTimeout: 72_000,
    routerOptions: { maxParamLength: 64 },
  })
  app.setValidatorCompiler(validatorCompiler)
  renderProblems(app, audit)
  harden(app)
  admitPages(app, options.formOrigins ?? [])
  noteAnswers(app, metrics)

  await app.register(openapi, { origin })
  // The port is known once it listens; before that nobody comes by an address.
  const ownAddress = () => (app.server.listening ? app.listeningOrigin : 'http://localhost')
  const gate = gateOf(options, () => options.publicUrl ?? ownAddress())
  const { access: listener } = metrics
  await app.register(admission)
  await app.register(access, { ...gate, directory, database, listener })
  await app.register(shares, { ...unlimited, ...options.share })
  await app.register(authorization, { ...gate, directory, database, listener })
  await app.register(health, { ...options, directory, matchingKey: holders.place })
  await openDoors(app, services)

  writeSums(app, audit, logger)
  return app
}

/** The routes of each feature. */
async function openDoors(app: FastifyInstance, services: Services): Promise<void> {
  const { audit, cases, directory, erasure, matching, proof, triage, webhooks } = services
  await app.register(directoryRoutes, { prefix: '/v1', directory })
  await admitReferrals(app, services)
  await app.register(erasureRoutes, { prefix: '/v1/referrals', erasure })
  await app.register(proofRoutes, { prefix: '/v1/public', proof })
  await app.register(matchingRoutes, { prefix: '/v1/matching', matching })
  await app.register(casesRoutes, { prefix: '/v1/cases', cases })
  await app.register(notesRoutes, { prefix: '/v1/referrals', cases })
  for (const routes of queueRoutes) await app.register(routes, { prefix: '/v1/triage', triage })
  for (const at of endpointRoutes) await app.register(at, { prefix: '/v1/webhooks', webhooks })
  for (const routes of logReaders) await app.register(routes, { prefix: '/v1/audit', audit })
  await app.register(logRoutes, { prefix: '/v1/audit/logs', audit })
}

/** What is about referrals: for those who send them, and for those who open them. */
async function admitReferrals(
  app: FastifyInstance,
  { intake, messages, documents, proof, reading }: Services,
): Promise<void> {
  await app.register(intakeRoutes, { prefix: '/v1/referrals', intake })
  await app.register(publicRoutes, { prefix: '/v1/public/referrals', intake, proof })
  for (const routes of sendersRoutes) await app.register(routes, { prefix: '/v1', intake, proof })
  await app.register(messageRoutes, { prefix: '/v1', messages })
  await app.register(documentRoutes, { prefix: '/v1', documents })
  for (const routes of readersRoutes) {
    await app.register(routes, { prefix: '/v1/referrals', reading })
  }
}

function webhookPlace({ sealKey, webhookNetworks = [] }: AppOptions) {
  return { key: webhookSealKey(sealKey), faultOf: createUrlRule(webhookNetworks) }
}

function documentPlace({ documentsFolder = 'data/documents', ...options }: AppOptions) {
  const { fileMegabytesMax = 200, clientMegabytesPerDay = 5_000 } = options
  return { folder: documentsFolder, limits: limitsOf(fileMegabytesMax, clientMegabytesPerDay) }
}

/** What holds for every request and every answer. */
function harden(app: Pick<FastifyInstance, 'addHook'>): void {
  app.addHook('preValidation', async ({ body }) => requireModestStructure(body))
  app.addHook('onRequest', async (_, reply) => {
    // Sealed or not, no answer belongs in a shared cache or is to be guessed at by a browser.
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  })
}

/** A line for each request, by its route, and a count by its operation. */
function noteAnswers(app: Pick<FastifyInstance, 'addHook'>, { onAnswered }: Metrics): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    const ms = Math.round(reply.elapsedTime)
    request.log.info(
      { method, route: routeOptions.url ?? 'none', status: reply.statusCode, ms },
      'answered',
    )
    const { operationId = 'none' } = routeOptions.schema ?? {}
    onAnswered(operationId, reply.statusCode, reply.elapsedTime / 1000)
  })
}

/** The sums of refusals, while the service runs and once more when it ends. */
function writeSums(
  app: Pick<FastifyInstance, 'addHook'>,
  audit: Pick<Services['audit'], 'recordSums'>,
  logger: FastifyBaseLogger,
): void {
  const notWritten = (error: unknown) => {
    logger.error({ err: error }, 'the sums of refusals were not written')
  }
  const sums = setInterval(() => {
    // An outage has a line of its own, and the sums are kept.
    audit.recordSums(new Date()).catch((error) => isAway(error) || notWritten(error))
  }, sumsEveryMs)
  app.addHook('onClose', async () => {
    clearInterval(sums)
    // Lost now, which is told. What else ends with the service ends all the same.
    await audit.recordSums().catch(notWritten)
  })
}

/** Whose tokens are believed, and under which address callers reach the service. */
function gateOf(options: AppOptions, publicUrl: () => string) {
  const { database, origin, sealKey, tokenPublicKey, trustedIssuers = [] } = options
  const tokenKeys = createTokenKeys(database, sealKey)
  const authority = {
    audience: `https://${origin}`,
    issuer: () => publicUrl() + mount,
    ...{ tokenKeys, trustedIssuers },
    ...(tokenPublicKey !== undefined && { trialKey: tokenPublicKey }),
  }
  return { authority, tokenKeys, publicUrl, audience: authority.audience }
}
