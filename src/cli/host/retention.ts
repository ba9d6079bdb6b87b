/** `intake admin retention`: what is erased when its time has come. */
import {
  type Due,
  goes,
  graceHours,
  type Kept,
  keptFor,
  type RetainedState,
  type Rule,
  retainedDaysMax,
  retainedDaysMin,
  retainedStates,
} from '../../erasure/due.ts'
import type { Retained } from '../../erasure/retention.ts'
import { fitted, type Input, UsageError } from '../command.ts'
import { administrative, onHost } from './usage.ts'

type Said = Readonly<Record<string, unknown>> & {
  /** What was looked at; none where a rule was taken away. */
  readonly states?: readonly Retained[]
  /** Set or taken away. */
  readonly done?: string
  /** How the rule that was looked at is set, and that this was not the word for it. */
  readonly next?: string
  readonly refused?: string
}

/** `intake admin retention`. */
export const retention = administrative<Said>({
  flags: '[--state STATE --days N [--confirm WORD]] [--state STATE --off]',
  summary: 'Show what is erased when its time has come; set or end a rule of that.',
  details: `Nothing is erased by itself unless a rule says so. A rule is of one state, ${listed()}, and says after how many
days in it a referral is erased, as by the hand of a person: for good. Without flags it shows the rules and what goes by
each today.

With --state and --days it shows what would go, and a word; nothing is changed. With --confirm and that word the rule is
set, if the list is still the same. Nothing goes by it in the first ${graceHours} hours, in which --off takes it away.
After a restore or a failover each rule is confirmed again, because legal holds may be missing.

What is under a legal hold is kept, what is amended by a referral that is not closed, and what has a message that nobody has
read. It reads by the login of the service, DATABASE_URL.`,
  options: {
    state: { value: 'STATE', help: `${listed()}.` },
    days: {
      value: 'N',
      help: `After so many whole days (UTC) in that state: from ${retainedDaysMin} to ${retainedDaysMax}.`,
    },
    confirm: { value: 'WORD', help: 'The word that stands under the list which you have read.' },
    off: { help: 'Take the rule away: nothing of that state is erased by itself.' },
  },
  isUndecided: ({ next }) => next !== undefined,
  wordsOf,
  async run(input) {
    const asked = askedIn(input)
    return onHost(input, async ({ retention }) => {
      if (!asked) return { states: (await retention.show()).states }
      if (!('days' in asked)) {
        const { was } = await retention.end(asked.state)
        const none = `${asked.state}: there is no rule, and nothing is erased by itself`
        return { done: was ? none.replace('no rule', 'no rule any more') : none, ...asked, was }
      }
      const { epoch, states } = await retention.show(asked)
      const word = states[0]?.word
      const given = input.text('confirm')
      if (given !== word) {
        const refused = 'Not set: the list has changed since, or that is another word.'
        const next = `${callOf(input, asked)} --confirm ${word}`
        return { states, next, ...(given !== undefined && { refused }) }
      }
      const { beginsAt } = await retention.set(asked, epoch)
      const from = `none of it before ${momentOf(beginsAt)}`
      const done = `Set: ${asked.state} after ${asked.days} days. What was listed goes, ${from}`
      return { done, ...asked, beginsAt }
    })
  },
})

/** The whole call, read before any database is asked. @returns the rule, the state whose rule ends, or none */
function askedIn(input: Input): Rule | { readonly state: RetainedState } | undefined {
  const days = input.whole('days', retainedDaysMin, retainedDaysMax)
  const isOff = input.given('off')
  if (!input.given('state')) {
    if (days === undefined && !isOff && !input.given('confirm')) return undefined
    throw new UsageError(`--state is missing: ${listed()}`)
  }
  const state = retainedStates.find((one) => one === input.text('state'))
  if (!state) throw new UsageError(`--state is ${listed()}`)
  if (isOff && days === undefined && !input.given('confirm')) return { state }
  if (isOff || days === undefined) throw new UsageError('beside --state is either --days or --off')
  return { state, days }
}

function listed(): string {
  return `${retainedStates.slice(0, -1).join(', ')} or ${retainedStates.at(-1)}`
}

function callOf(input: Input, { state, days }: Rule): string {
  const trial = input.given('trial') ? ' --trial' : ''
  return `intake admin retention${trial} --state ${state} --days ${days}`
}

/** A table of 80 columns at most; only ids, closed lists and numbers are in it. */
function wordsOf({ database, states = [], done, next, refused }: Said): string {
  const lines = [
    `Retention in ${database}`,
    ...states.map(ruleLine),
    ...states.flatMap(listOf),
    ...[done, refused].flatMap((words) => (words === undefined ? [] : ['', words])),
    ...(next === undefined
      ? []
      : ['', 'Nothing was changed. Once the list is read, the rule is set by']),
  ]
  const command = next?.replace(' --confirm', ' \\\n  --confirm')
  return [fitted(lines.join('\n')), ...(command === undefined ? [] : [command])].join('\n')
}

function ruleLine({ state, rule }: Retained): string {
  const name = `  ${state.padEnd(12)}`
  if (!rule) return `${name}no rule: nothing is erased by itself`
  const { days, beginsAt, hasBegun, isOfHere } = rule
  if (!isOfHere) return `${name}after ${days} days; ended by a restore or failover: confirm again`
  return `${name}after ${days} days, ${hasBegun ? 'since' : 'not before'} ${momentOf(beginsAt)}`
}

function listOf({ state, due, word }: Retained): string[] {
  // Of what is looked at also that nothing would go.
  if (due.length === 0 && word === undefined) return []
  const kept = due.filter((one) => !goes(one))
  const reasons = Object.keys(keptFor).filter((reason) => kept.some((one) => one.kept === reason))
  return [
    '',
    `${state}: ${due.length - kept.length} to be erased, ${kept.length} kept`,
    ...due.filter(goes).map(lineOf),
    ...(kept.length > 0 ? ['kept:'] : []),
    ...kept.map(lineOf),
    ...reasons.map((reason) => `  ${reason}: ${keptFor[reason as Kept]}`),
  ]
}

function lineOf({ referralId, reference, since, kept }: Due): string {
  return `  ${reference}  since ${since.slice(0, 10)}  ${referralId}${kept ? `  ${kept}` : ''}`
}

function momentOf(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`
}
