/** Questions to whoever sits at the terminal, one at a time however many referrals are in hand. */
import { createInterface } from 'node:readline/promises'
import { guarded } from '../../referral/shown.ts'

/** What is to become of sealed bytes whose draft has changed. `wait`: nothing for now. */
export type Decision = 'send' | 'drop' | 'wait'

/** Asks, or returns `wait` where nobody can be asked. `question`: safe to show, as lines. */
export type Decide = (question: string) => Promise<Decision>

/** Where a person reads and answers. */
export type Terminal = {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

const decisions: Readonly<Record<string, Decision>> = { s: 'send', d: 'drop', w: 'wait' }

/** This process's terminal, if it has one. @param json - whether a program reads what is printed */
export function ownTerminal(json: boolean): Terminal | undefined {
  const { stdin, stderr } = process
  return !json && stdin.isTTY && stderr.isTTY ? { input: stdin, output: stderr } : undefined
}

/** @param terminal - missing where nobody can be asked */
export function createDecide(terminal: Terminal | undefined): Decide {
  if (!terminal) return async () => 'wait'
  let last: Promise<unknown> = Promise.resolve()
  return (question) => {
    const answer = last.then(() => ask(terminal, question))
    last = answer
    return answer
  }
}

async function ask(terminal: Terminal, question: string): Promise<Decision> {
  const lines = createInterface(terminal)
  // Ctrl-D, Ctrl-C or a lost connection is no decision.
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('w')))
  try {
    terminal.output.write(`\n${guarded(question)}\n`)
    for (;;) {
      const asked = lines.question('[s]end the old version, [d]rop it, or let it [w]ait? ')
      const answer = await Promise.race([asked, closed])
      const decision = decisions[answer.trim().toLowerCase() || 'w']
      if (decision) return decision
    }
  } finally {
    lines.close()
  }
}
