/** `intake outbox`: what was sealed and waits. It needs neither the service nor a key. */
import { resolve } from 'node:path'
import { shown } from '../../client/index.ts'
import type { Command, Report } from '../command.ts'
import { type Fault, faultOf, wordsOf } from '../report.ts'
import { connection, standingHomeOf } from '../settings.ts'
import { type Standing, standingOf } from './drafts.ts'
import { createOutbox, type Outbox, type Sealed, Spoilt } from './outbox.ts'
import { droppedFault, tellThem, timeOf } from './unsent.ts'

const { home } = connection
const options = { ...(home && { home }) }

/** As many as one call takes back. */
const dropsMax = 1_000

type Listed = {
  readonly referralId: string
  /** Where its draft lay; none where it came from a pipe. */
  readonly files: readonly string[]
  readonly sealedAt: string
  /** How many documents it names. */
  readonly documents: number
  /** How the draft stands to it now. */
  readonly draft: Standing['is']
  /** Whether it was sent, so that the service may have stored it. */
  readonly sent: boolean
  /** What came back, or why it was not sent. */
  readonly problem?: Fault
}

type Unread = { readonly file: string; readonly problem: Fault }

/** `intake outbox`. */
export const outboxList: Command = {
  operands: '',
  summary: 'List what was sealed here and is not acknowledged.',
  details: `Each with its id, its draft, since when it waits, and why. Nothing is sent: intake
refer does that. To take one back: intake outbox drop

Exit codes: 0, the list is whole, also where nothing waits; 1, part of the outbox cannot be read; 2, wrong
call, or the folder that --home names is not there.`,
  options,
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const outbox = createOutbox(await standingHomeOf(input))
    const { ids, strange } = await outbox.inventory()
    const waiting: Listed[] = []
    const unread: Unread[] = strange.map((file) => ({ file, problem: faultOf(new Spoilt(file)) }))
    for (const id of ids) {
      try {
        const sealed = await outbox.sealed(id)
        if (sealed) waiting.push(await listed(outbox, id, sealed))
      } catch (error) {
        unread.push({ file: outbox.fileOf(id), problem: faultOf(error) })
      }
    }
    const aside = await outbox.aside()
    return {
      value: { waiting, unread, putAside: aside },
      text: textOf(waiting, unread, aside),
      failed: unread.length > 0,
    }
  },
}

async function listed(outbox: Outbox, id: string, sealed: Sealed): Promise<Listed> {
  const files = await outbox.filesOf(id)
  const { sent = false, problem } = (await outbox.triedOf(id)) ?? {}
  const { is: draft } = await standingOf(files, sealed.draft)
  const { sealedAt, documents = [] } = sealed
  const known = { referralId: id, files, sealedAt, documents: documents.length }
  return { ...known, draft, sent, ...(problem && { problem }) }
}

function textOf(
  waiting: readonly Listed[],
  unread: readonly Unread[],
  aside: readonly string[],
): string {
  return [
    ...waiting.map(wordsOfListed),
    ...unread.map(({ problem }) => wordsOf(problem)),
    ...(aside.length > 0 ? [`put aside as spoilt: ${aside.map(shown).join(', ')}`] : []),
    waiting.length === 0 ? 'Nothing waits.' : `${waiting.length} not acknowledged.`,
  ].join('\n')
}

function wordsOfListed(listed: Listed): string {
  const { referralId, files, sealedAt, documents, draft, sent, problem } = listed
  const names = files.length > 0 ? files.map(shown) : ['standard input']
  const states = {
    same: [],
    gone: ['its draft is gone; the next intake refer sends it all the same'],
    changed: ['its draft has changed; the next intake refer asks what to send'],
    refused: ['its draft says now that there is no consent; the next intake refer takes it back'],
    unreadable: ['its draft cannot be read; the next intake refer asks what to send'],
  }
  const lines = [
    ...names.map((name) => `draft   ${name}`),
    `since   ${timeOf(sealedAt)}`,
    ...(documents > 0
      ? [`with    ${documents === 1 ? 'one document' : `${documents} documents`}`]
      : []),
    sent ? 'sent    yes, without an answer: it may be stored' : 'sent    no',
    ...states[draft],
  ]
  const why = problem ? wordsOf(problem).replaceAll(/^/gm, '  ') : undefined
  const text = [shown(referralId), ...lines.map((line) => `  ${line}`)].join('\n')
  return why ? `${text}\n${why}` : text
}

type Dropped = {
  readonly referralId?: string
  readonly operand: string
  readonly status: 'dropped' | 'acknowledged' | 'unknown'
  readonly sent?: true
  readonly problem: Fault
}

/** `intake outbox drop`. */
export const outboxDrop: Command = {
  operands: 'ID|FILE…',
  summary: 'Take back what waits, so that it is not sent.',
  details: `Named by its id, or by the file of its draft, also where that file has changed or is
gone. The draft itself stays where it is; to refer it later is to refer the same referral.

Exit codes: 0, taken back; 1, some do not wait; 2, wrong call; 3, taken back here, but it had been
sent without an answer, so the service may have stored it: the output says what to do.`,
  options,
  operandsMin: 1,
  operandsMax: dropsMax,
  async run(input): Promise<Report> {
    const outbox = createOutbox(await standingHomeOf(input))
    const results: Dropped[] = []
    for (const operand of input.operands) results.push(...(await dropAll(outbox, operand)))
    const lines = results.map(({ status, operand, problem }) => {
      return `${status.padEnd(13)} ${shown(operand)}\n${wordsOf(problem).replaceAll(/^/gm, '  ')}`
    })
    return {
      value: { results },
      text: lines.join('\n'),
      failed: results.some(({ status }) => status !== 'dropped'),
      undecided: results.some(({ sent }) => sent === true),
    }
  },
}

async function dropAll(outbox: Outbox, operand: string): Promise<readonly Dropped[]> {
  const { ids } = await outbox.inventory()
  const found = ids.includes(operand.toLowerCase())
    ? [operand.toLowerCase()]
    : await idsOf(outbox, ids, resolve(operand))
  if (found.length === 0) return [await notWaiting(outbox, operand)]
  const dropped: Dropped[] = []
  for (const referralId of found) {
    const { waited, sent } = await outbox.drop(referralId)
    if (!waited) dropped.push(await notWaiting(outbox, referralId))
    else {
      const problem = droppedFault('asked', referralId, sent)
      dropped.push({ referralId, operand, status: 'dropped', problem, ...(sent && { sent }) })
    }
  }
  return dropped
}

async function idsOf(outbox: Outbox, ids: readonly string[], place: string): Promise<string[]> {
  const found: string[] = []
  for (const id of ids) {
    // A spoilt list names no file; the referral can still be named by its id.
    const files = await outbox.filesOf(id).catch((): string[] => [])
    if (files.includes(place)) found.push(id)
  }
  return found
}

async function notWaiting(outbox: Outbox, operand: string): Promise<Dropped> {
  const before = await outbox.acknowledgementOf(operand)
  if (!before) {
    const problem = { title: 'Nothing waits under this id or file', next: 'See: intake outbox' }
    return { operand, status: 'unknown', problem }
  }
  const problem = {
    title: `It is stored, with the reference ${before.reference}`,
    next: `${tellThem} it is withdrawn.`,
  }
  return { referralId: operand, operand, status: 'acknowledged', problem }
}
