/** What a command is, and how its arguments are read. Each command is one file beside this one. */
import { parseArgs } from 'node:util'

/** A flag. With `value` it takes one, which the help calls by that name. */
export type Option = { readonly value?: string; readonly many?: true; readonly help: string }

/** What a command prints at its end: text, or a value with `--json`; and whether some part failed. */
export type Report = {
  readonly text: string
  readonly value: unknown
  /** The text is for a program, or to be copied: none of its lines is broken to fit a terminal. */
  readonly isData?: boolean
  readonly failed?: boolean
  /** Something was not done until a person decides, and the text says what. Exit code 3. */
  readonly undecided?: boolean
  /** Work that nobody should wait for to see the report. It does not fail. */
  readonly afterwards?: () => Promise<void>
}

/** One command: its help, its arguments, what it does. */
export type Command = {
  /** What follows the command's name: `FILE… [--max N]`. */
  readonly operands: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What else a person should know; whole sentences. */
  readonly details?: string
  /** Flags by name, in addition to `--help` and `--json`, which every command has. */
  readonly options: Readonly<Record<string, Option>>
  readonly operandsMin: number
  readonly operandsMax: number
  run(input: Input): Promise<Report>
}

/** The arguments of one call. A secret is never one of them: other users see a process's arguments. */
export type Input = {
  readonly operands: readonly string[]
  /**
   * The flags in the order in which they were given, for a command in which one says something
   * about the flag before it.
   */
  readonly flags: readonly { readonly name: string; readonly value?: string | undefined }[]
  /** Whether `--json` asks for a value, so that nothing else goes to standard output. */
  readonly json: boolean
  text(name: string): string | undefined
  texts(name: string): readonly string[]
  given(name: string): boolean
  /** A whole number from `min` to `max`. @throws UsageError for anything else */
  whole(name: string, min: number, max: number): number | undefined
  /** @throws UsageError if it was left out */
  needed(name: string): string
}

/** The call itself is wrong, and nothing was done. Exit code 2. */
export class UsageError extends Error {}

const common: Record<string, Option> = {
  json: { help: 'Print one JSON document, for programs.' },
  help: { help: 'Show this.' },
}

/** Reads the arguments behind a command's name. @throws UsageError */
export function readInput(command: Command, args: readonly string[]): Input {
  const options = { ...command.options, ...common }
  const { operandsMin, operandsMax } = command
  const { values, positionals, tokens } = parse(options, arranged(options, operandsMax > 0, args))
  const given = positionals.filter((operand) => operand !== '').length
  if (given < operandsMin) {
    throw new UsageError(`${command.operands.split(' ')[given]} is missing`)
  }
  if (positionals.length > operandsMax) {
    throw new UsageError('too many words: put quotes around what has blanks in it')
  }
  const text = (name: string) => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  return {
    operands: positionals,
    flags: tokens.flatMap((token) => {
      return token.kind === 'option' ? [{ name: token.name, value: token.value }] : []
    }),
    json: values.json === true,
    text,
    texts: (name) => [values[name] ?? []].flat().filter((value) => typeof value === 'string'),
    given: (name) => values[name] !== undefined,
    whole: (name, min, max) => {
      const value = text(name)
      if (value === undefined) return undefined
      const number = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN
      if (number >= min && number <= max) return number
      throw new UsageError(`--${name} is a whole number from ${min} to ${max}`)
    },
    needed: (name) => {
      const value = text(name)
      if (!value) throw new UsageError(`--${name} is missing`)
      return value
    },
  }
}

function parse(options: Readonly<Record<string, Option>>, args: string[]) {
  const known = Object.entries(options).map(([name, { value, many }]) => {
    return [name, { type: value ? 'string' : 'boolean', multiple: many ?? false }] as const
  })
  try {
    return parseArgs({
      args,
      options: Object.fromEntries(known),
      allowPositionals: true,
      tokens: true,
    })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const isUnknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
    const flag = isUnknown && /'(.*?)'/.exec(message)?.[1]
    throw new UsageError(flag ? `${flag} is not a flag of this command` : message, { cause })
  }
}

/** A key id; one in 64 begins with a dash. */
const kid = /^([A-Za-z0-9_-]{22}|[A-Za-z0-9_-]{43})$/

/**
 * The flags first, each in one argument with its value, then `--` and the operands. By itself `parseArgs`
 * takes no value that begins with a dash, and no such operand before `--`.
 */
function arranged(
  options: Readonly<Record<string, Option>>,
  takesOperands: boolean,
  args: readonly string[],
): string[] {
  const isKid = (word: string) => kid.test(word) && !Object.hasOwn(options, word.replace(/^--/, ''))
  const flags: string[] = []
  const operands: string[] = []
  for (let at = 0; at < args.length; at += 1) {
    const [arg = '', next] = args.slice(at, at + 2)
    if (arg === '--') {
      operands.push(...args.slice(at + 1))
      break
    }
    const takes = arg.startsWith('--') && options[arg.slice(2)]?.value !== undefined
    if (takes && next !== undefined && (!next.startsWith('--') || isKid(next))) {
      flags.push(`${arg}=${next}`)
      at += 1
    } else if (/^-./.test(arg) && !(takesOperands && isKid(arg))) flags.push(arg)
    else operands.push(arg)
  }
  return [...flags, '--', ...operands]
}

/** The help of one command. */
export function helpOf(name: string, command: Command): string {
  const options = { ...command.options, ...common }
  const flags = Object.entries(options).map(([flag, { value, help }]) => {
    return entryOf(`--${flag}${value ? ` ${value}` : ''}`, help)
  })
  return [
    wrapped(`Usage: intake ${name} ${command.operands}`.trimEnd(), 4),
    '',
    wrapped(command.summary),
    ...(command.details ? ['', paragraphs(command.details)] : []),
    '',
    ...flags,
    '',
  ].join('\n')
}

/** A name and its description, in two columns that fit a terminal. */
export function entryOf(name: string, text: string): string {
  const column = 25
  if (name.length + 2 >= column) return `  ${name}\n${wrapped(' '.repeat(column) + text, column)}`
  return wrapped(`  ${name}`.padEnd(column) + text, column)
}

/** Paragraphs as they fit a terminal, whatever lines they were written in. */
function paragraphs(text: string): string {
  const all = text.split(/\n{2,}/).map((paragraph) => wrapped(paragraph.replaceAll('\n', ' ')))
  return all.join('\n\n')
}

/** As wide as a terminal is at least. */
const columns = 80

/** `line`, broken between words; all lines but the first begin with `indent` blanks and `mark`. */
export function wrapped(line: string, indent = 0, mark = ''): string {
  const lead = ' '.repeat(indent) + mark
  const lines: string[] = []
  for (let rest = line; ; ) {
    const before = rest.lastIndexOf(' ', columns)
    const isFirst = ['', mark.trim()].includes(rest.slice(0, before + 1).trim())
    // A word longer than a line stays whole: it may be there to be copied.
    const space = isFirst ? rest.indexOf(' ', columns) : before
    if (rest.length <= columns || space < 0) return [...lines, rest].join('\n')
    lines.push(rest.slice(0, space).trimEnd())
    rest = lead + rest.slice(space + 1)
  }
}

/**
 * Breaks each line of `text` to fit a terminal. A continued line begins with a mark: whoever chose the
 * words may also have chosen where they break, and must not begin a line that looks like the program's.
 */
export function fitted(text: string): string {
  const fit = (line: string) => wrapped(line, line.search(/\S|$/) + 3, '| ')
  return text.split('\n').map(fit).join('\n')
}
