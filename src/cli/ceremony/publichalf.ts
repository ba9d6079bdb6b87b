/**
 * Public halves in files: each is written beside its key file, handed over, and named in a ceremony.
 * They are not secret; whoever receives one compares its `kid` with what the owner of the key reads
 * out.
 */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { jsonText, shown } from '../../client/index.ts'
import { writeSecret } from '../../disk.ts'
import type { ClientJwk } from '../../protocol/partner/clientkey.ts'
import { MatchingHalf, RecipientHalf, SigningHalf } from '../../protocol/publichalf.ts'
import { schemaProblems } from '../../referral/problems.ts'
import { fitted, type Option, type Report } from '../command.ts'
import { readJson } from '../json.ts'

/** What stands in a .pub file. */
export type PublicHalf = SigningHalf | RecipientHalf | MatchingHalf

/** The public half of the key by which a client signs in. */
export type ClientHalf = ClientJwk & { readonly kid: string }

/** The flags that say how a new key file is written. */
export const keyFileOptions = {
  out: { value: 'FILE', help: 'Where to; never overwritten.' },
  'no-passphrase': { help: 'For a machine that starts alone: only the disk guards the file.' },
} satisfies Record<string, Option>

/** Where the public half of the key in `file` stands: `root-a.pub` beside `root-a.key`. */
function publicFileOf(file: string): string {
  return `${file.replace(/\.(key|json)$/, '')}.pub`
}

/**
 * Writes a new key file, for its owner only, and beside it its public half, for all to read, and reports
 * both.
 *
 * @throws Error where either is there already; then neither is written
 */
export async function writeKeyFiles(
  file: string,
  text: string,
  half: PublicHalf | ClientHalf,
): Promise<Report> {
  const publicFile = publicFileOf(file)
  if (existsSync(publicFile)) throw new Error(`${shown(publicFile)} exists, and is not overwritten`)
  await writeSecret(file, text)
  await writeFile(publicFile, `${JSON.stringify(half, null, 2)}\n`, { mode: 0o644, flag: 'wx' })
  const written = `Wrote ${shown(file)}, and its public half ${shown(publicFile)}:`
  return { value: half, text: `${fitted(written)}\n${jsonText(half, 2)}`, isData: true }
}

/** Reads the public half of a signing key. @throws Error that names the file and says what it is not */
export function readSigningHalf(file: string): Promise<SigningHalf> {
  return readHalf(SigningHalf, file, 'a signing key')
}

/** As `readSigningHalf`, of a recipient's key. */
export function readRecipientHalf(file: string): Promise<RecipientHalf> {
  return readHalf(RecipientHalf, file, "a recipient's key (`--kind recipient`)")
}

/** As `readSigningHalf`, of a matching key. */
export function readMatchingHalf(file: string): Promise<MatchingHalf> {
  return readHalf(MatchingHalf, file, 'a matching key')
}

async function readHalf<Half>(
  schema: Parameters<typeof schemaProblems>[0],
  file: string,
  what: string,
): Promise<Half> {
  const half = await readJson<Half>(file)
  if (schemaProblems(schema, half).length === 0) return half
  // Never what stands in it: it may be the key itself, named by mistake.
  throw new Error(
    `${shown(file)} is not the public half of ${what}: name the .pub file that stands beside its key`,
  )
}
