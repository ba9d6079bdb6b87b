/** Review notes: what a reviewer wrote beside a judgement, sealed to recipients and no referrer. */
import { Refusal } from '../errors.ts'
import { decodeBase64url, encodeBase64url } from '../protocol/bytes.ts'
import type { Opened } from '../protocol/envelope/open.ts'
import type { KeyPair } from '../protocol/keys.ts'
import { MessageContent, type MessageEnvelope, sealMessage } from '../protocol/messages/message.ts'
import { noteHash } from '../protocol/messages/note.ts'
import { type NoteChain, readNotes, type ShownNote } from '../protocol/messages/notechain.ts'
import { recipientThatSigns } from '../protocol/trust/keyset.ts'
import { newId } from '../protocol/uuid.ts'
import { schemaProblems } from '../referral/problems.ts'
import { claimBytesMax } from './answer.ts'
import { BadAnswer, ServiceProblem } from './failure.ts'
import { createNoteEnds } from './noteends.ts'
import { NotesAnswer, type NotesPage, readAnswer } from './schemas.ts'
import { createSeveral } from './severalnotes.ts'
import type { Transport } from './transport.ts'
import type { createKeysets, NewestKeyset } from './trust.ts'

/** Why, in a reviewer's words: sealed to every required recipient, signed, and kept for good. */
export type Note = {
  /** A referral of a case that is judged, as it was opened. */
  readonly about: Opened
  /** 1 to 20,000 characters. */
  readonly text: string
}

/** Who writes at the same moment is first at most so often: then something else is wrong. */
const triesMax = 5

type Keysets = ReturnType<typeof createKeysets>

/** @see createNotes */
export type Notes = ReturnType<typeof createNotes>

/** Seals and reads notes. @param keys - a recipient's */
export function createNotes(
  transport: Transport,
  keysets: Keysets,
  { receiving, signing }: { readonly receiving: KeyPair; readonly signing: KeyPair },
) {
  const ends = createNoteEnds(keysets.memoryOf)

  /**
   * Sends a judgement with its note, sealed after those there are about the same referral, so that one
   * held back is missed. Where somebody else has written meanwhile, or under a newer keyset than this client
   * knew, nothing was done: it is sealed anew.
   *
   * @param send - called with `{}` where there is no note
   */
  async function sendWith<Answer>(
    note: Note | undefined,
    send: (sealed: { note?: MessageEnvelope }) => Promise<Answer>,
  ): Promise<Answer> {
    if (!note) return send({})
    for (let tries = 1; ; tries += 1) {
      const sealed = await seal(note)
      try {
        const answer = await send({ note: sealed })
        await remember(note.about.referralId, sealed)
        return answer
      } catch (error) {
        const code = error instanceof ServiceProblem ? error.problem.code : undefined
        if (tries === triesMax || !mayPass(code, keysets)) throw error
      }
    }
  }

  /** @throws Error that says that the judgement stands, where it cannot be remembered */
  async function remember(referralId: string, sealed: MessageEnvelope): Promise<void> {
    const { number } = sealed.header
    try {
      await ends.remember(referralId, { number, envelopeHash: encodeBase64url(noteHash(sealed)) })
    } catch (cause) {
      const what = `The judgement and its note ${number} are stored. That they are could not be remembered here`
      throw new Error(`${what}: mend that, and do not judge again`, { cause })
    }
  }

  /** @param before - the note that it comes behind; if left out, the newest that there is */
  async function seal({ about, text }: Note, before?: MessageEnvelope): Promise<MessageEnvelope> {
    const content = { text: text.normalize('NFC') }
    const [problem] = schemaProblems(MessageContent, content)
    if (problem)
      throw new Refusal('referral-invalid', `the note${problem.pointer} ${problem.detail}`)
    const shown = before ? [{ note: before }] : await shownAbout(transport, about.referralId)
    const last = lastOf(shown)
    return sealMessage({
      kind: 'note',
      from: 'recipient',
      messageId: newId(),
      referral: answered(about),
      content,
      last,
      keyset: await signable(keysets, signing),
      signer: signing,
      now: new Date(),
    })
  }

  /** @see Reviewing */
  async function read(about: Opened): Promise<NoteChain> {
    const shown = await shownAbout(transport, about.referralId)
    const first = await openAll(about, shown)
    // A note may be sealed under a keyset that is newer than what this client fetched minutes ago.
    const outdated = first.refused.some(({ step }) => step === 'keyset')
    const chain = outdated && keysets.refresh() ? await openAll(about, shown) : first
    const cut = await ends.check(about.referralId, chain.notes)
    return { ...chain, faults: [...chain.faults, ...cut] }
  }

  async function openAll(about: Opened, shown: readonly ShownNote[]): Promise<NoteChain> {
    const oldest = shown.reduce((before, { note }) => {
      const named = note.header?.keyset?.version
      return Number.isInteger(named) && named >= 1 ? Math.min(before, named) : before
    }, Number.POSITIVE_INFINITY)
    return readNotes(shown, {
      referral: { ...answered(about), signedBy: about.signedBy },
      reader: receiving,
      keysets: await keysets.backTo(oldest),
    })
  }

  const passes = (code: string | undefined) => mayPass(code, keysets)
  const sendSeveral = createSeveral({ seal, remember, triesMax, mayPass: passes })
  /** @see Reviewing */
  const seen = async (referralId: string) => (await ends.seen(referralId))?.number ?? 0
  return { sendWith, sendSeveral, read, seen }
}

/** Whether the same note, sealed anew, may be taken. */
function mayPass(code: string | undefined, keysets: Keysets): boolean {
  return code === 'note-not-next' || (code === 'keyset-superseded' && keysets.refresh())
}

/** All that the service shows about a referral, in its order and unchecked. */
async function shownAbout(transport: Transport, referralId: string): Promise<ShownNote[]> {
  const shown: ShownNote[] = []
  let bytes = 0
  for (let after = 0; ; ) {
    const path = `/v1/referrals/${encodeURIComponent(referralId)}/notes?after=${after}`
    const answer = await transport.send({ method: 'GET', path, repeatable: true })
    const page = readAnswer(NotesAnswer, answer, `GET ${path}`) as NotesPage
    if (page.referralId !== referralId) {
      throw new BadAnswer(`the notes about ${referralId} were asked for, and another's were shown`)
    }
    shown.push(...page.notes)
    if (page.next === undefined) return shown
    // Every page leads on, and all together are no longer than a claim: nobody is made to read for ever.
    bytes += JSON.stringify(page).length
    if (page.next <= after) throw new BadAnswer(`the notes about ${referralId} have no end`)
    if (bytes > claimBytesMax) {
      const detail = `the notes about ${referralId} are over 30 MiB, more than a client reads`
      throw new BadAnswer(`${detail}: judge without a note, and write down elsewhere why`)
    }
    after = page.next
  }
}

/** The newest keyset, in which readers look for who signs: else the note is kept for good and refused by all. */
export async function signable(keysets: Keysets, { kid }: KeyPair): Promise<NewestKeyset> {
  const known = await keysets.newest()
  if (recipientThatSigns(known.keyset, kid)) return known
  const fresh = keysets.refresh() ? await keysets.newest() : known
  if (recipientThatSigns(fresh.keyset, kid)) return fresh
  const detail = `keyset ${fresh.keyset.version} lists no recipient that signs with your key ${kid}`
  throw new Refusal('unknown-signer', `${detail}: use the key file of a recipient that it lists`)
}

/**
 * The one with the highest number, unchecked: whatever is shown for a note has a hash, and whether it is one
 * its readers find out.
 */
function lastOf(shown: readonly Pick<ShownNote, 'note'>[]) {
  const numbered = shown.toSorted(
    (a, b) => Number(a.note.header?.number) - Number(b.note.header?.number),
  )
  const newest = numbered.at(-1)?.note
  if (!newest) return undefined
  try {
    const { number } = newest.header
    if (Number.isInteger(number)) return { number, envelopeHash: noteHash(newest) }
  } catch {
    // Nothing that a note has to have is sure to be there.
  }
  throw new BadAnswer('what is shown as a note has not the form of one')
}

function answered({ header, envelopeHash }: Opened) {
  return { header, envelopeHash: decodeBase64url(envelopeHash, 32) }
}
