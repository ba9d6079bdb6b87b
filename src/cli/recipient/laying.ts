/** Answers as lines of a screen: short ones share a line, long ones are folded, and each is escaped. */

import type { Opened } from '../../client/index.ts'
import { type CompartmentName, compartmentNames } from '../../referral/compartment.ts'
import { folded, shown } from '../../referral/shown.ts'
import { type Answer, answersOf, wordsOfAnswer } from './answers.ts'

/** Of a line that stands two blanks in. */
const columns = 78
const gutter = 13
/** What an answer has of it, behind the name of its compartment. */
export const answerColumns = columns - gutter

/** What was shown of a case already: the answers that a further referral of it would only repeat. */
export type Said = Set<string>

/**
 * A few lines for each compartment that says something. A line that a stranger's words go on in begins with a mark.
 *
 * @param said - what is in there is left out and counted, and what is shown comes in
 */
export function linesOfAnswers(
  { compartments }: Pick<Opened, 'compartments'>,
  said: Said,
): string[] {
  let repeated = 0
  const lines = compartmentNames.flatMap((name) => {
    const texts = textsOf(answersOf(name, compartments[name]))
    const fresh = texts.filter((text) => !said.has(`${name} ${text}`))
    repeated += texts.length - fresh.length
    for (const text of fresh) said.add(`${name} ${text}`)
    return titled(name, fresh)
  })
  const words = repeated === 1 ? '1 more answer' : `${repeated} more answers`
  return repeated > 0 ? [...lines, `${''.padEnd(gutter)}The same as above: ${words}.`] : lines
}

/** Texts about one compartment, in lines behind its name. */
export function titled(name: CompartmentName, texts: readonly string[]): string[] {
  const title = name.charAt(0).toUpperCase() + name.slice(1)
  return packed(texts).map((line, at) => (at === 0 ? title : '').padEnd(gutter) + line)
}

/** Each answer with its question; those of one word together, by that word. */
export function textsOf(answers: readonly Labelled[]): string[] {
  const isPlain = (answer: Labelled) => Object.hasOwn(plainWords, wordsOfAnswer(answer))
  const others = answers.filter((answer) => !isPlain(answer))
  return [
    ...others.map((answer) => `${answer.label}: ${wordsOfAnswer(answer)}`),
    ...Object.entries(plainWords).flatMap(([word, title]) => {
      const labels = answers.filter((answer) => wordsOfAnswer(answer) === word)
      return labels.length > 0 ? [`${title}: ${labels.map(lower).join(', ')}`] : []
    }),
  ]
}

type Labelled = Pick<Answer, 'label' | 'values'>

const plainWords: Readonly<Record<string, string>> = {
  yes: 'Yes',
  no: 'No',
  'not known': 'Not known',
}

/** `pregnancy`, and `NRM` as it is. */
function lower({ label }: Labelled): string {
  return /^.[a-z]/.test(label) ? label.charAt(0).toLowerCase() + label.slice(1) : label
}

/** Side by side while they fit. */
function packed(texts: readonly string[]): string[] {
  const lines: string[] = []
  let open = ''
  for (const text of texts) {
    const together = open === '' ? text : `${open} · ${text}`
    if (isOneLine(together)) {
      open = together
      continue
    }
    if (open !== '') lines.push(shown(open))
    open = isOneLine(text) ? text : ''
    if (open === '') lines.push(...foldedText(text))
  }
  return open === '' ? lines : [...lines, shown(open)]
}

function isOneLine(text: string): boolean {
  return !/[\r\n\u2028\u2029]/.test(text) && folded(shown(text), answerColumns).length === 1
}

function foldedText(text: string): string[] {
  const written = text.split(/\r\n|[\n\r\u2028\u2029]/)
  const lines = written.flatMap((line) => folded(shown(line), answerColumns - 2))
  return lines.map((line, at) => `${at === 0 ? '' : '| '}${line}`.trimEnd())
}
