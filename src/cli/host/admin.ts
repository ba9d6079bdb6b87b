/** `intake admin …`: the database, organisations, clients, their signing keys and tokens. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { generateTokenKey, issueToken, tokenMinutesMax } from '../../access/token.ts'
import { newSealKey } from '../../access/tokenkeys.ts'
import { grantable, grantedByName, type Scope, scopes } from '../../caller.ts'
import { readConfig } from '../../config/server.ts'
import { writeSecret } from '../../disk.ts'
import { readSigningHalf } from '../ceremony/publichalf.ts'
import { UsageError } from '../command.ts'
import { linesOfClients } from './clientlines.ts'
import { administrative, idIn, momentIn, onHost } from './usage.ts'

/** `intake admin migrate`. */
export const migrate = administrative({
  summary: 'Bring the database to this version.',
  async run(input) {
    const { migrateHost } = await import('./host.ts')
    return migrateHost({ trial: input.given('trial') })
  },
})

/** `intake admin organisation add`. */
export const organisationAdd = administrative({
  operand: 'LABEL',
  summary: 'Add an organisation.',
  run: (input, label) =>
    onHost(input, async ({ administration }) => ({
      organisationId: await administration.addOrganisation(label),
    })),
})

/** `intake admin organisation disable`. */
export const organisationDisable = administrative({
  operand: 'ID',
  summary: 'Disable an organisation.',
  async run(input, operand) {
    const disabled = idIn(operand, 'ID')
    return onHost(input, async ({ administration }) => {
      await administration.disableOrganisation(disabled)
      return { disabled }
    })
  },
})

/** `intake admin client add`. */
export const clientAdd = administrative({
  flags:
    '--organisation ID --label LABEL --kind partner|internal|auditor [--scope SCOPE]... ' +
    '[--kid KID]...',
  summary: 'Add a client of an organisation.',
  details: `Scopes: ${Object.keys(scopes).join(', ')}.`,
  options: {
    organisation: { value: 'ID', help: 'Whose client it is.' },
    label: { value: 'LABEL', help: 'What it is called.' },
    kind: { value: 'KIND', help: `${Object.keys(grantable).join(', ')}.` },
    scope: { value: 'SCOPE', many: true, help: 'All that its kind allows, if left out.' },
    kid: { value: 'KID', many: true, help: 'A recipient key that it opens referrals with.' },
  },
  async run(input) {
    const organisationId = idIn(input.needed('organisation'), '--organisation')
    const kind = kindIn(input.needed('kind'))
    const given = input.texts('scope')
    if (!given.every(isScope)) {
      throw new UsageError(`--scope is one of ${Object.keys(scopes).join(', ')}`)
    }
    const usual = grantable[kind].filter((scope) => !grantedByName.includes(scope))
    const asked = input.given('scope') ? given : usual
    const client = { organisationId, label: input.needed('label'), kind, kids: input.texts('kid') }
    return onHost(input, async ({ administration }) => ({
      clientId: await administration.addClient({ ...client, scopes: asked }),
      scopes: asked,
    }))
  },
})

/** `intake admin client disable`. */
export const clientDisable = administrative({
  operand: 'ID',
  summary: 'Disable a client.',
  async run(input, operand) {
    const disabled = idIn(operand, 'ID')
    return onHost(input, async ({ administration }) => {
      await administration.disableClient(disabled)
      return { disabled }
    })
  },
})

/** `intake admin client list`. */
export const clientList = administrative({
  summary: 'List the clients, each under its organisation, with what it may do.',
  wordsOf: linesOfClients,
  run: (input) =>
    onHost(input, async ({ administration }) => ({ clients: await administration.listClients() })),
})

/** `intake admin signing-key add`. */
export const signingKeyAdd = administrative({
  flags: '--organisation ID --public-key FILE [--from TIME] [--until TIME]',
  summary: 'Add a key that an organisation signs its referrals with.',
  options: {
    organisation: { value: 'ID', help: 'Whose key it is.' },
    'public-key': { value: 'FILE', help: 'Its public half, as `intake keys generate` leaves it.' },
    from: { value: 'TIME', help: 'When it begins; now if left out.' },
    until: { value: 'TIME', help: 'When it ends.' },
  },
  async run(input) {
    const organisationId = idIn(input.needed('organisation'), '--organisation')
    const file = input.needed('public-key')
    const valid = { ...momentIn(input, 'from', 'from'), ...momentIn(input, 'until', 'until') }
    return onHost(input, async ({ administration }) => {
      const { publicKey } = await readSigningHalf(file)
      return { kid: await administration.addSigningKey({ organisationId, publicKey, ...valid }) }
    })
  },
})

/** `intake admin signing-key end`. */
export const signingKeyEnd = administrative({
  operand: 'KID',
  flags: '[--until TIME] [--compromised-from TIME]',
  summary: 'End a signing key.',
  options: {
    until: { value: 'TIME', help: 'When it ends; now if left out.' },
    'compromised-from': { value: 'TIME', help: 'Since when others may have had it.' },
  },
  async run(input, kid) {
    const end = {
      ...momentIn(input, 'until', 'until'),
      ...momentIn(input, 'compromised-from', 'compromisedFrom'),
    }
    return onHost(input, async ({ administration }) => {
      await administration.endSigningKey(kid, end)
      return { ended: kid, next: 'Draft, sign and publish the next directory.' }
    })
  },
})

/** `intake admin token-key`. */
export const tokenKey = administrative({
  summary: 'Make TOKEN_KEY_FILE, if it is not there.',
  async run() {
    const { tokenKeyFile } = readConfig()
    const made = !existsSync(tokenKeyFile)
    if (made) await generateTokenKey(tokenKeyFile)
    return { tokenKeyFile, made }
  },
})

/** `intake admin token-seal`. */
export const tokenSeal = administrative({
  summary: 'Make TOKEN_SEAL_FILE, if it is not there: the same file for all replicas.',
  async run() {
    const { tokenSealFile } = readConfig().access
    const made = !existsSync(tokenSealFile)
    if (made) await writeSecret(tokenSealFile, newSealKey())
    return { tokenSealFile, made }
  },
})

/** `intake admin token`. */
export const token = administrative({
  flags: '--client ID --out FILE [--minutes N] [--person ID]',
  summary: 'Make an access token by hand, for a trial on the loopback address.',
  options: {
    client: { value: 'ID', help: 'Whose token it is.' },
    out: { value: 'FILE', help: 'Where to; never overwritten.' },
    minutes: { value: 'N', help: `How long it is good for, at most ${tokenMinutesMax}; else 60.` },
    person: { value: 'ID', help: 'Who uses an internal client: an opaque id, never a name.' },
  },
  async run(input) {
    const clientId = idIn(input.needed('client'), '--client')
    const out = input.needed('out')
    const minutes = input.whole('minutes', 1, tokenMinutesMax) ?? 60
    return onHost(input, async ({ administration, origin, tokenKeyFile }) => {
      const key = await readFile(tokenKeyFile, 'utf8')
      const made = await issueToken(key, origin, clientId, minutes, input.text('person'))
      await administration.recordToken(clientId)
      await writeFile(out, made, { mode: 0o600, flag: 'wx' })
      return { clientId, minutes, out }
    })
  },
})

function kindIn(kind: string): keyof typeof grantable {
  if (kind === 'partner' || kind === 'internal' || kind === 'auditor') return kind
  throw new UsageError('--kind is partner, internal or auditor')
}

function isScope(scope: string): scope is Scope {
  return Object.hasOwn(scopes, scope)
}
