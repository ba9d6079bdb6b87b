/** A question to whoever sits at the terminal, before what cannot be taken back. */
import { createInterface } from 'node:readline/promises'
import { guarded } from '../../referral/shown.ts'
import type { Terminal } from '../partner/deciding.ts'

/**
 * Asks for `word`, letter by letter.
 *
 * @param terminal - missing where nobody can be asked
 * @param question - safe to show, as lines
 * @returns whether it was typed; `undefined` where nobody can be asked
 */
export async function confirmed(
  terminal: Terminal | undefined,
  question: string,
  word: string,
): Promise<boolean | undefined> {
  if (!terminal) return undefined
  const lines = createInterface(terminal)
  // Ctrl-D, Ctrl-C or a lost connection is no.
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    terminal.output.write(`${guarded(question)}\n`)
    const asked = lines.question(`Type ${word} to go on: `)
    return (await Promise.race([asked, closed])).trim() === word
  } finally {
    lines.close()
  }
}
