/** The matching key, away from the service: making one, and putting it into the next keyset. */
import { readFile, writeFile } from 'node:fs/promises'
import { jsonText, shown } from '../../client/index.ts'
import { matchKeyTypes } from '../../protocol/matching/keytypes.ts'
import {
  matchingEpochOf,
  readMatchingKey,
  sealMatchingKey,
} from '../../protocol/matching/matchingkey.ts'
import { generateMatchingKey } from '../../protocol/matching/voprf.ts'
import { readPayload } from '../../protocol/trust/jws.ts'
import type { Keyset, MatchingEpoch } from '../../protocol/trust/keyset.ts'
import { type Command, type Input, type Report, UsageError } from '../command.ts'
import { newPassphrase } from '../secret.ts'
import { keyFileOptions, readMatchingHalf, writeKeyFiles } from './publichalf.ts'

/** `intake matching-key generate`. */
export const matchingKeyGenerate: Command = {
  operands: '--out FILE',
  summary: 'Make a matching key, and beside it its public half, for the keyset.',
  details: `Run it on the machine that is to hold the key. Whoever has the file and its passphrase can
confirm names in a stolen database. The public half is written into a file of the same name that ends
in .pub, and printed: it is the one of the two that is handed over. The key file is sealed under a
passphrase: INTAKE_PASSPHRASE, or it is asked for twice. There is no second copy: without it, match
values are made again in a new epoch.`,
  options: keyFileOptions,
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const file = input.needed('out')
    const passphrase = input.given('no-passphrase') ? undefined : await newPassphrase()
    const text = sealMatchingKey(generateMatchingKey(), passphrase)
    const { publicKey } = readMatchingKey(text)
    const half = { publicKey, suite: 'ristretto255-SHA512' } as const
    return writeKeyFiles(file, text, half)
  },
}

/** 40 ms for each of a person's match keys on a laptop, and as much for each name that is guessed. */
const stretching = { passes: 2, memoryKiB: 19_456 }

/** `intake matching-key entry`. */
export const matchingKeyEntry: Command = {
  operands: '[--public-key FILE]... [--beside KEYSET.jws]',
  summary: 'Print the `matching` of the next keyset, for `intake keyset draft --changes`.',
  details: `FILE is the public half of a matching key, as \`generate\` leaves it. With two of them the
epoch has two holders, and neither can evaluate alone. Beside the newest keyset, its newest epoch
stays listed while clients and the queue move to the new one, which gets the next number. Without a
public key it is the only one that stays: the end of a change.`,
  options: {
    'public-key': { value: 'FILE', many: true, help: 'A public half; once or twice.' },
    beside: { value: 'FILE', help: 'The newest signed keyset.' },
    epoch: { value: 'N', help: 'Its number, if not the next.' },
    type: { value: 'TYPE', many: true, help: 'The types of match keys to use; all if left out.' },
    passes: { value: 'N', help: `Argon2id passes; ${stretching.passes} if left out.` },
    'memory-kib': { value: 'N', help: `Argon2id memory; ${stretching.memoryKiB} if left out.` },
    out: { value: 'FILE', help: 'Where to, else standard output; never overwritten.' },
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const beside = input.text('beside')
    const listed = beside ? (await readKeyset(beside)).matching : []
    const newest = listed.toSorted((a, b) => b.epoch - a.epoch).slice(0, 1)
    const made = await newEpoch(input, newest[0])
    const matching = [...newest, ...made]
    if (matching.length === 0) throw new UsageError('give a --public-key, or a keyset --beside')
    const file = input.text('out')
    if (file === undefined) return report({ matching })
    await writeFile(file, `${JSON.stringify({ matching }, null, 2)}\n`, { flag: 'wx' })
    return {
      value: { file, matching },
      text: `Wrote ${shown(file)}: epochs ${matching.map(epochOf).join(', ')}`,
    }
  },
}

async function newEpoch(input: Input, newest: MatchingEpoch | undefined): Promise<MatchingEpoch[]> {
  const halves = await Promise.all(input.texts('public-key').map(readMatchingHalf))
  const holders = halves.map(({ publicKey }) => publicKey)
  if (holders.length === 0) return []
  const next = (newest?.epoch ?? 0) + 1
  const epoch = input.whole('epoch', next, 1_000_000) ?? next
  const types = input.texts('type')
  const unknown = types.find((type) => !matchKeyTypes.includes(type))
  if (unknown !== undefined) throw new UsageError(`--type is one of ${matchKeyTypes.join(', ')}`)
  const argon2id = {
    passes: input.whole('passes', 1, 16) ?? stretching.passes,
    memoryKiB: input.whole('memory-kib', 8, 1_048_576) ?? stretching.memoryKiB,
  }
  const used = types.length > 0 ? types : matchKeyTypes
  return [matchingEpochOf(epoch, holders, { types: [...used], argon2id })]
}

/** Not verified: who signs the next keyset is shown what it changes, and verifies the one before. */
async function readKeyset(file: string): Promise<Keyset> {
  return readPayload<Keyset>((await readFile(file, 'utf8')).trim())
}

function epochOf({ epoch }: MatchingEpoch): number {
  return epoch
}

function report(value: unknown): Report {
  return { value, text: jsonText(value, 2), isData: true }
}
