/** `intake admin …`, and the halves of the two ceremonies that happen on the host. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { generateTokenKey, issueToken, tokenMinutesMax } from '../../access/token.ts'
import { grantable, type Scope, scopes } from '../../caller.ts'
import { readConfig } from '../../config/server.ts'
import type { Keyset } from '../../protocol/trust/keyset.ts'
import { readSigningHalf } from '../ceremony/publichalf.ts'
import { UsageError } from '../command.ts'
import { readTrust } from '../settings.ts'
import { nextKeyset } from './drafting.ts'
import { type Host, migrateHost, onHost } from './host.ts'
import { kindIn, moment, needed, wholeIn } from './usage.ts'

/** Shown by `intake admin --help`. */
export const adminHelp = `Usage: intake admin COMMAND

Runs on the host, as the owner of the database: DATABASE_OWNER_URL, or with
--trial the trial database under DATA_DIR. What is printed names the database.
Every change is an entry of the access log.

  migrate                      bring the database to this version
  organisation add LABEL
  organisation disable ID
  client add --organisation ID --label LABEL --kind partner|internal|auditor
             [--scope SCOPE]... [--kid KID]...
  client disable ID
  client list
  signing-key add --organisation ID --public-key FILE
             [--from TIME] [--until TIME]
  signing-key end KID [--until TIME] [--compromised-from TIME]
  directory draft --out FILE   the next directory, to be signed elsewhere
  token-key                    make TOKEN_KEY_FILE, where there is none
  token --client ID --out FILE [--minutes N] [--person ID]

Scopes: ${Object.keys(scopes).join(', ')}
(all that its kind allows, unless --scope is given)
FILE is the public half of a key, as \`intake keys generate\` leaves it.
`

const options = {
  organisation: { type: 'string' },
  label: { type: 'string' },
  kind: { type: 'string' },
  scope: { type: 'string', multiple: true },
  kid: { type: 'string', multiple: true },
  client: { type: 'string' },
  'public-key': { type: 'string' },
  from: { type: 'string' },
  until: { type: 'string' },
  'compromised-from': { type: 'string' },
  minutes: { type: 'string' },
  person: { type: 'string' },
  out: { type: 'string' },
  trust: { type: 'string' },
  changes: { type: 'string', multiple: true },
  trial: { type: 'boolean' },
} as const

type Values = ReturnType<typeof parse>['values']
type Answer = Record<string, unknown>

type Command = {
  /** The flags it takes; any other is refused, for it would be ignored. */
  readonly flags: readonly (keyof typeof options)[]
  /** Those of them that it cannot do without. */
  readonly needs?: readonly (keyof typeof options)[]
  /** What the one word is that follows its name; none does where it is left out. */
  readonly operand?: 'ID' | 'KID' | 'LABEL'
  /** Answers what is printed. */
  readonly run: (values: Values, operand: string) => Promise<Answer>
}

const commands: Record<string, Command> = {
  migrate: {
    flags: [],
    run: (values) => migrateHost(values),
  },
  'organisation add': {
    flags: [],
    operand: 'LABEL',
    run: (values, label) =>
      onHost(values, async ({ administration }) => ({
        organisationId: await administration.addOrganisation(needed(label, 'LABEL')),
      })),
  },
  'organisation disable': {
    flags: [],
    operand: 'ID',
    run: (values, id) =>
      onHost(values, async ({ administration }) => {
        await administration.disableOrganisation(needed(id, 'ID'))
        return { disabled: id }
      }),
  },
  'client add': {
    flags: ['organisation', 'label', 'kind', 'scope', 'kid'],
    needs: ['organisation', 'label', 'kind'],
    run: (values) => onHost(values, (host) => addClient(host, values)),
  },
  'client disable': {
    flags: [],
    operand: 'ID',
    run: (values, id) =>
      onHost(values, async ({ administration }) => {
        await administration.disableClient(needed(id, 'ID'))
        return { disabled: id }
      }),
  },
  'client list': {
    flags: [],
    run: (values) =>
      onHost(values, async ({ administration }) => ({
        clients: await administration.listClients(),
      })),
  },
  'signing-key add': {
    flags: ['organisation', 'public-key', 'from', 'until'],
    needs: ['organisation', 'public-key'],
    run: (values) =>
      onHost(values, async ({ administration }) => ({
        kid: await administration.addSigningKey({
          organisationId: needed(values.organisation, '--organisation'),
          publicKey: await publicKeyIn(needed(values['public-key'], '--public-key')),
          ...(values.from && { from: moment(values.from, '--from') }),
          ...(values.until && { until: moment(values.until, '--until') }),
        }),
      })),
  },
  'signing-key end': {
    flags: ['until', 'compromised-from'],
    operand: 'KID',
    run: (values, kid) =>
      onHost(values, async ({ administration }) => {
        const compromised = values['compromised-from']
        await administration.endSigningKey(needed(kid, 'KID'), {
          ...(values.until && { until: moment(values.until, '--until') }),
          ...(compromised && { compromisedFrom: moment(compromised, '--compromised-from') }),
        })
        return { ended: kid, next: 'Draft, sign and publish the next directory.' }
      }),
  },
  'directory draft': {
    flags: ['out'],
    needs: ['out'],
    run: (values) =>
      onHost(values, async ({ publication, origin }) =>
        writeDraft(await publication.draftDirectory(origin), values.out),
      ),
  },
  'token-key': {
    flags: [],
    run: async () => {
      const { tokenKeyFile } = readConfig()
      const made = !existsSync(tokenKeyFile)
      if (made) await generateTokenKey(tokenKeyFile)
      return { tokenKeyFile, made }
    },
  },
  token: {
    flags: ['client', 'out', 'minutes', 'person'],
    needs: ['client', 'out'],
    run: async (values) => {
      const minutes = wholeIn(values.minutes ?? '60', '--minutes', tokenMinutesMax)
      return onHost(values, (host) => makeToken(host, values, minutes))
    },
  },
}

/** Runs `intake admin` with the arguments behind it; answers what is to be printed. */
export async function admin(args: readonly string[]): Promise<Answer> {
  const { values, positionals } = parse(args)
  const words = [2, 1].find((count) => Object.hasOwn(commands, nameOf(positionals, count)))
  const command = words === undefined ? undefined : commands[nameOf(positionals, words)]
  if (!command || words === undefined) {
    throw new UsageError('no such command: see intake admin --help')
  }
  const operands = positionals.slice(words)
  if (operands.length > (command.operand ? 1 : 0)) {
    throw new UsageError('too many words: put quotes around a label')
  }
  const strange = Object.keys(values).find(
    (flag) => flag !== 'trial' && !command.flags.some((own) => own === flag),
  )
  if (strange) throw new UsageError(`--${strange} is no flag of this command`)
  requireWellFormed(command, values, operands[0])
  return command.run(values, operands[0] ?? '')
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether all is there and of its form, before any database is asked. @throws UsageError */
function requireWellFormed(command: Command, values: Values, operand: string | undefined): void {
  if (command.operand) needed(operand, command.operand)
  for (const name of command.needs ?? []) needed(values[name]?.toString(), `--${name}`)
  const ids = { '--organisation': values.organisation, '--client': values.client }
  for (const [name, id] of Object.entries(
    command.operand === 'ID' ? { ID: operand, ...ids } : ids,
  )) {
    if (id !== undefined && !uuid.test(id)) throw new UsageError(`${name} is no id`)
  }
  for (const name of ['from', 'until', 'compromised-from'] as const) {
    const text = values[name]
    if (text !== undefined) moment(text, `--${name}`)
  }
  if (values.kind !== undefined) kindIn(values.kind)
  if (values.scope?.some((scope) => !Object.hasOwn(scopes, scope))) {
    throw new UsageError(`--scope is one of ${Object.keys(scopes).join(', ')}`)
  }
}

function nameOf(positionals: readonly string[], words: number): string {
  return positionals.slice(0, words).join(' ')
}

/**
 * `intake keyset draft`: the newest keyset with the next number and fresh dates, and over it the
 * members that the files of `--changes` hold. The first keyset is all changes.
 */
export function draftKeyset(args: readonly string[]): Promise<Answer> {
  const { values } = parse(args)
  return onHost(values, async ({ publication, origin }) => {
    const newest = await publication.newestKeyset()
    const files = values.changes ?? []
    const changes = await Promise.all(files.map((file) => readJson<Partial<Keyset>>(file)))
    return writeDraft(nextKeyset(newest, changes, origin), values.out)
  })
}

/** `intake keyset publish FILE --trust FILE`: only what the pinned roots signed. */
export function publishKeyset(args: readonly string[]): Promise<Answer> {
  const { values, positionals } = parse(args)
  return onHost(values, async ({ publication }) => {
    const trust = await readTrust(needed(values.trust, '--trust'))
    const jws = await readText(needed(positionals[0], 'FILE'))
    return { keyset: await publication.publishKeyset(jws, trust) }
  })
}

/** `intake directory publish FILE`: only what the newest keyset's directory key signed. */
export function publishDirectory(args: readonly string[]): Promise<Answer> {
  const { values, positionals } = parse(args)
  return onHost(values, async ({ publication }) => {
    const jws = await readText(needed(positionals[0], 'FILE'))
    return { directory: await publication.publishDirectory(jws) }
  })
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

async function addClient({ administration }: Host, values: Values): Promise<Answer> {
  const kind = kindIn(values.kind)
  const asked = values.scope ?? grantable[kind]
  const clientId = await administration.addClient({
    organisationId: needed(values.organisation, '--organisation'),
    label: needed(values.label, '--label'),
    kind,
    scopes: asked as readonly Scope[],
    kids: values.kid ?? [],
  })
  return { clientId, scopes: asked }
}

async function makeToken(host: Host, values: Values, minutes: number): Promise<Answer> {
  const clientId = needed(values.client, '--client')
  const out = needed(values.out, '--out')
  const key = await readFile(host.tokenKeyFile, 'utf8')
  const token = await issueToken(key, host.origin, clientId, minutes, values.person)
  await host.administration.recordToken(clientId)
  await writeFile(out, token, { mode: 0o600, flag: 'wx' })
  return { clientId, minutes, out }
}

async function publicKeyIn(file: string): Promise<string> {
  return (await readSigningHalf(file)).publicKey
}

async function writeDraft(draft: unknown, out: string | undefined): Promise<Answer> {
  const file = needed(out, '--out')
  // It names partners and volunteers.
  const text = `${JSON.stringify(draft, null, 2)}\n`
  await writeFile(file, text, { mode: 0o600, flag: 'wx' })
  return { draft: file, next: 'Sign it where its key is kept, then publish the signed file here.' }
}

async function readText(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim()
}

async function readJson<Value>(file: string): Promise<Value> {
  return JSON.parse(await readText(file))
}
