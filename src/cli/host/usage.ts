/** What the commands of the database's owner have in common, and what their words must be. */
import { readConfig } from '../../config/server.ts'
import { safeOriginOf } from '../../protocol/address.ts'
import { shown } from '../../referral/shown.ts'
import { type Command, type Input, type Option, UsageError } from '../command.ts'
import type { Host } from './host.ts'

type Answer = Record<string, unknown>

type Administrative<Said extends Answer> = {
  /** The one word that it takes; none if left out. */
  readonly operand?: string
  /** Its flags as they stand behind the operand in the usage. */
  readonly flags?: string
  readonly summary: string
  readonly details?: string
  readonly options?: Readonly<Record<string, Option>>
  /** Whether what is printed says that something is wrong, and the exit code is 1. */
  readonly isFault?: (answer: Said) => boolean
  /** Whether something was not done until a person decides. */
  readonly isUndecided?: (answer: Said) => boolean
  /** The answer as text; if left out, a line for each member. */
  readonly wordsOf?: (answer: Said) => string
  /** Reads the whole call before any database is asked. @returns what is printed */
  run(input: Input, operand: string): Promise<Said>
}

/** A command of the database's owner. */
export function administrative<Said extends Answer>({
  operand,
  flags,
  summary,
  ...more
}: Administrative<Said>): Command {
  const operandCount = operand ? 1 : 0
  return {
    operands: [operand, flags].filter(Boolean).join(' '),
    summary,
    details: [more.details, ofOwner].filter(Boolean).join('\n\n'),
    options: { ...more.options, trial: { help: 'Use the trial database under DATA_DIR.' } },
    operandsMin: operandCount,
    operandsMax: operandCount,
    async run(input) {
      const value = await more.run(input, input.operands[0] ?? '')
      const text = (more.wordsOf ?? linesOf)(value)
      const [failed, undecided] = [more.isFault?.(value), more.isUndecided?.(value)]
      return { value, text, failed: failed ?? false, undecided: undecided ?? false }
    },
  }
}

const column = 17

/** What was done, member by member; what comes next stands under it. */
function linesOf({ next, ...members }: Answer): string {
  const lines = Object.entries(members).map(([name, value]) => {
    // `organisationId` is `organisation id` to people.
    const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    return `${words.padEnd(column - 1)} ${valueWords(value)}`
  })
  return [...lines, ...(next === undefined ? [] : [`Next: ${shown(next)}`])].join('\n')
}

function valueWords(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.length > 0 ? value.map(shown).join(', ') : 'none'
  if (value instanceof Date) return value.toISOString()
  // Of several lines, which are to be copied, each begins where the first does.
  const lines = typeof value === 'string' ? value.split('\n') : [value]
  return lines.map(shown).join(`\n${' '.repeat(column)}`)
}

const ofOwner = `Runs on the host, as the owner of the database: DATABASE_OWNER_URL, or with --trial the
trial database under DATA_DIR. The output names the database. Every change is an entry of the access
log.`

/** Runs `act` on the database that the call names. */
export async function onHost<Said extends Answer>(
  input: Input,
  act: (host: Host) => Promise<Said>,
): Promise<Said & { readonly database: string }> {
  // Not before it is called: whoever asks for help needs no database driver.
  const host = await import('./host.ts')
  return host.onHost({ trial: input.given('trial') }, act)
}

/** The flag that `addressIn` reads. */
export const addressOption: Record<string, Option> = {
  url: { value: 'URL', help: 'Where the service is reached, if PUBLIC_URL does not say it.' },
}

/** Where others reach the service. @throws UsageError if neither the call nor `PUBLIC_URL` says it */
export function addressIn(input: Input): string {
  const url = input.text('url') ?? readConfig().access.publicUrl
  if (url === undefined) throw new UsageError('--url is missing: PUBLIC_URL is not set either')
  const origin = safeOriginOf(url)
  if (origin !== undefined) return origin
  throw new UsageError('--url is https:// and a name, such as https://intake.example.org')
}

/** The id that `name` was given as. @throws UsageError for anything else */
export function idIn(text: string, name: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return text
  throw new UsageError(`${name} is not an id`)
}

/** The moment that a flag was given as, by that name, if it was. @throws UsageError for anything else */
export function momentIn<Name extends string>(
  input: Input,
  flag: string,
  name: Name,
): { readonly [name in Name]?: Date } {
  const text = input.text(flag)
  return text === undefined ? {} : ({ [name]: momentOf(text, flag) } as { [name in Name]: Date })
}

/** The moment that `text` is, which stands behind a flag. @throws UsageError for anything else */
export function momentOf(text: string, flag: string): Date {
  const date = new Date(text)
  if (!Number.isNaN(date.getTime())) return date
  throw new UsageError(`--${flag} is not a time such as 2026-11-22T09:00:00Z`)
}
