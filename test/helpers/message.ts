/** One valid message about a referral, from either side, to vary. */
import type { World } from '../../examples/ceremony.ts'
import { decodeBase64url } from '../../src/protocol/bytes.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import {
  type MessageEnvelope,
  type MessageInput,
  sealMessage,
} from '../../src/protocol/messages/message.ts'
import { noteHash } from '../../src/protocol/messages/note.ts'
import { replyToOf } from '../../src/protocol/messages/receipt.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { keysetReference } from './publish.ts'
import type { refer } from './referral.ts'

type Referred = Pick<Awaited<ReturnType<typeof refer>>, 'envelope' | 'acknowledgement'>

/** Keys that an organisation gives to be answered by. */
export function replyKeys() {
  const keys = { reply: generateRecipientKey(), signing: generateSigningKey() }
  return { ...keys, replyTo: replyToOf(keys) }
}

/** A message about `referred`, behind `last` if there is one; by the law firm, if `changes` do not say. */
export function messageOn(
  world: World,
  { envelope, acknowledgement }: Referred,
  last?: MessageEnvelope,
  changes: Partial<MessageInput> = {},
): MessageEnvelope {
  const envelopeHash = decodeBase64url(acknowledgement.envelopeHash, 32)
  return sealMessage({
    ...{ kind: 'message', from: 'referrer', messageId: newId(), now: new Date() },
    last: last && { number: last.header.number, envelopeHash: noteHash(last) },
    referral: { header: envelope.header, envelopeHash },
    content: { text: 'Mrs Okonkwo was moved to Heathrow.' },
    keyset: keysetReference(world.keyset),
    signer: world.referring.lawFirm.signing,
    ...changes,
  })
}
