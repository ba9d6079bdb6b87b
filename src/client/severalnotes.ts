/** Notes beside several acts of one request, of which each may be refused by itself. */
import type { MessageEnvelope } from '../protocol/messages/message.ts'
import type { Note } from './notes.ts'

type Sealed = { readonly note?: MessageEnvelope }

/** What became of one of them: if it was refused, why. */
type Ended = { readonly problem?: { readonly code: string } }

type Sealing = {
  /** @param before - the note that it comes behind; if left out, the newest that there is */
  seal(note: Note, before?: MessageEnvelope): Promise<MessageEnvelope>
  remember(referralId: string, sealed: MessageEnvelope): Promise<void>
  /** Whether the same note, sealed anew, may be taken. */
  mayPass(code: string | undefined): boolean
  readonly triesMax: number
}

export function createSeveral({ seal, remember, mayPass, triesMax }: Sealing) {
  /**
   * Sends them with their notes. Those whose notes somebody else was faster than are sent again, as often as one is.
   *
   * @param send - resolves with what became of each, in the same order
   */
  return async function sendSeveral<Act extends { readonly note?: Note }, Done extends Ended>(
    acts: readonly Act[],
    send: (acts: readonly (Omit<Act, 'note'> & Sealed)[]) => Promise<readonly Done[]>,
  ): Promise<Done[]> {
    const done = new Map<Act, Done>()
    for (let left = acts, tries = 1; left.length > 0; tries += 1) {
      const sealed = await sealAll(left)
      const answers = await send(sealed)
      const again: Act[] = []
      for (const [at, act] of left.entries()) {
        const [answer, note] = [answers[at], sealed[at]?.note]
        if (!answer) continue
        done.set(act, answer)
        if (note && !answer.problem) await remember(note.header.referralId, note)
        if (note && tries < triesMax && mayPass(answer.problem?.code)) again.push(act)
      }
      left = again
    }
    return acts.flatMap((act) => done.get(act) ?? [])
  }

  /** Seals what each notes; of two about one referral the second comes behind the first. */
  async function sealAll<Act extends { readonly note?: Note }>(acts: readonly Act[]) {
    const newest = new Map<string, MessageEnvelope>()
    const sealed: (Omit<Act, 'note'> & Sealed)[] = []
    for (const { note, ...act } of acts) {
      const envelope = note && (await seal(note, newest.get(note.about.referralId)))
      if (note && envelope) newest.set(note.about.referralId, envelope)
      sealed.push({ ...act, ...(envelope && { note: envelope }) })
    }
    return sealed
  }
}
