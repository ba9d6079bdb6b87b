/** Which service, whom to trust, which key: from flags, else from the environment. */
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  type ClockSkew,
  createReader,
  createReferrer,
  createSignIn,
  type Reader,
  type Referrer,
  type ReferrerOptions,
  ServiceProblem,
  shown,
  type Trust,
  wordsOfSkew,
} from '../client/index.ts'
import { readClientConfig } from '../config/client.ts'
import { isThere, readSecret, requireOwn } from '../disk.ts'
import { type Input, type Option, UsageError } from './command.ts'
import { homeMemory } from './home.ts'
import { readJson } from './json.ts'
import { openClient, openKey } from './secret.ts'
import { tell } from './terminal.ts'

/** The flags of every command that calls the service. */
export const connection: Record<string, Option> = {
  url: { value: 'URL', help: 'The service (INTAKE_URL).' },
  trust: { value: 'FILE', help: 'Its origin and root keys (INTAKE_TRUST).' },
  key: { value: 'FILE', help: 'Your key file (INTAKE_KEY).' },
  client: { value: 'ID', help: 'The client that you sign in as (INTAKE_CLIENT).' },
  issuer: { value: 'URL', help: 'Where it signs in, if not at the service (INTAKE_ISSUER).' },
  'client-key': { value: 'FILE', help: 'The key that it signs in by (INTAKE_CLIENT_KEY).' },
  home: { value: 'DIR', help: 'What is remembered (INTAKE_HOME, else ~/.intake).' },
}

const { trust: _, key: __, home: ___, ...withoutKeys } = connection

/** The flags of those that call it without a key that opens. */
export const signingIn = withoutKeys

/** The details of every command that calls the service. */
export const connectionDetails = `It signs in as the client INTAKE_CLIENT, by the key in the file that INTAKE_CLIENT_KEY names.
The passphrase of key files is in INTAKE_PASSPHRASE, or it is asked for. In a trial, an access token that
was made by hand may stand in INTAKE_TOKEN, or in the file that INTAKE_TOKEN_FILE names.`

/** A referrer's client as flags and environment say; a clock that is wrong is told at once. */
export async function referrerOf(
  input: Input,
  listeners: Required<Pick<ReferrerOptions, 'onUnmatched' | 'onWarnings'>>,
  credentials?: Credentials,
): Promise<Referrer> {
  const { signing, receiving } = await keyOf(input)
  const service = await serviceOf(input, credentials)
  const keys = { signer: signing, ...(receiving && { reply: receiving }) }
  return createReferrer({ ...service, ...keys, onClockSkew, ...listeners })
}

function onClockSkew(skew: ClockSkew): void {
  const by = Number.isNaN(skew.aheadMs) ? 'your clock alone' : 'both, and the graver stands'
  tell(`Warning: ${wordsOfSkew(skew)}. Urgency is judged by ${by}.`)
}

/** A recipient's client as flags and environment say. */
export async function readerOf(input: Input): Promise<Reader> {
  const onClockSkew = onReadersSkew
  return createReader({ ...(await serviceOf(input)), recipient: await keyOf(input), onClockSkew })
}

function onReadersSkew(skew: ClockSkew): void {
  tell(`Warning: ${wordsOfSkew(skew)}. The service refuses what you state of urgency by it.`)
}

/** The client of whichever side the key file is of: a recipient of the newest keyset, or else a referrer. */
export async function eitherOf(
  input: Input,
): Promise<{ readonly reader: Reader } | { readonly referrer: Referrer }> {
  const { reader, referrer, isRecipient } = await sidesOf(input)
  return reader && isRecipient ? { reader } : { referrer }
}

/**
 * Reads as whichever side the key file is of. Who reads for a while, or by a key that another follows, is no recipient of the
 * newest keyset, and is told from a referrer by what the service refuses.
 */
export async function readByEither<Read>(
  input: Input,
  byReader: (reader: Reader) => Promise<Read>,
  byReferrer: (referrer: Referrer) => Promise<Read>,
): Promise<Read> {
  const { reader, referrer, isRecipient } = await sidesOf(input)
  if (!reader) return byReferrer(referrer)
  if (isRecipient) return byReader(reader)
  try {
    return await byReferrer(referrer)
  } catch (refused) {
    if (!isRefusedAs(refused, 'not-found', 'insufficient-scope')) throw refused
    return byReader(reader).catch((error: unknown) => {
      throw isRefusedAs(error, 'insufficient-scope') ? refused : error
    })
  }
}

/** Both clients of a key file; no reader where it holds no key that opens. */
async function sidesOf(input: Input) {
  const recipient = await keyOf(input)
  const service = await serviceOf(input)
  const { signing, receiving } = recipient
  const keys = { signer: signing, ...(receiving && { reply: receiving }) }
  const listeners = { onClockSkew, onUnmatched() {}, onWarnings() {} }
  const referrer = createReferrer({ ...service, ...keys, ...listeners })
  if (!receiving) return { referrer, isRecipient: false }
  const reader = createReader({ ...service, recipient, onClockSkew: onReadersSkew })
  const { keyset } = await reader.keyset()
  return { referrer, reader, isRecipient: keyset.recipients.some(({ kid }) => kid === reader.kid) }
}

function isRefusedAs(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof ServiceProblem && codes.includes(error.problem.code ?? '')
}

/**
 * The folder of what is remembered. Never one of the folder that a person happens to stand in: an archive
 * or a clone from a stranger could bring its own `trust.json` along.
 */
export function homeOf(input: Input): string {
  return namedHome(input) ?? join(homedir(), '.intake')
}

/** The same, where it has to be there: a name with a mistake in it would look like a home that is empty. */
export async function standingHomeOf(input: Input): Promise<string> {
  const named = namedHome(input)
  if (named === undefined || (await isThere(named))) return homeOf(input)
  throw new UsageError(`${named} is not there: name the folder with --home DIR, or INTAKE_HOME`)
}

function namedHome(input: Input): string | undefined {
  return input.text('home') ?? readClientConfig().home
}

/** Sentences about the keyset's dates, for standard error. */
export async function warnOfDates({ keyset }: Pick<Referrer, 'keyset'>): Promise<void> {
  for (const warning of (await keyset()).warnings) tell(`Warning: ${shown(warning)}`)
}

async function serviceOf(input: Input, credentials?: Credentials) {
  const open = await openServiceOf(input)
  return { ...open, token: (credentials ?? (await credentialsOf(input))).token }
}

/** The service and whom to believe about it, for what anybody may ask. */
export async function openServiceOf(input: Input) {
  const home = homeOf(input)
  // Whoever may write there takes a rollback, or root keys of their own, past every other check.
  await requireOwn(home, 'what was seen before')
  await requireOwn(join(home, 'seen'), 'what was seen before')
  return {
    url: addressOf(input),
    trust: await readTrust(trustFileOf(input)),
    memory: homeMemory(home),
  }
}

/** The file of the origin and root keys to believe, whether it is there or not. */
export function trustFileOf(input: Input): string {
  return input.text('trust') ?? readClientConfig().trust ?? join(homeOf(input), 'trust.json')
}

/** The service that is called. @throws UsageError if it is not one */
export function addressOf(input: Input): string {
  const url = input.text('url') ?? readClientConfig().url
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return url
  const form = 'https:// and a name, such as https://intake.example.org'
  throw new UsageError(`--url or INTAKE_URL is not the address of a service: write ${form}`)
}

/** The origin and root keys that a person pinned. @throws Error if others may change the file */
export async function readTrust(file: string): Promise<Trust> {
  if (!(await isThere(file))) {
    const words = 'name the file of the origin and root keys to believe'
    throw new UsageError(`${file} is not there: ${words}: --trust FILE, or INTAKE_TRUST`)
  }
  await requireOwn(file, 'the root keys')
  await requireOwn(dirname(file), 'the root keys')
  return readJson<Trust>(file)
}

async function keyOf(input: Input) {
  const file = input.text('key') ?? readClientConfig().key
  if (!file) throw new UsageError('which key? Name its file: --key FILE, or INTAKE_KEY')
  return openKey(file)
}

/** How requests show who calls. */
export type Credentials = {
  readonly token: ReferrerOptions['token']
  /** Rejects where there is nothing to call with, before anything is sent. */
  ready(): Promise<unknown>
}

/** A key to sign in by, or in a trial a token. One sign-in serves a whole call. */
export async function credentialsOf(input: Input): Promise<Credentials> {
  const config = readClientConfig()
  const file = input.text('client-key') ?? config.clientKey
  if (file === undefined) return { token, ready: token }
  const clientId = input.text('client') ?? config.client
  if (!clientId) {
    throw new UsageError('which client signs in? Name its id: --client ID, or INTAKE_CLIENT')
  }
  const url = addressOf(input)
  const issuer = input.text('issuer') ?? config.issuer
  const key = await openClient(file)
  const signIn = createSignIn({ url, clientId, key, ...(issuer !== undefined && { issuer }) })
  return { token: signIn, ready: signIn.ready }
}

/** A token made by hand. It is read for each request, because it is renewed by rewriting its file. */
async function token(): Promise<string> {
  const config = readClientConfig()
  if (config.token) return config.token
  if (config.tokenFile) return readSecret(config.tokenFile)
  throw new UsageError(
    'there is no key to sign in by: set INTAKE_CLIENT and INTAKE_CLIENT_KEY, or in a trial INTAKE_TOKEN_FILE',
  )
}
