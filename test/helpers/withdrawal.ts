/** One valid withdrawal of a referral, to vary. */
import type { World } from '../../examples/ceremony.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import {
  type Envelope,
  envelopeHash,
  hashesOf,
  headerHash,
} from '../../src/protocol/envelope/envelope.ts'
import {
  type MessageEnvelope,
  type MessageInput,
  sealMessage,
} from '../../src/protocol/messages/message.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { keysetReference } from './publish.ts'

/** By the law firm. */
export function withdrawalOf(
  world: World,
  envelope: Envelope,
  changes: Partial<MessageInput> = {},
): MessageEnvelope {
  const { header } = envelope
  const hash = envelopeHash(headerHash(canonicalBytes(header)), hashesOf(envelope))
  return sealMessage({
    ...{ kind: 'withdrawal', from: 'referrer', messageId: newId(), now: new Date() },
    last: undefined,
    referral: { header, envelopeHash: hash },
    content: { text: 'She has another lawyer by now.' },
    keyset: keysetReference(world.keyset),
    signer: world.referring.lawFirm.signing,
    ...changes,
  })
}
