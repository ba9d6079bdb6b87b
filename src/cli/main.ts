/**
 * `intake …`: finds the command, prints its report, and turns faults into words.
 *
 * Exit codes: 0, all was done; 1, some of it failed; 2, the call itself was wrong and nothing was
 * done; 3, something was not done until a person decides, whether or not something else failed.
 */
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
import { hostCommands } from './host/commands.ts'
import { faultOf, wordsOf } from './report.ts'
import { print, tell, tellWhole } from './terminal.ts'

/** Each is loaded when it is called, because most calls need little of this. */
const commands: Commands = {
  refer: async () => (await import('./partner/refer.ts')).refer,
  outbox: async () => (await import('./partner/waiting.ts')).outboxList,
  'outbox drop': async () => (await import('./partner/waiting.ts')).outboxDrop,
  status: async () => (await import('./partner/status.ts')).status,
  messages: async () => (await import('./recipient/messages.ts')).messages,
  reply: async () => (await import('./recipient/messages.ts')).reply,
  delivered: async () => (await import('./recipient/messages.ts')).delivered,
  openings: async () => (await import('./partner/openings.ts')).openingsCommand,
  'documents add': async () => (await import('./documents/adding.ts')).documentsAdd,
  'documents send': async () => (await import('./documents/adding.ts')).documentsSend,
  'documents list': async () => (await import('./documents/getting.ts')).documentsList,
  'documents get': async () => (await import('./documents/getting.ts')).documentsGet,
  withdraw: async () => (await import('./partner/withdraw.ts')).withdraw,
  withdrawals: async () => (await import('./recipient/withdrawals.ts')).withdrawals,
  check: async () => (await import('./partner/check.ts')).check,
  'match-keys': async () => (await import('./partner/match-keys.ts')).matchKeysCommand,
  seal: async () => (await import('./partner/seal.ts')).seal,
  conform: async () => (await import('./partner/conform.ts')).conformCommand,
  match: async () => (await import('./recipient/match.ts')).match,
  claim: async () => (await import('./recipient/claim.ts')).claim,
  listen: async () => (await import('./recipient/listen.ts')).listen,
  watch: async () => (await import('./recipient/watch.ts')).watch,
  mine: async () => (await import('./recipient/mine.ts')).mine,
  open: async () => (await import('./recipient/open.ts')).open,
  renew: async () => (await import('./recipient/complete.ts')).renew,
  release: async () => (await import('./recipient/complete.ts')).release,
  park: async () => (await import('./recipient/park.ts')).park,
  complete: async () => (await import('./recipient/complete.ts')).complete,
  'hand-over': async () => (await import('./recipient/hand-over.ts')).handOver,
  urgency: async () => (await import('./recipient/urgency.ts')).urgency,
  reopen: async () => (await import('./recipient/past.ts')).reopen,
  close: async () => (await import('./recipient/closing.ts')).close,
  grant: async () => (await import('./recipient/granting.ts')).grant,
  grants: async () => (await import('./recipient/granting.ts')).grants,
  revoke: async () => (await import('./recipient/granting.ts')).revoke,
  'rotate-key': async () => (await import('./recipient/granting.ts')).rotateKey,
  attempts: async () => (await import('./recipient/past.ts')).attempts,
  'webhooks list': async () => (await import('./recipient/webhooks.ts')).webhooksList,
  'webhooks add': async () => (await import('./recipient/webhooks.ts')).webhooksAdd,
  'webhooks disable': async () => (await import('./recipient/webhooks.ts')).webhooksDisable,
  'webhooks enable': async () => (await import('./recipient/webhooks.ts')).webhooksEnable,
  'webhooks rotate': async () => (await import('./recipient/webhooks.ts')).webhooksRotate,
  'webhooks replay': async () => (await import('./recipient/webhooks.ts')).webhooksReplay,
  'webhooks remove': async () => (await import('./recipient/webhooks.ts')).webhooksRemove,
  reviews: async () => (await import('./recipient/cases.ts')).reviews,
  case: async () => (await import('./recipient/cases.ts')).showCase,
  'case export': async () => (await import('./recipient/exporting.ts')).caseExport,
  'case erase': async () => (await import('./recipient/erasing.ts')).caseErase,
  hold: async () => (await import('./recipient/erasing.ts')).hold,
  'hold lift': async () => (await import('./recipient/erasing.ts')).holdLift,
  holds: async () => (await import('./recipient/erasing.ts')).holds,
  possible: async () => (await import('./recipient/cases.ts')).possible,
  find: async () => (await import('./recipient/cases.ts')).find,
  judge: async () => (await import('./recipient/judge.ts')).judge,
  merge: async () => (await import('./recipient/judge.ts')).merge,
  split: async () => (await import('./recipient/judge.ts')).split,
  audit: async () => (await import('./auditor/audit.ts')).audit,
  'audit access': async () => (await import('./auditor/access.ts')).auditAccess,
  'audit incident': async () => (await import('./auditor/incident.ts')).auditIncident,
  'audit verify': async () => (await import('./auditor/verify.ts')).auditVerify,
  'audit watch': async () => (await import('./auditor/watch.ts')).auditWatch,
  'audit export': async () => (await import('./auditor/export.ts')).auditExport,
  'partner init': async () => (await import('./joining/init.ts')).partnerInit,
  'partner join': async () => (await import('./joining/join.ts')).partnerJoin,
  'partner test': async () => (await import('./joining/trial.ts')).partnerTest,
  'partner show': async () => (await import('./joining/show.ts')).partnerShow,
  'partner rotate': async () => (await import('./joining/rotate.ts')).partnerRotate,
  'keys sign-in': async () => (await import('./ceremony/keys.ts')).keysSignIn,
  'keys generate': async () => (await import('./ceremony/keys.ts')).keysGenerate,
  'matching-key generate': async () =>
    (await import('./ceremony/matching-key.ts')).matchingKeyGenerate,
  'matching-key entry': async () => (await import('./ceremony/matching-key.ts')).matchingKeyEntry,
  'keyset changes': async () => (await import('./ceremony/ceremony.ts')).keysetChangesCommand,
  'keyset trust': async () => (await import('./ceremony/ceremony.ts')).keysetTrust,
  'keyset sign': async () => (await import('./ceremony/keyset.ts')).keysetSign,
  'directory sign': async () => (await import('./ceremony/directory.ts')).directorySign,
}

type Commands = Readonly<Record<string, () => Promise<Command>>>

/** Runs one call, and returns its exit code. @param args - without `node` and the program */
export async function main(args: readonly string[]): Promise<number> {
  let name: string | undefined
  try {
    const found = find(commands, args) ?? find(hostCommands, args)
    name = found?.name
    const report = found ? await run(found.name, await found.load(), args) : await overview(args)
    const text = report.isData ? report.text : fitted(report.text)
    print((args.includes('--json') ? jsonText(report.value) : text).trimEnd())
    await report.afterwards?.()
    if (report.undecided) return 3
    return report.failed ? 1 : 0
  } catch (error) {
    return failed(error, name, args.includes('--json'))
  }
}

/** The command whose name is the longest that the call begins with. */
function find(table: Commands, args: readonly string[]) {
  for (const count of [3, 2, 1]) {
    const name = args.slice(0, count).join(' ')
    const load = Object.hasOwn(table, name) && table[name]
    if (load) return { name, load }
  }
  return undefined
}

async function run(name: string, command: Command, args: readonly string[]): Promise<Report> {
  const rest = args.slice(name.split(' ').length)
  return rest.includes('--help')
    ? asReport(helpOf(name, command))
    : command.run(readInput(command, rest))
}

function failed(error: unknown, name: string | undefined, json: boolean): number {
  const isUsage = error instanceof UsageError
  const fault = faultOf(error)
  const hint = isUsage ? `\nSee: intake ${name ? `${name} ` : ''}--help` : ''
  if (json) tellWhole(jsonText({ problem: fault }))
  else tell(`${wordsOf(fault)}${hint}`)
  return isUsage ? 2 : 1
}

/** The list of all commands, or of those whose names begin with the words of the call. */
async function overview(args: readonly string[]): Promise<Report> {
  const group = args.filter((arg) => !arg.startsWith('--')).map((word) => `${word} `)
  const everywhere = await entriesOf(commands, group.join(''))
  const onHost = await entriesOf(hostCommands, group.join(''))
  if (everywhere.length + onHost.length === 0) {
    throw new UsageError(
      'there is no such command; what runs on the host is called from the folder of the service',
    )
  }
  if (args.length > 0 && !args.includes('--help')) {
    throw new UsageError(`this begins several commands: intake ${group.join('')}--help lists them`)
  }
  const lines = [
    `Usage: intake ${group.join('')}COMMAND`,
    '',
    ...(everywhere.length > 0 ? [...everywhere, ''] : []),
    ...(onHost.length > 0 ? ['On the host:', ...onHost, ''] : []),
    'Each has --help and --json. Exit codes: 0 done, 1 some of it failed,',
    '2 wrong call and nothing done, 3 something waits for your decision.',
  ]
  return asReport(lines.join('\n'))
}

function asReport(help: string): Report {
  return { text: help, value: { help } }
}

function entriesOf(table: Commands, group: string): Promise<string[]> {
  const named = Object.entries(table).filter(([name]) => name.startsWith(group))
  return Promise.all(named.map(async ([name, load]) => entryOf(name, (await load()).summary)))
}
