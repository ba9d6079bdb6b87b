/**
 * The doors of a replica: what routes call, each under its feature. What a door does is a plain function
 * of a transaction; here it is given that transaction, and what state there is: sums that are not written
 * yet, and the holders of the matching key.
 */

import { createExport } from './audit/export.ts'
import { exposure, referralAccess } from './audit/exposure.ts'
import { createPublicationProofs, proveEntry, proveOpenings } from './audit/proofs.ts'
import { createBundles, readCheckpoint, readTile } from './audit/published.ts'
import { list as listEntries } from './audit/service.ts'
import { createSums } from './audit/sums.ts'
import type { Caller, KnownCaller, SendingCaller } from './caller.ts'
import * as cases from './cases/service.ts'
import type { Database, TransactionOptions, Tx } from './database/connect.ts'
import {
  findClient,
  findSignIn,
  logKeys,
  serveDirectory,
  serveKeyset,
} from './directory/service.ts'
import { createDocuments, type DocumentsOptions } from './documents/service.ts'
import { createErasures, type ErasureOptions } from './erasure/service.ts'
import { type CeilingOptions, createCeiling } from './intake/ceiling.ts'
import type { ChangedQuery, ReceiptQuery } from './intake/schemas.ts'
import {
  askToWithdraw,
  type IntakeOptions,
  listOwn,
  type ReceiptOptions,
  readOpenings,
  readOwn,
  readReceipt,
  submit,
  submitWithoutAccount,
  withdraw,
} from './intake/service.ts'
import { type Budgets, createEvaluations, type EvaluationListener } from './matching/evaluations.ts'
import type { Keyholders } from './matching/keyholders.ts'
import { unchecked } from './matching/service.ts'
import { createMessages } from './messages/doors.ts'
import { createProofs } from './proof/service.ts'
import type { Envelope } from './protocol/envelope/envelope.ts'
import type { MessageEnvelope } from './protocol/messages/message.ts'
import { createReading } from './reading/doors.ts'
import type { Claimed } from './triage/counting.ts'
import * as triage from './triage/service.ts'
import type { CompletionsRequest } from './triage/severalschemas.ts'
import * as webhooks from './webhooks/service.ts'

export type ServiceOptions = {
  readonly database: Database
  readonly origin: string
  readonly holders: Keyholders
  readonly budgets: Budgets
  readonly listener: EvaluationListener
  /** The most work that a proof costs (proof/service.ts). */
  readonly countersMax: number
  /** The block that a request from this address counts for; none where people share it. */
  readonly blockOf: (address: string) => string | undefined
  /** At most so many referrals of people without an account wait to be opened (intake/ceiling.ts). */
  readonly unopenedMax: number
  /** How many referrals one client opens in an hour without a claim (reading/service.ts). */
  readonly openingsPerHour: number
  /** Where people ring instead, if that is to be said. */
  readonly telephone: string | undefined
  readonly onHalf: CeilingOptions['onHalf']
  readonly onUnknownReceipt: ReceiptOptions['onUnknownReceipt']
  readonly onClaimed: (claimed: Claimed) => void
  /** Told of each refusal. */
  readonly onRefused: (reason: string) => void
  readonly webhooks: webhooks.WebhookOptions
  /** Under which places in feeds are sealed (protocol/place.ts). */
  readonly placeKey: Uint8Array
  /** Tells the background work that there is some. */
  readonly wake: () => void
  readonly erasures: ErasureOptions
} & Pick<DocumentsOptions, 'documents'>

export type Services = ReturnType<typeof createServices>

export function createServices({
  database,
  origin,
  holders,
  budgets,
  listener,
  countersMax,
  blockOf,
  wake,
  onClaimed,
  onRefused,
  ...rest
}: ServiceOptions) {
  const { evaluate } = createEvaluations({ database, holders, budgets, listener })

  const door = doorsOn(database)
  const holdersDoor = doorsOn(database, { keepsPlans: true })

  /** The same, of an act that checks what was sealed for this deployment. */
  const doorOfOrigin = <Args extends unknown[], Result>(
    act: (tx: Tx<KnownCaller>, origin: string, ...args: Args) => Promise<Result>,
  ) => door((tx: Tx<KnownCaller>, ...args: Args) => act(tx, origin, ...args))

  const { appendRepetition, appendRefusal, ...sums } = createSums(database, onRefused)
  const ofClient = door(findClient)
  const take: triage.TakeNote = (tx, note, asked) => cases.takeNote(tx, origin, note, asked)
  const noted = notedBy(take)
  const waiting = triage.createWaiting(database)

  return {
    audit: {
      list: door(listEntries),
      checkpoint: door(readCheckpoint),
      tile: door(readTile),
      bundle: createBundles(database),
      exportFile: createExport(database, async ({ clientId, request }) => {
        const client = await ofClient({ kind: 'system', request }, clientId)
        return client !== undefined && !client.disabled
      }),
      prove: door(proveEntry),
      referralAccess: door(referralAccess),
      exposure: door(exposure),
      ...sums,
    },
    directory: {
      serveKeyset: keysetDoor(database),
      serveDirectory: door(serveDirectory),
      findClient: ofClient,
      findSignIn: door(findSignIn),
      logKeys: door(logKeys),
    },
    matching: { evaluate, unchecked: door(unchecked) },
    triage: {
      list: door(triage.list),
      listOwn: door(triage.listOwn),
      ...triage.createWatching(database, waiting),
      endWaits: waiting.end,
      summary: triage.createSummary(database),
      claim: triage.createClaims(database, waiting, onClaimed),
      renew: holdersDoor(triage.renew),
      release: holdersDoor(triage.release),
      complete: holdersDoor(noted(triage.complete)),
      handover: holdersDoor(triage.handover),
      park: holdersDoor(noted(triage.park)),
      ...itemDoors(database, noted),
      completeSeveral: holdersDoor((tx: Tx<KnownCaller>, request: CompletionsRequest) =>
        triage.completeSeveral(tx, request, { appendRefusal, take }),
      ),
    },
    cases: {
      read: door(cases.read),
      exportCase: door(cases.exportCase),
      possibleMatches: door(cases.possibleMatches),
      reviews: door(cases.reviews),
      search: door(cases.search),
      notesAbout: door(cases.notesAbout),
      clearFlags: door(cases.clearFlags),
      decide: doorOfOrigin(cases.decide),
      merge: doorOfOrigin(cases.merge),
      split: doorOfOrigin(cases.split),
    },
    documents: createDocuments({ database, appendRepetition, ...rest }),
    intake: intakeDoors({ database, origin, appendRepetition, wake, ...rest }),
    messages: createMessages({ database, origin, appendRepetition, wake, ...rest }),
    proof: createProofs({ database, countersMax, blockOf }),
    reading: createReading({ database, wake, appendRefusal, ...rest }),
    erasure: createErasures(database, rest.erasures),
    webhooks: webhookDoors(database, rest.webhooks),
  }
}

/** Gives acts what takes the note that may stand beside them. */
function notedBy(take: triage.TakeNote) {
  return <Args extends unknown[], Result>(
    act: (tx: Tx<KnownCaller>, ...args: [...Args, triage.TakeNote]) => Promise<Result>,
  ) =>
    (tx: Tx<KnownCaller>, ...args: Args) =>
      act(tx, ...args, take)
}

/** What is done with an item without a claim. */
function itemDoors(database: Database, noted: ReturnType<typeof notedBy>) {
  const door = doorsOn(database)
  return {
    parkItem: door(noted(triage.parkItem)),
    wake: door(triage.wake),
    setItemsAside: door(triage.setItemsAside),
    wakeItemsAside: door(triage.wakeItemsAside),
    setUrgency: door(noted(triage.setUrgency)),
    reopen: door(triage.reopen),
    attempts: door(triage.attempts),
  }
}

/** Makes doors whose act is one transaction. */
function doorsOn(database: Database, options?: TransactionOptions) {
  return <By extends Caller, Args extends unknown[], Result>(
    act: (tx: Tx<By>, ...args: Args) => Promise<Result>,
  ) =>
    (caller: By, ...args: Args) =>
      database.inTransaction(caller, (tx) => act(tx, ...args), options)
}

/** A keyset, with the proof of the entry that says when it was published. */
function keysetDoor(database: Database) {
  const serve = doorsOn(database)(serveKeyset)
  const proofOf = createPublicationProofs(database)
  return async (caller: Caller, asked?: number) => {
    const { version, ...answer } = await serve(caller, asked)
    const published = await proofOf('keyset.published', String(version))
    return { ...answer, ...(published && { published }) }
  }
}

function webhookDoors(database: Database, options: webhooks.WebhookOptions) {
  const door = doorsOn(database)
  const { createEndpoint, rotateSecret } = webhooks
  return {
    create: door((tx: Tx<KnownCaller>, url: string) => createEndpoint(tx, options, url)),
    list: door(webhooks.listEndpoints),
    setActive: door(webhooks.setActive),
    rotate: door((tx: Tx<KnownCaller>, id: string, overlapHours: number) =>
      rotateSecret(tx, options, id, overlapHours),
    ),
    replay: door(webhooks.replay),
    remove: door(webhooks.removeEndpoint),
  }
}

type IntakeDoorOptions = IntakeOptions &
  ReceiptOptions &
  CeilingOptions &
  Pick<ServiceOptions, 'wake'>

/** The doors of referrers, with an account and without. */
function intakeDoors({ wake, ...options }: IntakeDoorOptions) {
  const door = doorsOn(options.database)
  const ceiling = createCeiling(options)
  const withdrawing = door((tx: Tx<KnownCaller>, name: string, message: MessageEnvelope) =>
    withdraw(tx, options, name, message),
  )

  async function wakeFor<Submitted extends { created: boolean }>(submitting: Promise<Submitted>) {
    const submitted = await submitting
    if (submitted.created) wake()
    return submitted
  }

  return {
    submit: (caller: KnownCaller, referralId: string, envelope: Envelope) =>
      wakeFor(submit(options, caller, referralId, envelope)),
    submitWithoutAccount(
      caller: Caller,
      referralId: string,
      envelope: Envelope,
      block: Uint8Array | undefined,
    ) {
      const admission = { ceiling, block }
      return wakeFor(submitWithoutAccount(options, caller, referralId, envelope, admission))
    },
    countUnopened: ceiling.count,
    readReceipt: door((tx: Tx<SendingCaller>, query: ReceiptQuery) =>
      readReceipt(tx, options, query),
    ),
    listOwn: door((tx: Tx<KnownCaller>, query: ChangedQuery) => listOwn(tx, options, query)),
    readOwn: door((tx: Tx<KnownCaller>, name: string) => readOwn(tx, options, name)),
    readOpenings: door((tx: Tx<SendingCaller>, referralId: string) =>
      readOpenings(tx, { ...options, proveOpenings }, referralId),
    ),
    async withdraw(caller: KnownCaller, name: string, message: MessageEnvelope) {
      const own = await withdrawing(caller, name, message)
      wake()
      return own
    },
    askToWithdraw: door(
      (tx: Tx<SendingCaller>, referralId: string, block: Uint8Array | undefined) =>
        askToWithdraw(tx, options, referralId, block),
    ),
  }
}
