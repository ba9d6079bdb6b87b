/** One valid note about a referral, to vary. */
import type { World } from '../../examples/ceremony.ts'
import { decodeBase64url } from '../../src/protocol/bytes.ts'
import {
  type MessageEnvelope,
  type MessageInput,
  sealMessage,
} from '../../src/protocol/messages/message.ts'
import { noteHash } from '../../src/protocol/messages/note.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { keysetReference } from './publish.ts'
import type { refer } from './referral.ts'

type Referred = Pick<Awaited<ReturnType<typeof refer>>, 'envelope' | 'acknowledgement'>

/** A note of the casework team, behind `last` if there is one. */
export function noteOn(
  world: World,
  { envelope, acknowledgement }: Referred,
  last?: MessageEnvelope,
  changes: Partial<MessageInput> = {},
): MessageEnvelope {
  const envelopeHash = decodeBase64url(acknowledgement.envelopeHash, 32)
  return sealMessage({
    ...{ kind: 'note', from: 'recipient', messageId: newId(), now: new Date() },
    last: last && { number: last.header.number, envelopeHash: noteHash(last) },
    referral: { header: envelope.header, envelopeHash },
    content: { text: 'Both gave the same mother’s name.' },
    keyset: keysetReference(world.keyset),
    signer: world.recipients.casework.signing,
    ...changes,
  })
}
