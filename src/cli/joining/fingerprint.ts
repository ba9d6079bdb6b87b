/**
 * A block goes by e-mail, which others can change; its fingerprint goes by telephone, where one knows
 * the voice. One side sees the digits and reads them out. The other types what it hears, without having
 * seen them: so nobody nods at digits that only look alike.
 */
import { createInterface } from 'node:readline/promises'
import { Refusal } from '../../client/index.ts'
import { isFingerprintOf } from '../../protocol/partner/block.ts'
import { type Input, type Option, UsageError } from '../command.ts'
import { tell } from '../terminal.ts'

/** The flag of whoever types. */
export const fingerprintOption: Record<string, Option> = {
  fingerprint: {
    value: 'DIGITS',
    help: 'As the other side reads them out; else they are asked for.',
  },
}

/**
 * Compares what was heard with the block.
 *
 * @param about - lines that say what the block claims; what strangers wrote in them is escaped
 * @throws Refusal `fingerprint-differs`
 */
export async function confirmFingerprint(
  input: Input,
  value: object,
  about: readonly string[],
): Promise<void> {
  tell(about.join('\n'))
  const typed = input.text('fingerprint') ?? (await ask())
  if (isFingerprintOf(value, typed)) return
  throw new Refusal('fingerprint-differs', 'the digits are not those of this block')
}

async function ask(): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError('nobody is there to ask: give --fingerprint, or a terminal')
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const typed = await terminal.question('Ring them, and type the 30 digits they read out: ')
  terminal.close()
  return typed
}
