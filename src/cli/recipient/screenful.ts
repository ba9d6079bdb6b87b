/**
 * One item of work on one screen: what it is, what to mind, what its referrals say as far as there is room, and how to end
 * it. What has no room is counted, with the command that shows it. Pure.
 */
import { type Opened, shown, type Unopenable } from '../../client/index.ts'
import { cut, folded } from '../../referral/shown.ts'
import { briefOf, sidesMax } from './brief.ts'
import { screenColumns, screenLines } from './filling.ts'
import { type Warning, warningsOf } from './show.ts'
import { labelOf, unreadLines, urgencyWord } from './wording.ts'
import { endingOf, headOf, nameIn, type Work } from './work.ts'

/** Of the lines of what to mind that is not grave. */
const warningsMax = 3
/** Of the command that ends it: one that names more is said in words. */
const commandLinesMax = 5

/** At most `screenLines` lines of at most 80 columns. */
export function screenOf(work: Work, now: Date): string[] {
  const listed = work.referrals.slice(0, sidesMax)
  const more = work.referrals.length - listed.length
  const lines = listed.map((result) => lineOf(nameIn(work, result.referralId), result))
  const tail = tailOf(work)
  const before = [
    ...[...headOf(work, now), ...lines].map((line) => cut(line, screenColumns)),
    ...(more > 0 ? [`${more} more, of which nothing is shown here: intake mine lists them`] : []),
  ]
  const after = tail.map((line) => cut(line, screenColumns))
  // One line says what has no room.
  const room = screenLines - before.length - after.length - 1
  const opened = listed.filter((result) => result.opened)
  const sides = opened.map((one) => ({ ...one, name: nameIn(work, one.referralId) }))
  const warnings = warningLines(sides, room)
  const brief = briefOf(sides, room - warnings.lines.length)
  const left = [
    ...counted(brief.left, 'answer'),
    ...counted(warnings.left, 'warning'),
    ...counted(
      [...lines, ...tail].filter((line) => cut(line, screenColumns) !== line).length,
      'line',
    ),
  ]
  const [only] = listed.length === 1 ? sides : []
  const rest = `Not here, or not whole: ${left.join(', ')}. intake open ${only?.name ?? 'REFERENCE'}`
  return [
    ...before,
    ...warnings.lines,
    ...brief.lines,
    ...(left.length > 0 ? [rest] : []),
    ...after,
  ]
}

function counted(count: number, word: string): string[] {
  return count > 0 ? [`${count} ${word}${count === 1 ? '' : 's'}`] : []
}

/** `57200004  Urgent, answer by 2026-12-01, Legal representative, by Harbour Law, Kent`. */
function lineOf(name: string, result: Opened | Unopenable): string {
  if (!result.opened) {
    return `${name}  does not open, at the step ${result.step}: ${shown(result.detail)}`
  }
  const { header, signedBy } = result
  const by = signedBy === 'receipt' ? 'a receipt' : signedBy.label
  const parts = [
    urgencyWord(header.urgency),
    ...(header.respondBy ? [`answer by ${shown(header.respondBy)}`] : []),
    labelOf('channel', header.channel),
    `by ${shown(by)}`,
    labelOf('region', header.region),
  ]
  return `${name}  ${parts.join(', ')}`
}

type Side = Opened & { readonly name: string }

/** What to mind, each once, the grave before all else; it leaves room for answers where it can. */
function warningLines(sides: readonly Side[], room: number) {
  const found = new Map<string, { warning: Warning; names: string[] }>()
  for (const { name, ...opened } of sides) {
    for (const warning of warningsOf(opened)) {
      const { names } = found.get(warning.words) ?? { names: [] }
      found.set(warning.words, { warning, names: [...names, name] })
    }
  }
  const all = [...found.values()]
  const inOrder = [true, false].flatMap((isGrave) => {
    return all.filter(({ warning }) => warning.isGrave === isGrave)
  })
  const lines: string[] = []
  let [left, others] = [0, 0]
  for (const { warning, names } of inOrder) {
    const [first = '', ...more] = names
    const whose = more.length > 0 ? `${first} and ${more.length} more` : first
    const words = `${names.length < sides.length ? `${whose}: ` : ''}${shown(warning.words)}`
    const own = warning.isGrave ? inTwoLines(words) : [`  ${words}`]
    const fits = lines.length + own.length <= room
    const isShown = fits && (warning.isGrave || others < warningsMax)
    if (isShown) lines.push(...own.map((line) => cut(line, screenColumns)))
    if (!isShown || own.some((line) => cut(line, screenColumns) !== line)) left += 1
    others += warning.isGrave ? 0 : 1
  }
  return { lines, left }
}

function inTwoLines(words: string): string[] {
  const [first = '', ...more] = folded(words, screenColumns - 2)
  if (more.length === 0) return [`  ${first}`]
  return [`  ${first.trimEnd()}`, `  | ${more.join('')}`]
}

function titleOf({ title, code }: Work['unread'][number]['problem']): string {
  return `${shown(title)}${code === undefined ? '' : ` (${shown(code)})`}`
}

/** What was not opened, what has its answer, what is to be read, and how to end it. */
function tailOf(work: Work): string[] {
  const { left, command } = endingOf(work)
  const [failed, ...others] = work.unread
  const waiting = Object.entries(work.messages).filter(([, count]) => count > 0)
  const messages = waiting.map(([id, count]) => `${nameIn(work, id)} (${count})`)
  const named = (words: string, names: readonly string[]) =>
    names.length > 0 ? [`${words}: ${names.join(', ')}`] : []
  const [[first = '', unread = 0] = [], ...more] = waiting
  return [
    ...(failed
      ? [
          `Not opened: ${nameIn(work, failed.referralId)}: ${titleOf(failed.problem)}`,
          ...inTwoLines(`Next: ${shown(failed.problem.next ?? 'intake release, or try again')}`),
        ]
      : []),
    ...named(
      'Not opened, either',
      others.map(({ referralId }) => nameIn(work, referralId)),
    ),
    ...named(
      'Answered before',
      work.answered.map((id) => nameIn(work, id)),
    ),
    ...(more.length > 0
      ? named('Messages to read (intake messages REFERENCE)', messages)
      : unreadLines(unread, nameIn(work, first))),
    ...named('Left on the queue, as it does not open', left),
    ...(command.length > commandLinesMax
      ? [
          'When done, with --referral REFERENCE for each that it answers:',
          `  intake complete ${shown(work.claimId)} --fence ${work.fence} --outcome accepted`,
        ]
      : command),
  ]
}
