/** The access log as it is served, read the way anybody outside may. */
import type { World } from '../../examples/ceremony.ts'
import { hasher } from '../../src/audit/tree.ts'
import { decodeBase64url } from '../../src/protocol/bytes.ts'
import { type OpenedCheckpoint, openCheckpoint } from '../../src/protocol/log/checkpoint.ts'
import { logKeyType, type NoteKey, noteKey } from '../../src/protocol/log/key.ts'
import type { Read } from '../../src/protocol/log/reader.ts'
import { verifyConsistency, verifyLog } from '../../src/protocol/log/verify.ts'
import { originOfLog } from '../../src/protocol/logorigin.ts'
import { verify } from '../../src/protocol/signature.ts'
import { sha256 } from '../../src/protocol/sodium.ts'

/** Reads the files of one log over HTTP, with an auditor's token. */
export function served(url: string, token: string, log = 1): Read {
  const headers = { authorization: `Bearer ${token}` }
  return async (path) => {
    const answer = await fetch(`${url}/v1/audit/logs/${log}/${path}`, { headers })
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`)
    return new Uint8Array(await answer.arrayBuffer())
  }
}

/** The key that the keyset names for a log. */
export function keyOfLog({ origin, keyset }: World, log = 1): NoteKey {
  const publicKey = decodeBase64url(keyset.log.publicKeys[0]!, 32)
  return noteKey(sha256, { name: originOfLog(origin, log), type: logKeyType, publicKey })
}

/** The checkpoint that is served now, signed by the key of the keyset. */
export async function readCheckpoint(world: World, read: Read, log = 1): Promise<OpenedCheckpoint> {
  const file = await read('checkpoint')
  if (!file) throw new Error('no checkpoint is served')
  return openCheckpoint(file, [keyOfLog(world, log)], verify)
}

/** A log that was found whole: its checkpoint, and what its leaves say. */
export type Whole = { readonly checkpoint: OpenedCheckpoint; readonly said: readonly Said[] }

/** As much of a leaf as tests ask for. */
type Said = {
  readonly action: string
  readonly outcome: string
  readonly object?: { readonly id: string }
}

/** Throws unless the whole log is what its checkpoint signed, and begins with each that was `seen` before. */
export async function requireLog(
  world: World,
  read: Read,
  seen: readonly OpenedCheckpoint[] = [],
  log = 1,
): Promise<Whole> {
  const checkpoint = await readCheckpoint(world, read, log)
  const said: Said[] = []
  await verifyLog(hasher, read, checkpoint, {
    onEntries: (_, entries) => {
      for (const entry of entries) said.push(JSON.parse(Buffer.from(entry).toString()))
    },
  })
  for (const earlier of seen) await verifyConsistency(hasher, read, earlier, checkpoint)
  return { checkpoint, said }
}
