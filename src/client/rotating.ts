/**
 * Rotation: all that a recipient key opens is passed on to the key that follows it (docs/PROTOCOL.md, "Grants"). Wraps go
 * through this client and no compartment does. What is done is not done again: whoever was interrupted begins anew.
 */
import type { Static } from 'typebox'
import { Refusal } from '../errors.ts'
import type { Released } from '../protocol/envelope/released.ts'
import { StepFailure } from '../protocol/envelope/step.ts'
import { rewrap } from '../protocol/messages/rewrap.ts'
import { BadAnswer } from './failure.ts'
import { type GrantingParts, listedAs, openInputOf } from './granting.ts'
import type { ListedReader } from './readers.ts'
import { GivenUpAnswer, GrantsGivenAnswer, readAnswer, WrapsAnswer } from './schemas.ts'

export type RotateOptions = {
  /** The kid of the key that follows, or its label where no other reader has it. */
  readonly to: string
  /** Deletes the wraps of the old key of all that was passed on. It must be in no newest keyset any more. */
  readonly revoke?: boolean
  /** Told after each page. */
  readonly onProgress?: (progress: Rotated) => void
  /** Once aborted, what was begun is ended and no more. */
  readonly signal?: AbortSignal
}

/** How far a rotation is. */
export type Rotated = {
  readonly to: { readonly kid: string; readonly label: string }
  /** Passed on now, by this call. */
  readonly given: number
  /**
   * How many the service says that both keys open, and how many the old one alone. Behind `revoke` the first are those whose
   * old wrap stays: they were sealed to both, and nothing was passed on.
   */
  readonly passed: number
  readonly left: number
  /** What could not be passed on, at most a thousand of them, and why. */
  readonly failed: readonly { readonly referralId: string; readonly why: string }[]
  /** Wraps of the old key that were deleted. */
  readonly revoked: number
}

/** @see createRotating */
export type Rotating = {
  /**
   * Passes all that this reader's key opens on to another key of the newest keyset or directory, without an end.
   *
   * Referrals that come meanwhile are passed on too. Those sealed by a client that has not seen the newest keyset come
   * for 30 days: rotate once more after that.
   *
   * @throws Refusal `unknown-recipient-key`; ServiceProblem `wrap-needed` for `revoke` while the old key is listed
   */
  rotate(options: RotateOptions): Promise<Rotated>
}

type Standing = { -readonly [Key in keyof Rotated]: Rotated[Key] } & {
  failed: { referralId: string; why: string }[]
}

/** A service that names referrals without an end is left after so many in one pass. */
const passedMax = 1_000_000
/** So often it is looked again for what came meanwhile. */
const passesMax = 20
const failedNamedMax = 1_000
const before = '00000000-0000-0000-0000-000000000000'

/** The part of a reader that rotates its key. */
export function createRotating(parts: GrantingParts): Rotating {
  const { receiving } = parts
  const { wrapsOf, deletePassed } = createWraps(parts)

  async function rotate(options: RotateOptions): Promise<Rotated> {
    const reader = await listedAs(parts, options.to, new Date())
    if (reader.kid === receiving.kid) {
      throw new Refusal('unknown-recipient-key', 'that is the key which is to be passed on')
    }
    const to = { kid: reader.kid, label: reader.label }
    const standing: Standing = { to, given: 0, passed: 0, left: 0, failed: [], revoked: 0 }
    for (let pass = 0; pass < passesMax; pass += 1) {
      const given = standing.given
      await passAll(reader, standing, options)
      if (standing.given === given || options.signal?.aborted) break
    }
    if (options.revoke && !options.signal?.aborted) await giveUp(reader, standing, options)
    return standing
  }

  /** Once over all that is there: the next page is fetched while one is passed on. */
  async function passAll(reader: ListedReader, standing: Standing, options: RotateOptions) {
    let named = 0
    let cursor: string | undefined
    let fetched: Promise<Page> | undefined = wrapsOf(reader, undefined)
    while (fetched) {
      const page: Page = await fetched
      const { referrals, next, passed, left } = page
      named += referrals.length
      if (next !== undefined && (next <= (cursor ?? before) || named >= passedMax)) {
        throw new BadAnswer('the list of wraps has no end')
      }
      cursor = next
      const isOver = next === undefined || options.signal?.aborted === true
      const following: Promise<Page> | undefined = isOver ? undefined : wrapsOf(reader, next)
      // It is awaited in the next round, and has its fault then.
      following?.catch(() => undefined)
      const given = await giveAll(parts, reader, referrals, standing)
      standing.given += given
      standing.passed = passed + given
      standing.left = Math.max(left - given, 0)
      options.onProgress?.({ ...standing })
      fetched = following
    }
  }

  async function giveUp(reader: ListedReader, standing: Standing, options: RotateOptions) {
    for (let deleted = 1; deleted > 0 && standing.revoked < passedMax; ) {
      const now = await deletePassed(reader)
      deleted = now.deleted
      standing.revoked += deleted
      standing.passed = now.passed
      standing.left = now.left
      options.onProgress?.({ ...standing })
      if (options.signal?.aborted) break
    }
  }

  return { rotate }
}

/** What a rotation asks of the service. */
function createWraps({ transport, receiving }: GrantingParts) {
  async function wrapsOf(reader: ListedReader, after: string | undefined): Promise<Page> {
    const query = new URLSearchParams({
      ...{ recipient: receiving.kid, to: reader.kid },
      ...(after !== undefined && { after }),
    })
    const path = `/v1/referrals/wraps?${query}`
    const answer = await transport.send({ method: 'GET', path, repeatable: true })
    return readAnswer(WrapsAnswer, answer, 'GET /v1/referrals/wraps')
  }

  /** Deletes the next of those that were passed on. */
  async function deletePassed(reader: ListedReader) {
    const query = new URLSearchParams({ recipient: receiving.kid, to: reader.kid })
    const path = `/v1/referrals/wraps?${query}`
    const answer = await transport.send({ method: 'DELETE', path, repeatable: true })
    return readAnswer(GivenUpAnswer, answer, 'DELETE /v1/referrals/wraps')
  }

  return { wrapsOf, deletePassed }
}

/** Passes on what one page holds, and notes what could not be. @returns how many were passed on */
async function giveAll(
  parts: GrantingParts,
  reader: ListedReader,
  referrals: Page['referrals'],
  standing: Standing,
): Promise<number> {
  const grants = []
  for (const released of referrals as Released[]) {
    const { referralId } = released
    try {
      const input = await openInputOf(parts, released)
      grants.push({ referralId, ...rewrap(released, input, reader, parts.signing) })
    } catch (failure) {
      if (!(failure instanceof StepFailure || failure instanceof Refusal)) throw failure
      fail(standing, referralId, failure instanceof StepFailure ? failure.step : failure.code)
    }
  }
  if (grants.length === 0) return 0
  const body = { grants }
  const path = '/v1/referrals/grants'
  const answer = await parts.transport.send({ method: 'POST', path, body, repeatable: true })
  const given = readAnswer(GrantsGivenAnswer, answer, `POST ${path}`).grants
  if (given.length !== grants.length) throw new BadAnswer('not each grant was answered')
  const refused = given.flatMap(({ referralId, problem }) => {
    return problem && problem.code !== 'already-granted' ? [{ referralId, problem }] : []
  })
  for (const { referralId, problem } of refused) fail(standing, referralId, problem.code)
  return given.length - refused.length
}

type Page = Static<typeof WrapsAnswer>

/** A second pass meets again what failed in the first. */
function fail({ failed }: Standing, referralId: string, why: string): void {
  const isNamed = failed.some((one) => one.referralId === referralId)
  if (!isNamed && failed.length < failedNamedMax) failed.push({ referralId, why })
}
