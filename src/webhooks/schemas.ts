/** What managing endpoints takes and gives. */
import * as Type from 'typebox'
import { Instant, Uuid } from '../referral/format.ts'
import { failuresMax } from './message.ts'
import { triesMax } from './schedule.ts'

export const endpointsMax = 10
export const overlapHoursMax = 168

export const EndpointParams = Type.Object({ endpointId: Uuid }, { additionalProperties: false })

export const EndpointRequest = Type.Object(
  {
    url: Type.String({
      maxLength: 2_000,
      description:
        'Where messages are posted: https, without user and password. http, and private networks, only where the ' +
        'operator allows them.',
    }),
  },
  { additionalProperties: false },
)

export const ActivationRequest = Type.Object(
  { active: Type.Boolean({ description: 'Whether messages are sent, from where it was.' }) },
  { additionalProperties: false },
)

export const RotationRequest = Type.Object(
  {
    overlapHours: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: overlapHoursMax,
        default: 24,
        description: 'For so long the secret before signs each message too.',
      }),
    ),
  },
  { additionalProperties: false },
)

export const ReplayRequest = Type.Object(
  {
    since: Type.Optional({ ...Instant, description: 'All from this time on.' }),
    messageId: Type.Optional(
      Type.String({ maxLength: 60, description: 'This message, and those behind it.' }),
    ),
  },
  { additionalProperties: false, minProperties: 1, maxProperties: 1 },
)

/** An endpoint, as its client sees it. */
export const WebhookEndpoint = Type.Object({
  endpointId: Uuid,
  url: Type.String(),
  secret: Type.Optional(
    Type.String({ description: 'Shown once, in the answer to the request that made it.' }),
  ),
  createdAt: Instant,
  disabledAt: Type.Optional(Instant),
  disabledFor: Type.Optional(
    Type.Enum(['asked', 'gone', 'failed', 'secret'], {
      description:
        '`asked`: by its client. `gone`: it answered 410. `failed`: a message failed at each try. `secret`: the service no longer opens its secret.',
    }),
  ),
  deliveredAt: Type.Optional({ ...Instant, description: 'When it last took a message.' }),
  tries: Type.Integer({ description: 'How often its next message failed.', maximum: triesMax }),
  nextTryAt: Instant,
  failures: Type.Array(
    Type.Object({
      at: Instant,
      messageId: Type.String(),
      tries: Type.Integer(),
      status: Type.Optional(Type.Integer()),
      fault: Type.Optional(Type.Enum(['address', 'name', 'timeout', 'certificate', 'connection'])),
    }),
    { maxItems: failuresMax, description: 'The newest, oldest first.' },
  ),
})

export const WebhookEndpoints = Type.Object({
  endpoints: Type.Array(WebhookEndpoint, { maxItems: endpointsMax }),
})
