/**
 * What was sealed and is not yet acknowledged, so that no power cut and no lost answer makes one
 * draft into two referrals, or into none:
 *
 *     drafts/<SHA-256 of the draft file>.json   the id this draft has, for ever
 *     outbox/<referral id>.json                 the sealed bytes, until they are acknowledged
 *     acknowledged/<referral id>.json           the acknowledgement
 *
 * Each is written before the step that relies on it, and the first writer of a name wins. A crash
 * after the id: the draft is sealed under it. After sealing: the same bytes are sent. After sending:
 * the same bytes are sent again, and the service answers as it did the first time.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Acknowledgement, type Envelope, newId } from '../client/index.ts'
import { keepFirst, readIfThere } from '../disk.ts'
import { sha256 as sha256Of } from '../protocol/sodium.ts'

/** @see createOutbox */
export type Outbox = ReturnType<typeof createOutbox>

/** The outbox of one home. @param home - the folder under which all three are kept */
export function createOutbox(home: string) {
  const draftFile = (sha256: string) => join(home, 'drafts', `${sha256}.json`)
  const sealedFile = (id: string) => join(home, 'outbox', `${id}.json`)
  const acknowledgedFile = (id: string) => join(home, 'acknowledged', `${id}.json`)

  return {
    /** Ids of what is sealed and not acknowledged, oldest first. */
    async waiting(): Promise<string[]> {
      const names = await readdir(join(home, 'outbox')).catch(noFolder)
      return names.flatMap((name) => name.match(sealedName)?.[1] ?? []).sort()
    },

    /** The id of the referral that a draft of these bytes is, now and at every later call. */
    async idOf(draft: Uint8Array): Promise<string> {
      const sha256 = Buffer.from(sha256Of(draft)).toString('hex')
      const file = draftFile(sha256)
      const record = JSON.stringify({ referralId: newId() })
      const kept = (await readIfThere(file)) ?? (await keepFirst(file, record))
      return JSON.parse(kept).referralId
    },

    /** The acknowledgement of a referral, once there is one. */
    async acknowledgementOf(id: string): Promise<Acknowledgement | undefined> {
      const text = await readIfThere(acknowledgedFile(id))
      return text === undefined ? undefined : JSON.parse(text)
    },

    /** Keeps what was sealed, and answers what is to be sent: of two, what was kept first. */
    async keep(envelope: Envelope): Promise<Envelope> {
      const file = sealedFile(envelope.header.referralId)
      return JSON.parse(await keepFirst(file, JSON.stringify(envelope)))
    },

    /** What was kept under `id`, if it still waits. */
    async sealed(id: string): Promise<Envelope | undefined> {
      const text = await readIfThere(sealedFile(id))
      return text === undefined ? undefined : JSON.parse(text)
    },

    /** The service has it: the sealed bytes go, the acknowledgement stays. */
    async settle(acknowledgement: Acknowledgement): Promise<void> {
      const id = acknowledgement.referralId
      await keepFirst(acknowledgedFile(id), JSON.stringify(acknowledgement))
      await rm(sealedFile(id), { force: true })
    },

    /**
     * The service refuses these bytes and stored nothing. A draft that is mended is another draft;
     * the same one, tried again, is sealed anew under its old id and so never stored twice.
     */
    async discard(id: string): Promise<void> {
      await rm(sealedFile(id), { force: true })
    },
  }
}

const sealedName = /^([0-9a-f-]{36})\.json$/

function noFolder(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
