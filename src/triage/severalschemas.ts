/** Several completions at once. */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { IdOrReference } from '../protocol/envelope/acknowledgement.ts'
import { claimItemsMax } from './lease.ts'
import { ClaimParams, Completion, CompletionRequest } from './schemas.ts'

/** As one of several: the claim is named in it. */
export const ClaimCompletion = Type.Object(
  { ...ClaimParams.properties, ...CompletionRequest.properties },
  { additionalProperties: false },
)

export const CompletionsRequest = Type.Object(
  {
    completions: Type.Array(ClaimCompletion, {
      minItems: 1,
      maxItems: claimItemsMax,
      description: 'Each with the fence that came with its claim.',
    }),
  },
  { additionalProperties: false },
)
export type CompletionsRequest = Static<typeof CompletionsRequest>

/** What became of each, in the order of the request. */
export const Completions = Type.Object({
  completions: Type.Array(
    Type.Object({
      claimId: IdOrReference,
      completion: Type.Optional(Completion),
      problem: Type.Optional(
        Type.Object(
          { code: Type.String(), detail: Type.String() },
          { description: 'Why this one was refused, as `code` and `detail` of a problem say it.' },
        ),
      ),
    }),
    { maxItems: claimItemsMax, description: 'Of each either its completion or its problem.' },
  ),
})
