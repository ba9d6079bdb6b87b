/**
 * `intake …`: finds the command, prints its report, and turns faults into words.
 *
 * Exit codes: 0, all was done; 1, some of it failed; 2, the call itself was wrong and nothing was
 * done; 3, something was not done until a person decides, whether or not something else failed.
 */
import { existsSync } from 'node:fs'
import { jsonText } from '../referral/shown.ts'
import {
  type Command,
  entryOf,
  fitted,
  helpOf,
  type Report,
  readInput,
  UsageError,
} from './command.ts'
import { faultOf, wordsOf } from './report.ts'
import { print, tell } from './terminal.ts'

/** Loaded when called, for most calls need little of all this. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  refer: async () => (await import('./partner/refer.ts')).refer,
  outbox: async () => (await import('./partner/waiting.ts')).outboxList,
  'outbox drop': async () => (await import('./partner/waiting.ts')).outboxDrop,
  check: async () => (await import('./partner/check.ts')).check,
  'match-keys': async () => (await import('./partner/match-keys.ts')).matchKeysCommand,
  seal: async () => (await import('./partner/seal.ts')).seal,
  conform: async () => (await import('./partner/conform.ts')).conformCommand,
  match: async () => (await import('./recipient/match.ts')).match,
  claim: async () => (await import('./recipient/claim.ts')).claim,
  open: async () => (await import('./recipient/open.ts')).open,
  renew: async () => (await import('./recipient/complete.ts')).renew,
  release: async () => (await import('./recipient/complete.ts')).release,
  complete: async () => (await import('./recipient/complete.ts')).complete,
  reviews: async () => (await import('./recipient/cases.ts')).reviews,
  case: async () => (await import('./recipient/cases.ts')).showCase,
  possible: async () => (await import('./recipient/cases.ts')).possible,
  find: async () => (await import('./recipient/cases.ts')).find,
  judge: async () => (await import('./recipient/judge.ts')).judge,
  merge: async () => (await import('./recipient/judge.ts')).merge,
  split: async () => (await import('./recipient/judge.ts')).split,
  'keys generate': async () => (await import('./ceremony/keys.ts')).keysGenerate,
  'matching-key generate': async () =>
    (await import('./ceremony/matching-key.ts')).matchingKeyGenerate,
  'matching-key entry': async () => (await import('./ceremony/matching-key.ts')).matchingKeyEntry,
  'keyset changes': async () => (await import('./ceremony/ceremony.ts')).keysetChangesCommand,
  'keyset trust': async () => (await import('./ceremony/ceremony.ts')).keysetTrust,
  'keyset sign': async () => (await import('./ceremony/keyset.ts')).keysetSign,
  'directory sign': async () => (await import('./ceremony/directory.ts')).directorySign,
}

type Answer = Record<string, unknown>
type Act = (args: readonly string[]) => Promise<Answer>
type AdminModule = {
  readonly adminHelp: string
  readonly admin: Act
  readonly draftKeyset: Act
  readonly publishKeyset: Act
  readonly publishDirectory: Act
}
type KeyholderModule = { readonly serveHelp: string; readonly serveKeyholder: Act }

type HostCommand = {
  readonly operands: string
  readonly call: Act
  /** Where there is more to say than the operands. */
  readonly help?: () => Promise<string>
}

const admin = () => loadHost<AdminModule>(new URL('./host/admin.ts', import.meta.url))
const holder = () => loadHost<KeyholderModule>(new URL('./host/keyholder.ts', import.meta.url))

/** Commands that run where the service is, or beside it: they need its database, or its packages. */
const hostCommands: Readonly<Record<string, HostCommand>> = {
  'keyset draft': {
    operands: '--out FILE [--changes FILE]...',
    call: async (args) => (await admin()).draftKeyset(args),
  },
  'keyset publish': {
    operands: 'FILE --trust FILE',
    call: async (args) => (await admin()).publishKeyset(args),
  },
  'directory draft': {
    operands: '--out FILE',
    call: async (args) => (await admin()).admin(['directory', 'draft', ...args]),
  },
  'directory publish': {
    operands: 'FILE',
    call: async (args) => (await admin()).publishDirectory(args),
  },
  'matching-key serve': {
    operands: '--key FILE... --state FILE --tls-key FILE --tls-cert FILE --tls-ca FILE',
    call: async (args) => (await holder()).serveKeyholder(args),
    help: async () => (await holder()).serveHelp,
  },
  admin: {
    operands: 'COMMAND',
    call: async (args) => (await admin()).admin(args),
    help: async () => (await admin()).adminHelp,
  },
}

/** Runs one call, and answers its exit code. @param args - without `node` and the program */
export async function main(args: readonly string[]): Promise<number> {
  const name = nameOf(args)
  try {
    if (name === undefined) return await withoutCommand(args)
    const rest = args.slice(name.split(' ').length)
    const report = name in commands ? await run(name, rest) : await runOnHost(name, rest)
    const text = rest.includes('--json') ? jsonText(report.value) : report.text
    print(text.trimEnd())
    await report.afterwards?.()
    if (report.undecided) return 3
    return report.failed ? 1 : 0
  } catch (error) {
    return failed(error, name, args.includes('--json'))
  }
}

function nameOf([first = '', second = '']: readonly string[]): string | undefined {
  const names = [`${first} ${second}`, first]
  return names.find((name) => Object.hasOwn(commands, name) || Object.hasOwn(hostCommands, name))
}

async function withoutCommand(args: readonly string[]): Promise<number> {
  if (args.length > 0 && !args.includes('--help')) throw new UsageError('there is no such command')
  print((await overview()).trimEnd())
  return 0
}

async function run(name: string, args: readonly string[]): Promise<Report> {
  const command = await commands[name]?.()
  if (!command) throw new Error(`${name} is no command`)
  if (args.includes('--help')) {
    const text = helpOf(name, command)
    return { text, value: { help: text } }
  }
  return command.run(readInput(command, args))
}

async function runOnHost(name: string, args: readonly string[]): Promise<Report> {
  const command = hostCommands[name]
  if (!command) throw new Error(`${name} is no command`)
  if (args.includes('--help')) {
    const text = (await command.help?.()) ?? `Usage: intake ${name} ${command.operands}`
    return { text, value: { help: text } }
  }
  const value = await command.call(args.filter((arg) => arg !== '--json'))
  return { value, text: jsonText(value, 2) }
}

async function loadHost<Module>(place: URL): Promise<Module> {
  // Not a literal import: the build of the SDK would follow it into the database.
  if (existsSync(place)) return import(place.href)
  throw new UsageError('this command runs on the host, from the folder of the service')
}

function failed(error: unknown, name: string | undefined, json: boolean): number {
  const isUsage =
    error instanceof UsageError ||
    String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
  const fault = faultOf(error)
  const hint = isUsage ? `\nSee: intake ${name ? `${name} ` : ''}--help` : ''
  // The first line may hold a command to be copied, and stays one.
  const [title = '', ...others] = wordsOf(fault).split('\n')
  const words = [title, ...others.map(fitted)].join('\n')
  tell(json ? jsonText({ problem: fault }) : `${words}${hint}`)
  return isUsage ? 2 : 1
}

async function overview(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(commands).map(async ([name, load]) => {
      return entryOf(name, (await load()).summary)
    }),
  )
  return [
    'Usage: intake COMMAND',
    '',
    ...lines,
    '',
    'On the host:',
    ...Object.entries(hostCommands).map(([name, { operands }]) => {
      return entryOf(name, operands)
    }),
    '',
    'Each has --help and --json. Exit codes: 0 done, 1 some of it failed,',
    '2 wrong call and nothing done, 3 something waits for your decision.',
    '',
  ].join('\n')
}
