/** What signing a keyset and signing a directory have in common: look, ask, sign, write. */
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { type Problem, shown } from '../../client/index.ts'
import { type Input, type Option, type Report, UsageError } from '../command.ts'
import { readJson } from '../json.ts'
import { DocumentRefused } from '../report.ts'
import { tell } from '../terminal.ts'

/** The flags of both. */
export const signingOptions: Record<string, Option> = {
  key: { value: 'FILE', help: 'The key file to sign with.' },
  previous: { value: 'FILE', help: 'The signed version before this one.' },
  yes: { help: 'Do not ask. For rehearsals.' },
  out: { value: 'FILE', help: 'Where to, else standard output; never overwritten.' },
}

/** Reads a draft; `problemsOf` returns what does not fit its form. @throws Refusal `trust-invalid` */
export async function readDocumentDraft<Draft>(
  file: string,
  problemsOf: (draft: unknown) => readonly Problem[],
): Promise<Draft> {
  const draft = await readJson<unknown>(file)
  const problems = problemsOf(draft)
  if (problems.length > 0) throw new DocumentRefused(problems)
  return draft as Draft
}

/** @throws DocumentRefused that lists the faults, if there are any */
export function refuse(faults: readonly string[]): void {
  if (faults.length > 0) throw new DocumentRefused(faults.map((detail) => ({ detail })))
}

/** Shows the changes, whose parts are escaped, and asks. @throws UsageError if the answer is not yes */
export async function confirm(input: Input, title: string, changes: readonly string[]) {
  tell([title, ...changes.map((change) => `- ${shown(change)}`)].join('\n'))
  if (input.given('yes')) return
  if (!process.stdin.isTTY)
    throw new UsageError('nobody is there to ask: give --yes, or a terminal')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question('Sign it? Type yes: ')
  terminal.close()
  if (answer.trim() !== 'yes') throw new UsageError('not signed')
}

/** The signed document, to standard output or into the file of `--out`. */
export async function signedReport(
  input: Input,
  jws: string,
  about: { version: number; changes: readonly string[] },
): Promise<Report> {
  const file = input.text('out')
  if (file === undefined) return { text: jws, value: { ...about, signed: jws } }
  await writeFile(file, `${jws}\n`, { flag: 'wx' })
  return { text: `Signed version ${about.version} into ${shown(file)}`, value: { ...about, file } }
}
