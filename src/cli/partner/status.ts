/** `intake status`: what became of referrals that your organisation sent. */
import {
  BadAnswer,
  type OwnReferral,
  type OwnReferrals,
  type Referrer,
  shown,
} from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { declineReasons, states } from '../../referral/codes/state.ts'
import { type Command, fitted } from '../command.ts'
import { referralNamed } from '../recipient/naming.ts'
import { unreadLines } from '../recipient/wording.ts'
import { connection, connectionDetails, referrerOf } from '../settings.ts'

const pageMax = 500

/** `intake status`. */
export const status: Command = {
  operands: '[ID|REFERENCE…]',
  summary: 'Show what became of referrals that your organisation sent.',
  details: `Without a name: all of them, or with --since those that are new or stand otherwise since then,
the latest change last. A referral is "Received" until it has an answer; when it is looked at is not shown.
Times are of London.

${connectionDetails}`,
  options: {
    since: { value: 'CURSOR', help: 'The `next` that --json printed before.' },
    ...connection,
  },
  operandsMin: 0,
  operandsMax: 50,
  async run(input) {
    const names = input.operands.map(referralNamed)
    const referrer = await referrerOf(input, { onUnmatched() {}, onWarnings() {} })
    const value =
      names.length > 0
        ? { referrals: await Promise.all(names.map((name) => referrer.state(name))) }
        : await allSince(referrer, input.text('since'))
    return { value, text: fitted(textOf(value)) }
  },
}

/** Of 500 referrals each: more than any organisation sends. */
const pagesMax = 2_000

/** Page by page, up to the end. @throws BadAnswer where there is none */
export async function allSince(
  referrer: Pick<Referrer, 'states'>,
  since: string | undefined,
): Promise<OwnReferrals> {
  const referrals = new Map<string, OwnReferral>()
  let next = since
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const query = { limit: pageMax, ...(next !== undefined && { changedSince: next }) }
    const page = await referrer.states(query)
    // One that changed meanwhile comes once more, as it stands then.
    for (const one of page.referrals) {
      referrals.delete(one.referralId)
      referrals.set(one.referralId, one)
    }
    const isLast = page.referrals.length < pageMax || page.next === undefined
    if (isLast) {
      const end = page.next ?? next
      return { referrals: [...referrals.values()], ...(end !== undefined && { next: end }) }
    }
    if (page.next === next) break
    next = page.next
  }
  throw new BadAnswer('the list of referrals has no end')
}

function textOf({ referrals }: OwnReferrals): string {
  if (referrals.length === 0) return 'None.'
  return referrals.map(linesOf).join('\n\n')
}

function linesOf(referral: OwnReferral): string {
  const { reference, state, changedAt, receivedAt, declineReason, keptUntil } = referral
  const { unread } = referral
  const why = declineReason === undefined ? '' : `: ${wordOf(declineReasons, declineReason)}`
  return [
    `${shown(reference)}  ${wordOf(states, state)}${why}`,
    `  Since ${londonTime(changedAt)}`,
    ...(state === 'received' ? [] : [`  Sent ${londonTime(receivedAt)}`]),
    ...(keptUntil === undefined
      ? []
      : [`  Nothing of it is erased before ${londonTime(keptUntil)}`]),
    ...unreadLines(unread, reference),
  ].join('\n')
}

/** A newer service may say a word that is not known here. */
function wordOf(words: Readonly<Record<string, string>>, word: string): string {
  return words[word] ?? shown(word)
}
