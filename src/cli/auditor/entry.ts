/** `intake audit verify --entry ID`: the proof of one entry, from a service or of a folder. */
import { writeFile } from 'node:fs/promises'
import { documentBytesMax, readText } from '../../client/answer.ts'
import {
  BadAnswer,
  EntryFault,
  type LogTrust,
  openEntryProof,
  type ProvenEntry,
  shown,
} from '../../client/index.ts'
import { type EntryProof, findEntryProof, readEntryProof } from '../../client/logproof.ts'
import { wordsOfWitnessing } from '../../client/logwords.ts'
import { decodeBase64url } from '../../protocol/bytes.ts'
import { fitted, type Input, type Report, UsageError } from '../command.ts'
import { getterOf } from './getter.ts'
import { believedBy, locate, storedLog } from './source.ts'

/**
 * Checks that one entry stands in the log, and writes its proof if a file is named for it.
 *
 * @throws LogFault, EntryFault for a proof that does not hold, or is of another entry
 */
export async function verifyEntry(input: Input): Promise<Report> {
  const id = input.needed('entry').toLowerCase()
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
    throw new UsageError('--entry is not the id of an entry')
  }
  if (input.given('since')) throw new UsageError('--entry or --since, not both')
  const { input: located, folder } = locate(input)
  const believed = await believedBy(located)
  const keyset = await believed.keyset?.()
  if (keyset?.publication instanceof Error) throw keyset.publication
  const trust = believed.trust(keyset)
  const found =
    folder === undefined ? await servedProof(located, id) : await storedProof(folder, trust, id)
  const proven = await openEntryProof(found, trust)
  if (proven.entry.id !== id) {
    throw new EntryFault('opening-wrong', proven.index, 'it is not the entry that was asked for')
  }
  const out = input.text('out')
  if (out !== undefined) await writeProof(out, found)
  return reportOf(proven, out)
}

async function servedProof(input: Input, id: string): Promise<EntryProof> {
  const get = await getterOf(input)
  const text = await readText(await get(`/v1/audit/entries/${id}/proof`), documentBytesMax)
  if (text === undefined) throw new BadAnswer('the proof is no text, or over 8 MiB')
  return readEntryProof(text)
}

async function storedProof(folder: string, trust: LogTrust, id: string): Promise<EntryProof> {
  const found = await findEntryProof(storedLog(folder), trust, id)
  if (found) return found
  throw new Error(`the log in ${shown(folder)} has no entry of that id`)
}

/** The proof, and beside it what it proves: the bytes that are hashed. */
async function writeProof(file: string, { leaf, proof }: EntryProof): Promise<void> {
  await writeFile(file, proof, { flag: 'wx' })
  await writeFile(`${file}.entry`, decodeBase64url(leaf), { flag: 'wx' })
}

function reportOf({ entry, index, state }: ProvenEntry, out: string | undefined): Report {
  const { origin, size, witnessing } = state
  const { action, outcome, reason, at, object } = entry
  const refusal = reason === undefined ? '' : `: ${reason}`
  const about = object ? `, about ${object.kind} ${object.id}` : ''
  const lines = [
    `Entry ${index} of ${origin}, which has ${size}, is as it was signed.`,
    wordsOfWitnessing(witnessing),
    `It says: ${action}, ${outcome}${refusal}, at ${at}${about}.`,
    ...(out === undefined ? [] : [`Wrote ${shown(out)}, and what it proves: ${shown(out)}.entry`]),
  ]
  return {
    text: fitted(lines.join('\n')),
    value: { proven: true, index, origin, size, witnessing, entry, ...(out && { out }) },
  }
}
