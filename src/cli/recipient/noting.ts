/**
 * What a person writes beside an act, sealed to colleagues. It comes from a file, from standard input or from the
 * terminal: others on this machine see the arguments of a command.
 */
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { text as readText } from 'node:stream/consumers'
import { type Note, type Reader, shown } from '../../client/index.ts'
import { type Input, type Option, UsageError } from '../command.ts'
import { ownTerminal } from '../partner/deciding.ts'
import { tell } from '../terminal.ts'
import { sayRaised } from './checking.ts'

export const noteOptions: Readonly<Record<string, Option>> = {
  note: { value: 'FILE', help: 'Why, in a text file (- is standard input): kept, sealed.' },
}

/** For the details of a command that takes a note. */
export const noteDetails = `A note is sealed to every required recipient, and shown to no referrer. It comes from a file,
for others on this machine see the arguments of a command.`

/** What `--name FILE` holds, if it is given. @throws UsageError if that is nothing */
export async function textOf(input: Input, name: string): Promise<string | undefined> {
  const file = input.text(name)
  if (file === undefined) return undefined
  return written(name, file === '-' ? await readText(process.stdin) : await readFile(file, 'utf8'))
}

/** The same, and where it is not given it is asked for. @throws UsageError where nobody can be asked */
export async function askedFor(input: Input, name: string, question: string): Promise<string> {
  const given = await textOf(input, name)
  if (given !== undefined) return given
  const terminal = ownTerminal(input.json)
  if (!terminal) throw new UsageError(`--${name} FILE is missing: - reads it from standard input`)
  const lines = createInterface(terminal)
  // Ctrl-D and Ctrl-C leave it empty.
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    tell(question)
    return written(name, await Promise.race([lines.question('> '), closed]))
  } finally {
    lines.close()
  }
}

function written(name: string, text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') throw new UsageError(`the ${name} is empty`)
  return trimmed
}

/**
 * A note about this referral, which is opened for it. Whoever writes is told whom it will be about.
 *
 * @param name - its id or reference
 */
export async function noteAbout(reader: Reader, name: string, text: string): Promise<Note> {
  const about = await reader.open(await reader.fetch(name))
  if (!about.opened) {
    throw new Error(`the note was not sealed: ${shown(name)} does not open, at ${about.step}`)
  }
  await sayRaised(reader, about)
  tell(`The note is about referral ${shown(about.referralId)}, ${nameOf(about)}.`)
  return { about, text }
}

function nameOf({ compartments: { identity } }: Note['about']): string {
  const { givenNames, familyName } = (identity ?? {}) as Record<string, unknown>
  const names = [givenNames, familyName].filter((name) => typeof name === 'string')
  return names.length > 0 ? shown(names.join(' ')) : 'whose name you do not hold'
}
