/** Referrals that were sealed without match keys, in words for a person. It is no fault of theirs. */
import { shown, type Unmatched } from '../../client/index.ts'
import { faultOf } from '../report.ts'

/** What `--json` prints of one. */
export type UnmatchedFault = Pick<Unmatched, 'code' | 'detail' | 'epochs'>

/** Collects what a referrer's client tells. */
export function createUnmatched() {
  const found = new Map<string, Unmatched>()
  return {
    onUnmatched(unmatched: Unmatched): void {
      found.set(unmatched.referralId, unmatched)
    },

    of(referralId: string): UnmatchedFault | undefined {
      const unmatched = found.get(referralId)
      if (!unmatched) return undefined
      const { code, epochs } = unmatched
      return { code, detail: reasonOf(unmatched), epochs }
    },

    /** One line for each reason; empty if all were sealed with match keys. */
    words(): string[] {
      const all = [...found.values()]
      const reasons = [...new Set(all.map(reasonOf))]
      return reasons.flatMap((reason) => {
        const alike = all.filter((unmatched) => reasonOf(unmatched) === reason)
        const [one] = alike
        const count = alike.length === 1 ? 'sealed' : `${alike.length} sealed`
        const when =
          alike.length === 1 ? 'it is matched when it is' : 'they are matched when they are'
        const line = `${count} without match keys: ${shown(reason)}; ${when} opened`
        return one?.holderWrong ? [line, holderWords] : [line]
      })
    },
  }
}

const holderWords = 'WARNING: a keyholder answers with a wrong key. Tell the administrator.'

function reasonOf({ detail, cause }: Unmatched): string {
  const { code, detail: known, title } = faultOf(cause)
  // What was thrown here, at this terminal, may be said here: a token file that cannot be read.
  return code || known || title === detail ? detail : `${detail}: ${title}`
}
