/** The claim that a command is about. */
import { BadAnswer, type Lease, type Reader } from '../../client/index.ts'
import { required } from '../../errors.ts'
import type { Input, Option } from '../command.ts'
import { hasReferenceForm, named } from './naming.ts'

export const fence: Record<string, Option> = {
  fence: {
    value: 'N',
    help: 'The number that came with the claim; else that of what is yours now.',
  },
}

/** For the details of a command that takes `fence`. */
export const fenceDetails = `CLAIM is the id of an item, or the reference of a referral of it. Without --fence it is what
your client holds now: with it, a claim that has ended since, and that somebody made anew, is refused.`

type Claimed = { readonly claimId: string; readonly fence: number | undefined }

/** What names the claim, before anything is sent. @throws UsageError for a mistyped reference, or no fence */
export function claimNamed(input: Input): Claimed {
  const claimId = named(required(input.operands[0], 'operandsMin is 1'))
  return { claimId, fence: input.whole('fence', 1, Number.MAX_SAFE_INTEGER) }
}

/** The claim with its fence. @throws Error if it is not held */
export async function leaseOf(reader: Reader, { claimId, fence }: Claimed): Promise<Lease> {
  return fence === undefined ? ownClaim(reader, claimId) : { claimId, fence }
}

/** A referral of the claim, by its reference. @throws Error if it is not held */
export async function referralOf(reader: Reader, { claimId }: Claimed): Promise<string> {
  if (hasReferenceForm(claimId)) return claimId
  const { references } = await ownClaim(reader, claimId)
  return required(references[0], 'an item has a referral')
}

/** Of 200 claims each: far more than a client ever holds. */
const pagesMax = 500

async function ownClaim(reader: Reader, name: string) {
  let cursor: string | undefined
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page = await reader.ownClaims({ limit: 200, ...(cursor !== undefined && { cursor }) })
    const found = page.claims.find(({ claimId, references }) => {
      return claimId === name || references.includes(name)
    })
    if (found) return found
    if (page.next === undefined) {
      throw new Error(`${name} is not yours now: intake mine lists what is`)
    }
    cursor = page.next
  }
  throw new BadAnswer('the list of what is yours has no end')
}
