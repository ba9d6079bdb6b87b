/**
 * What a key ceremony starts from and ends with: the file of changes that the next keyset is drafted
 * from, and the trust that each client is given by hand. Both are made of public halves, away from
 * the host as well as on it.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { Refusal, shown, type Trust } from '../../client/index.ts'
import { decodeBase64url } from '../../protocol/bytes.ts'
import { kidOf } from '../../protocol/kid.ts'
import { originOfLog } from '../../protocol/logorigin.ts'
import { readDocument } from '../../protocol/trust/chain.ts'
import { readPayload } from '../../protocol/trust/jws.ts'
import { Keyset, type Recipient } from '../../protocol/trust/keyset.ts'
import { keysetFaults } from '../../protocol/trust/rules.ts'
import { Origin } from '../../referral/format.ts'
import { schemaProblems } from '../../referral/problems.ts'
import { type Command, type Input, type Report, UsageError } from '../command.ts'
import { compartmentsOf, labelOf, type Named, namedIn, replaced } from './listing.ts'
import { readRecipientHalf, readSigningHalf } from './publichalf.ts'
import { refuse } from './signing.ts'

type Changes = Partial<Pick<Keyset, 'roots' | 'directory' | 'recipients' | 'log'>>

/** `intake keyset changes`. */
export const keysetChangesCommand: Command = {
  operands: '[--root FILE]... [--directory FILE] [--recipient FILE ...]... [--log FILE]',
  summary: 'Write the changes of the next keyset, for `intake keyset draft --changes`.',
  details: `FILE is the public half of a key, as \`intake keys generate\` leaves it. Behind a --recipient
stand its --label and --compartments, and --optional where an envelope need not be sealed to it. A
--recovery holds all compartments and needs no label.

The first keyset names two --root, --directory, --recipient, --recovery and --log. Later ones are
made --beside the newest signed keyset: what is named is added to its list, or takes the place of
what has the same id, and --without takes out.`,
  options: {
    root: { value: 'FILE', many: true, help: 'A key that signs keysets.' },
    directory: { value: 'FILE', help: 'The key that signs the directory.' },
    log: { value: 'FILE', help: "The access log's key." },
    recipient: { value: 'FILE', many: true, help: 'Who opens referrals.' },
    recovery: { value: 'FILE', many: true, help: 'Who passes keys on when one is lost.' },
    label: { value: 'TEXT', many: true, help: 'What people call the recipient before it.' },
    compartments: { value: 'LIST', many: true, help: 'What it opens: all, or names with commas.' },
    optional: { many: true, help: 'Not every envelope must be sealed to it.' },
    beside: { value: 'FILE', help: 'The newest signed keyset.' },
    without: { value: 'KID', many: true, help: 'The id of a root or recipient to take out.' },
    origin: {
      value: 'NAME',
      help: "The deployment's name (ORIGIN), with --log in the first keyset.",
    },
    out: { value: 'FILE', help: 'Where to, else standard output; never overwritten.' },
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const beside = input.text('beside')
    // Not verified: who signs is shown what it changes, and verifies the one before.
    const newest = beside ? readPayload<Keyset>(await readText(beside)) : undefined
    const changes = await changesOf(input, newest)
    if (Object.keys(changes).length === 0) throw new UsageError('nothing is named to change')
    const text = `${JSON.stringify(changes, null, 2)}\n`
    const file = input.text('out')
    if (file === undefined) return { value: changes, text }
    await writeFile(file, text, { flag: 'wx' })
    const members = Object.keys(changes).join(', ')
    return { value: { file, ...changes }, text: `Wrote ${shown(file)}: ${members}` }
  },
}

async function changesOf(input: Input, newest: Keyset | undefined): Promise<Changes> {
  const without = input.texts('without')
  const roots = await Promise.all(input.texts('root').map(readSigningHalf))
  const named = namedIn(input, ['recipient', 'recovery'], saidOfRecipients)
  const recipients = await Promise.all(named.map(recipientOf))
  const [directory, log] = [input.text('directory'), input.text('log')]
  const listed = newest ?? { roots: [], recipients: [] }
  const nextRoots = replaced(
    listed.roots.map((publicKey) => ({ publicKey, kid: kidOfRoot(publicKey) })),
    roots.map(({ publicKey, kid }) => ({ publicKey, kid })),
    without,
  )
  const nextRecipients = replaced(listed.recipients, recipients, without)
  const unknown = without.find((kid) => {
    const known = [...listed.roots.map(kidOfRoot), ...listed.recipients.map((it) => it.kid)]
    return !known.includes(kid)
  })
  if (unknown !== undefined) {
    throw new UsageError('--without takes the id of a root or a recipient of the keyset --beside')
  }
  return {
    ...(nextRoots && { roots: nextRoots.map(({ publicKey }) => publicKey) }),
    ...(directory && { directory: directoryOf(await readSigningHalf(directory)) }),
    ...(nextRecipients && { recipients: nextRecipients }),
    ...(log && { log: logOf((await readSigningHalf(log)).publicKey, input, newest) }),
  }
}

const saidOfRecipients = ['label', 'compartments', 'optional'] as const

async function recipientOf(named: Named<(typeof saidOfRecipients)[number]>): Promise<Recipient> {
  const recovery = named.by === 'recovery'
  const label = labelOf(named, recovery ? 'Recovery' : undefined)
  const compartments = compartmentsOf(named, recovery ? 'all' : undefined)
  const { kid, alg, publicKey, signingKey } = await readRecipientHalf(named.file)
  const required = named.optional === undefined
  return { kid, label, alg, publicKey, signingKey, compartments, required, recovery }
}

function directoryOf({ kid, publicKey }: Keyset['directory']): Keyset['directory'] {
  return { kid, publicKey }
}

function logOf(publicKey: string, input: Input, newest: Keyset | undefined): Keyset['log'] {
  if (newest) return { ...newest.log, publicKeys: [publicKey] }
  const origin = input.needed('origin')
  if (schemaProblems(Origin, origin).length > 0) {
    throw new UsageError('--origin is a host name without a scheme, such as intake.example.org')
  }
  return {
    origin: originOfLog(origin, 1),
    publicKeys: [publicKey],
    witnesses: [],
    quorum: 0,
  }
}

/** `intake keyset trust`. */
export const keysetTrust: Command = {
  operands: 'KEYSET --root FILE... --out FILE',
  summary: 'Write trust.json, which each client is given by hand.',
  details: `KEYSET is the signed keyset that clients are to start from, FILE the public half of each of its
roots. Nothing is written unless one of these roots signed it and it names these and no others. No
client that starts from this file ever accepts an older keyset.`,
  options: {
    root: { value: 'FILE', many: true, help: 'The public half of a root; give all of them.' },
    out: { value: 'FILE', help: 'Where to; never overwritten.' },
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input): Promise<Report> {
    const [file = ''] = input.operands
    const out = input.needed('out')
    const roots = await Promise.all(input.texts('root').map(readSigningHalf))
    if (roots.length === 0) throw new UsageError('--root is missing: the public half of each root')
    const { origin, version, ...keyset } = readSigned(await readText(file), roots)
    const given = roots.map(({ publicKey }) => publicKey)
    refuse([
      ...roots
        .filter(({ publicKey }) => !keyset.roots.includes(publicKey))
        .map(({ kid }) => `The root ${kid} is given, and the keyset does not name it.`),
      ...keyset.roots
        .filter((root) => !given.includes(root))
        .map((root) => `The keyset names the root ${kidOfRoot(root)}, which is not given.`),
      ...keysetFaults({ origin, version, ...keyset }),
    ])
    const trust: Trust = { origin, rootKeys: keyset.roots, minimumVersion: version }
    // Whoever could write to it could have every client that reads it believe a key of his own.
    await writeFile(out, `${JSON.stringify(trust, null, 2)}\n`, { mode: 0o644, flag: 'wx' })
    const kids = keyset.roots.map(kidOfRoot)
    const text = [
      `Wrote ${shown(out)}: ${origin}, from keyset ${version} on, by the roots`,
      ...kids.map((kid) => `  ${kid}`),
      'Hand it to each client by a way that is not this service.',
    ].join('\n')
    return { text, value: { file: out, origin, version, roots: kids } }
  },
}

function readSigned(jws: string, roots: readonly { kid: string; publicKey: string }[]): Keyset {
  const trusted = roots.map(({ publicKey }) => {
    return { kid: kidOfRoot(publicKey), publicKey: decodeBase64url(publicKey, 32) }
  })
  try {
    return readDocument(jws, 'keyset+jws', trusted, Keyset).payload
  } catch (cause) {
    const detail = 'it is not a keyset that one of the roots given signed'
    throw new Refusal('trust-invalid', detail, { cause })
  }
}

function kidOfRoot(publicKey: string): string {
  return kidOf('Ed25519', decodeBase64url(publicKey, 32))
}

async function readText(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim()
}
