/**
 * What the server releases of a referral to one reader: that reader's compartments and wrap, and of
 * all parts the hashes by which the signature is checked (docs/PROTOCOL.md, "Opening").
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Bytes32, Instant, Kid, UuidV7 } from '../../referral/format.ts'
import { everyCompartment, Header, recipientsMax } from '../../referral/header.ts'
import { Grant } from '../messages/grant.ts'
import { Reference } from './acknowledgement.ts'
import { sealedText } from './compartment.ts'
import { Signature, Wrap } from './envelope.ts'

export const Released = Type.Object(
  {
    referralId: UuidV7,
    reference: Reference,
    receivedAt: Instant,
    state: Type.String({ pattern: '^[a-z_]{1,40}$', maxLength: 40 }),
    header: Header,
    compartments: Type.Object(
      everyCompartment((name) => Type.Optional(sealedText(name))),
      { additionalProperties: false, description: "The reader's own, sealed" },
    ),
    sealedHashes: Type.Object(
      everyCompartment(() => Bytes32),
      { additionalProperties: false, description: 'Of all ten compartments: they are signed' },
    ),
    wrapHashes: Type.Record(Kid, Bytes32, {
      additionalProperties: false,
      maxProperties: recipientsMax,
      description: 'Of the wraps of sealing, by kid: they are signed',
    }),
    wrap: Wrap,
    matchingHash: Type.Optional(Bytes32),
    receipt: Type.Optional(Bytes32),
    signature: Signature,
    grant: Type.Optional(Grant),
  },
  { additionalProperties: false },
)
export type Released = Static<typeof Released>
