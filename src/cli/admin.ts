/** `intake admin …`, and the halves of the two ceremonies that happen on the host. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { generateTokenKey, issueToken } from '../access/token.ts'
import { grantable, type Scope, scopes } from '../caller.ts'
import { Refusal } from '../errors.ts'
import type { Keyset, Trust } from '../protocol/keyset.ts'
import { type Host, migrateHost, onHost } from './host.ts'

/** Shown by `intake admin --help`. */
export const adminHelp = `Usage: intake admin COMMAND

Runs on the host, as the owner of the database: DATABASE_OWNER_URL, or else the
trial database under DATA_DIR. Every change is an entry of the access log.

  migrate                      bring the database to this version
  organisation add LABEL
  organisation disable ID
  client add --organisation ID --label LABEL --kind partner|internal|auditor
             [--scope SCOPE]... [--kid KID]...
  client disable ID
  client list
  signing-key add --organisation ID --public-key BASE64URL
             [--from TIME] [--until TIME]
  signing-key end KID [--until TIME] [--compromised-from TIME]
  directory draft --out FILE   the next directory, to be signed elsewhere
  token-key                    make TOKEN_KEY_FILE, where there is none
  token --client ID --out FILE [--minutes N] [--person ID]

Scopes: ${Object.keys(scopes).join(', ')}
(all that its kind allows, unless --scope is given)
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
  changes: { type: 'string' },
} as const

type Values = ReturnType<typeof parse>['values']
type Answer = Record<string, unknown>

/** Each command: what stands before its flags, and what it does. Answers what `--json` prints. */
const commands: Record<string, (values: Values, operand: string) => Promise<Answer>> = {
  migrate: async () => {
    await migrateHost()
    return { migrated: true }
  },
  'organisation add': (_, label) =>
    onHost(async ({ administration }) => ({
      organisationId: await administration.addOrganisation(needed(label, 'LABEL')),
    })),
  'organisation disable': (_, id) =>
    onHost(async ({ administration }) => {
      await administration.disableOrganisation(needed(id, 'ID'))
      return { disabled: id }
    }),
  'client add': (values) => onHost((host) => addClient(host, values)),
  'client disable': (_, id) =>
    onHost(async ({ administration }) => {
      await administration.disableClient(needed(id, 'ID'))
      return { disabled: id }
    }),
  'client list': () =>
    onHost(async ({ administration }) => ({ clients: await administration.listClients() })),
  'signing-key add': (values) =>
    onHost(async ({ administration }) => ({
      kid: await administration.addSigningKey({
        organisationId: needed(values.organisation, '--organisation'),
        publicKey: needed(values['public-key'], '--public-key'),
        ...(values.from && { from: moment(values.from, '--from') }),
        ...(values.until && { until: moment(values.until, '--until') }),
      }),
    })),
  'signing-key end': (values, kid) =>
    onHost(async ({ administration }) => {
      const compromised = values['compromised-from']
      await administration.endSigningKey(needed(kid, 'KID'), {
        ...(values.until && { until: moment(values.until, '--until') }),
        ...(compromised && { compromisedFrom: moment(compromised, '--compromised-from') }),
      })
      return { ended: kid, next: 'Draft, sign and publish the next directory.' }
    }),
  'directory draft': (values) =>
    onHost(async ({ publication, origin }) =>
      writeDraft(await publication.draftDirectory(origin), values.out),
    ),
  'token-key': () =>
    onHost(async ({ tokenKeyFile }) => {
      const made = !existsSync(tokenKeyFile)
      if (made) await generateTokenKey(tokenKeyFile)
      return { tokenKeyFile, made }
    }),
  token: (values) => onHost((host) => makeToken(host, values)),
}

/** Runs `intake admin` with the arguments behind it; answers what is to be printed. */
export async function admin(args: readonly string[]): Promise<Answer> {
  const { values, positionals } = parse(args)
  const [noun = '', verb = '', ...rest] = positionals
  const named = [`${noun} ${verb}`, noun].find((name) => name in commands)
  const command = named === undefined ? undefined : commands[named]
  if (!command) throw new Refusal('malformed-request', 'no such command: see intake admin --help')
  return command(values, named === noun ? verb : (rest[0] ?? ''))
}

/**
 * `intake keyset draft`: the newest keyset with the next number and fresh dates, and over it the
 * members that the file `--changes` holds. The first keyset is all changes.
 */
export function draftKeyset(args: readonly string[]): Promise<Answer> {
  const { values } = parse(args)
  return onHost(async ({ publication, origin }) => {
    const newest = await publication.newestKeyset()
    const changes: Partial<Keyset> = values.changes ? await readJson(values.changes) : {}
    const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString()
    const draft = {
      ...newest?.payload,
      origin,
      version: (newest?.payload.version ?? 0) + 1,
      ...(newest && { previous: newest.sha256 }),
      revokes: [],
      issuedAt: days(0),
      refreshBy: days(335),
      expiresAt: days(365),
      protocols: ['sealed-referral/1'],
      matching: newest?.payload.matching ?? [],
      ...changes,
    }
    return writeDraft(draft, values.out)
  })
}

/** `intake keyset publish FILE --trust FILE`: only what the pinned roots signed. */
export function publishKeyset(args: readonly string[]): Promise<Answer> {
  const { values, positionals } = parse(args)
  return onHost(async ({ publication }) => {
    const trust = await readJson<Trust>(needed(values.trust, '--trust'))
    const jws = await readText(needed(positionals[0], 'FILE'))
    return { keyset: await publication.publishKeyset(jws, trust) }
  })
}

/** `intake directory publish FILE`: only what the newest keyset's directory key signed. */
export function publishDirectory(args: readonly string[]): Promise<Answer> {
  const { positionals } = parse(args)
  return onHost(async ({ publication }) => {
    const jws = await readText(needed(positionals[0], 'FILE'))
    return { directory: await publication.publishDirectory(jws) }
  })
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options, allowPositionals: true })
}

async function addClient({ administration }: Host, values: Values): Promise<Answer> {
  const kind = needed(values.kind, '--kind')
  if (kind !== 'partner' && kind !== 'internal' && kind !== 'auditor') {
    throw new Refusal('malformed-request', '--kind is partner, internal or auditor')
  }
  const asked = values.scope ?? grantable[kind]
  const unknown = asked.filter((scope) => !(scope in scopes))
  if (unknown.length > 0) throw new Refusal('malformed-request', 'a --scope is none of ours')
  const clientId = await administration.addClient({
    organisationId: needed(values.organisation, '--organisation'),
    label: needed(values.label, '--label'),
    kind,
    scopes: asked as readonly Scope[],
    kids: values.kid ?? [],
  })
  return { clientId, scopes: asked }
}

async function makeToken(host: Host, values: Values): Promise<Answer> {
  const clientId = needed(values.client, '--client')
  const out = needed(values.out, '--out')
  const key = await readFile(host.tokenKeyFile, 'utf8')
  const minutes = Number(values.minutes ?? 60)
  const token = await issueToken(key, host.origin, clientId, minutes, values.person)
  await host.administration.recordToken(clientId)
  await writeFile(out, token, { mode: 0o600, flag: 'wx' })
  return { clientId, minutes, out }
}

async function writeDraft(draft: unknown, out: string | undefined): Promise<Answer> {
  const file = needed(out, '--out')
  // It names partners and volunteers.
  const text = `${JSON.stringify(draft, null, 2)}\n`
  await writeFile(file, text, { mode: 0o600, flag: 'wx' })
  return { draft: file, next: 'Sign it where its key is kept, then publish the signed file here.' }
}

function needed(value: string | undefined, name: string): string {
  if (!value) throw new Refusal('malformed-request', `${name} is missing`)
  return value
}

function moment(text: string, name: string): Date {
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) {
    throw new Refusal('malformed-request', `${name} is no time such as 2026-11-22T09:00:00Z`)
  }
  return date
}

async function readText(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim()
}

async function readJson<Value>(file: string): Promise<Value> {
  return JSON.parse(await readText(file))
}
