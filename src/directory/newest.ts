/** What other features ask of the newest keyset. */
import type { Tx } from '../database/connect.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import type { Keyset, Recipient } from '../protocol/keyset.ts'
import { kidOf } from '../protocol/kid.ts'
import type { createDocuments } from './documents.ts'
import { selectNewestVersion } from './store.ts'

export function createNewest(documents: ReturnType<typeof createDocuments>) {
  /** The epochs of match keys that the newest keyset lists, the newest first. */
  async function matchingEpochs(tx: Tx): Promise<number[]> {
    const { matching } = (await newestKeyset(tx)) ?? { matching: [] }
    return matching.map(({ epoch }) => epoch).sort((a, b) => b - a)
  }

  /** The recipient of the newest keyset that signs with the key `kid`. */
  async function recipientSigning(tx: Tx, kid: string): Promise<Recipient | undefined> {
    const { recipients } = (await newestKeyset(tx)) ?? { recipients: [] }
    return recipients.find(({ signingKey }) => {
      return kidOf('Ed25519', decodeBase64url(signingKey, 32)) === kid
    })
  }

  async function newestKeyset(tx: Tx): Promise<Keyset | undefined> {
    const version = await selectNewestVersion(tx)
    return version === undefined ? undefined : (await documents.keyset(tx, version)).keyset
  }

  return { matchingEpochs, recipientSigning }
}
