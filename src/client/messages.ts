/**
 * Messages about one referral, from either side: sealed here, chained behind those of one's own side, and read as they were
 * written whatever the service shows.
 */
import { Refusal } from '../errors.ts'
import type { MessageAcknowledgement } from '../messages/schemas.ts'
import { decodeBase64url, encodeBase64url } from '../protocol/bytes.ts'
import type { SignedBy } from '../protocol/envelope/verify.ts'
import type { KeyPair, SecretKey } from '../protocol/keys.ts'
import {
  type Conversation,
  type ReadMessage,
  readConversation,
  type ShownMessage,
} from '../protocol/messages/conversation.ts'
import {
  type Answered,
  MessageContent,
  type MessageEnvelope,
  type MessageHeader,
  notesMax,
  sealMessage,
} from '../protocol/messages/message.ts'
import { noteHash } from '../protocol/messages/note.ts'
import type { Directory } from '../protocol/trust/directory.ts'
import type { AcceptedKeyset } from '../protocol/trust/keyset.ts'
import { newId } from '../protocol/uuid.ts'
import type { Urgency } from '../referral/codes/clear.ts'
import type { Attachment } from '../referral/fields/documents.ts'
import { schemaProblems } from '../referral/problems.ts'
import { claimBytesMax } from './answer.ts'
import { BadAnswer, ServiceProblem } from './failure.ts'
import { createNoteEnds } from './noteends.ts'
import { MessageAnswer, MessagesAnswer, type MessagesPage, readAnswer } from './schemas.ts'
import type { Call, Transport } from './transport.ts'
import type { createKeysets } from './trust.ts'

/** What a message says. */
export type Message = {
  /** 1 to 20,000 characters. */
  readonly text: string
  /** May only raise that of the referral, and moves it on the queue. */
  readonly urgency?: Urgency
  /** The files that it brings, at most 20: each is uploaded once this is sent (documents.ts). */
  readonly documents?: readonly Attachment[]
}

/** The messages about one referral, with what became of each. */
export type Thread = Conversation<MessagesPage['messages'][number]> & {
  readonly referralId: string
  /**
   * The documents about the referral that are uploaded, by id. One that is named somewhere and not among them is not there
   * yet.
   */
  readonly uploaded: readonly string[]
}

/** How messages are fetched. */
export type Fetching = {
  /** They do not count as opened: nobody reads them now, as where only their documents are looked for. */
  readonly leaveUnread?: boolean
}

/** One message of a thread. */
export type ThreadMessage = ReadMessage<MessagesPage['messages'][number]>

/** One side of a referral: how it is asked for, and by which keys it is read and written. */
export type Correspondent = {
  readonly side: MessageHeader['from']
  readonly signer: KeyPair
  readonly reader: SecretKey | undefined
  readonly call: Pick<Call, 'open' | 'headers'>
  /** Of the messages of that referral, to be read from a place on, or to be written to. */
  pathOf(referral: string, query: Readonly<Record<string, string>>): string
  /** The referral itself, as this side knows it. @param signed - what a service shows of it */
  answeredIn(page: MessagesPage): Answered & { signedBy: SignedBy }
  readonly directory: () => Promise<Pick<Directory, 'referrers'> | undefined>
  readonly keyset: () => Promise<AcceptedKeyset>
}

/** Who writes at the same moment is first at most so often: then something else is wrong. */
const triesMax = 5

/** The place behind all that a referral can have: nothing is shown there, and nothing opened. */
const behindAll = 2 * notesMax

/** Seals and reads messages. */
export function createCorrespondence(transport: Transport, keysets: Keysets) {
  const ends = { referrer: endsOf(keysets, 'referrer'), recipient: endsOf(keysets, 'recipient') }

  /** @see Referrer */
  async function read(
    by: Correspondent,
    referral: string,
    { leaveUnread = false }: Fetching = {},
  ): Promise<Thread> {
    const marks = leaveUnread ? { leaveUnread: 'true' } : {}
    const pages = await pagesOf(transport, by, referral, marks)
    const [first] = pages
    if (!first) throw new BadAnswer(`the messages about ${referral} are no pages`)
    const { referralId, uploaded } = first
    const answered = by.answeredIn(first)
    const shown = pages.flatMap(({ messages }) => messages)
    const once = await openAll(keysets, by, answered, shown)
    const outdated = once.refused.some(({ step }) => step === 'keyset' || step === 'signer')
    const read = outdated && keysets.refresh() ? await openAll(keysets, by, answered, shown) : once
    const cut = await Promise.all(sides.map((from) => checkEnd(referralId, from, read.messages)))
    return { referralId, uploaded, ...read, faults: [...read.faults, ...cut.flat()] }
  }

  function checkEnd(referralId: string, from: Side, messages: Thread['messages']) {
    const own = messages.filter((message) => message.from === from)
    const ordered = own.toSorted((a, b) => a.number - b.number)
    return ends[from].check(referralId, ordered)
  }

  /** Sends it behind the newest of its own side; where a colleague has written meanwhile, sealed anew. */
  async function send(
    by: Correspondent,
    referral: string,
    message: Message,
    marks: Marks = {},
  ): Promise<MessageAcknowledgement> {
    const { text, documents, ...rest } = message
    const content = contentOf(text, documents)
    for (let tries = 1; ; tries += 1) {
      const sealed = await sealBehind(by, await endOf(by, referral), { content, ...rest })
      try {
        return await post(by, sealed, marks)
      } catch (error) {
        const code = error instanceof ServiceProblem ? error.problem.code : undefined
        const passes =
          code === 'message-not-next' || (code === 'keyset-superseded' && keysets.refresh())
        if (tries === triesMax || !passes) throw error
      }
    }
  }

  /** @throws BadAnswer where what was written here before is gone: another would be written in its place */
  async function endOf(by: Correspondent, referral: string): Promise<MessagesPage> {
    const first = await pageOf(transport, by, referral, String(behindAll))
    const seen = await ends[by.side].seen(first.referralId)
    const isThere = ({ last }: MessagesPage) => !seen || seen.number <= (last?.number ?? 0)
    if (isThere(first)) return first
    // This client may have written meanwhile.
    const again = await pageOf(transport, by, referral, String(behindAll))
    if (isThere(again)) return again
    throw new BadAnswer(`message ${seen?.number} about ${referral}, written before, is not there`)
  }

  async function post(by: Correspondent, sealed: MessageEnvelope, marks: Marks) {
    const { referralId, number } = sealed.header
    const acknowledged = await postSealed(transport, by, sealed, marks)
    const envelopeHash = encodeBase64url(noteHash(sealed))
    await ends[by.side].remember(referralId, { number, envelopeHash })
    return acknowledged
  }

  /** The one withdrawal of a referral, with its reason sealed; it stands behind the referral itself. */
  async function sealWithdrawal(by: Correspondent, name: string, reason: string) {
    const content = contentOf(reason)
    const { last: _, ...page } = await pageOf(transport, by, name, String(behindAll))
    return sealBehind(by, page, { content }, 'withdrawal')
  }

  return { read, send, sealWithdrawal }
}

type Marks = Readonly<Record<string, string>>
type Side = MessageHeader['from']
const sides: readonly Side[] = ['referrer', 'recipient']

/** How far the messages of one side were seen to go. */
function endsOf({ memoryOf }: Pick<Keysets, 'memoryOf'>, from: Side) {
  const nameOf = (number: number) => `message ${number} by the ${from}`
  return createNoteEnds(memoryOf, { name: `messages ${from}`, nameOf })
}

type Keysets = ReturnType<typeof createKeysets>

async function openAll(
  keysets: Keysets,
  by: Correspondent,
  referral: Answered & { signedBy: SignedBy },
  shown: readonly (ShownMessage & MessagesPage['messages'][number])[],
) {
  const oldest = shown.reduce((before, { message }) => {
    const named = message.header?.keyset?.version
    return Number.isInteger(named) && named >= 1 ? Math.min(before, named) : before
  }, Number.POSITIVE_INFINITY)
  const [known, directory] = await Promise.all([keysets.backTo(oldest), by.directory()])
  const { side, reader } = by
  return readConversation(shown, { referral, side, reader, keysets: known, directory })
}

/** Page by page, to the end; all together are no longer than a claim. */
async function pagesOf(
  transport: Transport,
  by: Correspondent,
  referral: string,
  marks: Marks,
): Promise<MessagesPage[]> {
  const pages: MessagesPage[] = []
  let bytes = 0
  for (let after = 0; ; ) {
    const page = await pageOf(transport, by, referral, String(after), marks)
    pages.push(page)
    if (page.next === undefined) return pages
    bytes += JSON.stringify(page).length
    if (page.messages.length === 0 || page.next <= after || page.next > behindAll) {
      throw new BadAnswer(`the messages about ${referral} have no end`)
    }
    if (bytes > claimBytesMax) {
      throw new BadAnswer(
        `the messages about ${referral} are over 30 MiB, more than a client reads`,
      )
    }
    after = page.next
  }
}

async function pageOf(
  transport: Transport,
  by: Correspondent,
  referral: string,
  after: string,
  marks: Marks = {},
): Promise<MessagesPage> {
  const path = by.pathOf(referral, { after, ...marks })
  const answer = await transport.send({ ...by.call, method: 'GET', path, repeatable: true })
  return readAnswer(MessagesAnswer, answer, `GET ${path}`) as MessagesPage
}

async function postSealed(
  transport: Transport,
  by: Correspondent,
  sealed: MessageEnvelope,
  marks: Marks,
): Promise<MessageAcknowledgement> {
  const { referralId, messageId, number } = sealed.header
  const path = by.pathOf(referralId, marks)
  const request = { method: 'POST', path, body: sealed, repeatable: true } as const
  const answer = await transport.send({ ...by.call, ...request })
  const acknowledged = readAnswer(MessageAnswer, answer, `POST ${path}`)
  if (acknowledged.messageId === messageId && acknowledged.number === number) return acknowledged
  throw new BadAnswer(`the acknowledgement of message ${number} is of another`)
}

function contentOf(text: string, documents?: readonly Attachment[]): MessageContent {
  const content = { text: text.normalize('NFC'), ...(documents && { documents: [...documents] }) }
  const [problem] = schemaProblems(MessageContent, content)
  if (!problem) return content
  throw new Refusal('referral-invalid', `the message${problem.pointer} ${problem.detail}`)
}

async function sealBehind(
  by: Correspondent,
  page: MessagesPage,
  said: { content: MessageContent; urgency?: Urgency },
  kind: 'message' | 'withdrawal' = 'message',
): Promise<MessageEnvelope> {
  const { last } = page
  return sealMessage({
    ...{ kind, from: by.side, messageId: newId(), now: new Date() },
    ...said,
    referral: by.answeredIn(page),
    last: last && { number: last.number, envelopeHash: decodeBase64url(last.envelopeHash, 32) },
    keyset: await by.keyset(),
    signer: by.signer,
  })
}
