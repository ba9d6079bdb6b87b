/** Referrals whose match keys nobody has checked: each is opened, its keys made again and put right. */
import {
  BadAnswer,
  KeysUnmade,
  type Opened,
  type Reader,
  type StatedUrgency,
  type Unopenable,
} from '../../client/index.ts'
import { type Fault, faultOf } from '../report.ts'
import { type Comparison, comparisonOf, isOfOneReferral, sayRaised } from './checking.ts'

/** What became of one referral. Never a name. */
export type Followed = { readonly referralId: string } & (
  | ({ readonly status: Comparison } & Raising)
  | ({ readonly status: 'unopenable' } & Pick<Unopenable, 'step' | 'detail'>)
  /** The service refused something about this one referral, or no keys can be made of it. */
  | ({ readonly status: 'refused' | 'unmade'; readonly problem: Fault } & Raising)
)

/** From which urgency to which its item was raised, if opening it did that. */
type Raising = { readonly raised?: Pick<StatedUrgency, 'before' | 'urgency'> }

/** The service hands out no longer pages. */
const pageMax = 200
/** After this many the list is read again: others may have arrived that come first. */
const atOnceMax = 10
/** How often the whole list is read again, and not only its first page. */
const wholeEveryMs = 60_000
/** A defect of the service, or a line that broke: after so long it is worth another look. */
const retryMs = 10 * 60_000

/** Why no match keys can be made: the referral does not open, or what names the person does not. */
function faultOfPerson(
  result: Opened | Unopenable,
): Pick<Unopenable, 'step' | 'detail'> | undefined {
  const failed = result.opened
    ? result.withheld.find(({ compartment }) => ['identity', 'contact'].includes(compartment))
    : result
  return failed && { step: failed.step, detail: failed.detail }
}

/**
 * Follows the list of unchecked referrals.
 *
 * @param tell - called for each that was dealt with
 * @param stopped - between two referrals, whether to stop
 */
export function createFollower(
  reader: Reader,
  tell: (followed: Followed) => void,
  stopped: () => boolean,
) {
  /** What was dealt with and is listed all the same, and when to look at it again. */
  const passed = new Map<string, number>()
  let wholeAt = 0

  /**
   * Deals with all that is listed now. A fault of one referral skips that referral; any
   * other fault is thrown, and the next call goes on from there.
   *
   * The list gives each organisation its turn, so it is read again after a few. A page whose
   * referrals were all skipped before is turned only once a minute: what does not open stays listed.
   */
  async function pass(): Promise<void> {
    const whole = Date.now() - wholeAt >= wholeEveryMs
    const listed = new Set<string>()
    let cursor: string | undefined
    /** The pages that were turned without finding anything to do. */
    const turned = new Set<string>()
    while (!stopped()) {
      const page = await reader.unchecked({
        limit: pageMax,
        ...(cursor !== undefined && { cursor }),
      })
      const nameOf = (referralId: string) => `${page.epoch} ${referralId}`
      for (const referralId of page.referralIds) listed.add(nameOf(referralId))
      const due = page.referralIds.filter((referralId) => {
        return (passed.get(nameOf(referralId)) ?? 0) <= Date.now()
      })
      for (const referralId of due.slice(0, atOnceMax)) {
        if (stopped()) return
        passed.set(nameOf(referralId), await follow(referralId))
      }
      if (due.length === 0 && !(whole && page.next !== undefined)) break
      cursor = due.length > 0 ? undefined : page.next
      if (cursor === undefined) turned.clear()
      else if (turned.has(cursor)) throw new BadAnswer('the list of unchecked referrals has no end')
      else turned.add(cursor)
    }
    if (!whole || stopped()) return
    wholeAt = Date.now()
    for (const name of passed.keys()) if (!listed.has(name)) passed.delete(name)
  }

  /** Deals with one, and returns the time until which it is not looked at again. */
  async function follow(referralId: string): Promise<number> {
    let raising: Raising = {}
    try {
      const result = await reader.open(await reader.fetch(referralId))
      if (result.opened) {
        const raised = await sayRaised(reader, result)
        if (raised) raising = { raised }
      }
      const fault = faultOfPerson(result)
      if (result.opened && !fault) {
        const status = comparisonOf(await reader.checkMatchKeys(result))
        tell({ referralId, status, ...raising })
        // It leaves the list, unless the keyset has an epoch that this client has not heard of.
        return Date.now() + retryMs
      }
      if (fault) tell({ referralId, status: 'unopenable', ...fault })
      return Number.POSITIVE_INFINITY
    } catch (error) {
      if (!isOfOneReferral(error)) throw error
      const unmade = error instanceof KeysUnmade
      const status = unmade ? 'unmade' : 'refused'
      tell({ referralId, status, problem: faultOf(error), ...raising })
      // The same recipe makes the same of it each time.
      return unmade ? Number.POSITIVE_INFINITY : Date.now() + retryMs
    }
  }

  return { pass }
}
