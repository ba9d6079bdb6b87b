/**
 * Secrets on this machine: files that only their owner may read, or environment variables. Never
 * arguments, which every user of the machine can list.
 */
import { readFile, stat } from 'node:fs/promises'
import { type KeyFile, needsPassphrase, openKeyFile } from '../client/index.ts'
import { readClientConfig } from '../config.ts'
import { UsageError } from './command.ts'

/** The shortest passphrase for a new key file, in characters. */
const passphraseCharactersMin = 8

/** Reads a secret. @throws Error if others than its owner may read the file too */
export async function readSecret(file: string): Promise<string> {
  const { mode } = await stat(file)
  // Windows has no such modes, and reports every file as readable by all.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const octal = (mode & 0o777).toString(8)
    throw new Error(
      `${file} is a secret, and its mode ${octal} lets others at it: chmod 600 ${file}`,
    )
  }
  return (await readFile(file, 'utf8')).trim()
}

/** Opens a key file, and asks for its passphrase where it has one. */
export async function openKey(file: string): Promise<KeyFile> {
  const text = await readSecret(file)
  if (!needsPassphrase(text)) return openKeyFile(text)
  return openKeyFile(text, readClientConfig().passphrase ?? (await ask(`Passphrase of ${file}`)))
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
