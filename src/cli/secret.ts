/**
 * Secrets on this machine: files that only their owner may read, or environment variables. Never
 * arguments, which every user of the machine can list.
 */
import { type KeyFile, needsPassphrase, openKeyFile, shown } from '../client/index.ts'
import { readClientConfig } from '../config/client.ts'
import { readSecret } from '../disk.ts'
import {
  type ClientKey,
  clientKeyNeedsPassphrase,
  openClientKey,
} from '../protocol/partner/clientkey.ts'
import { UsageError } from './command.ts'

/** The shortest passphrase for a new key file, in characters. */
const passphraseCharactersMin = 8

/** Opens a key file, and asks for its passphrase where it has one. */
export async function openKey(file: string): Promise<KeyFile> {
  const text = await readSecret(file)
  if (!needsPassphrase(text)) return openKeyFile(text)
  return openKeyFile(text, await passphraseOf(file))
}

/** The same of a client key file. */
export async function openClient(file: string): Promise<ClientKey> {
  const text = await readSecret(file)
  if (!clientKeyNeedsPassphrase(text)) return openClientKey(text)
  return openClientKey(text, await passphraseOf(file))
}

/** The passphrase of a key file that is there. */
export async function passphraseOf(file: string): Promise<string> {
  return readClientConfig().passphrase ?? (await ask(`Passphrase of ${shown(file)}`))
}

/** The passphrase for a new key file, asked for twice. */
export async function newPassphrase(): Promise<string> {
  const passphrase = readClientConfig().passphrase ?? (await askTwice())
  if (passphrase.length >= passphraseCharactersMin) return passphrase
  throw new UsageError(`a passphrase has at least ${passphraseCharactersMin} characters`)
}

async function askTwice(): Promise<string> {
  const first = await ask('New passphrase')
  if (first === (await ask('The same again'))) return first
  throw new UsageError('the two passphrases differ')
}

async function ask(message: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError('a passphrase is needed: set INTAKE_PASSPHRASE, or run in a terminal')
  }
  const { default: password } = await import('@inquirer/password')
  return password({ message, mask: true }, { output: process.stderr })
}
