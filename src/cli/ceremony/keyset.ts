/**
 * `intake keyset sign`: the one moment at which a person who holds a root key sees what clients will
 * believe. It runs away from the host, and believes nothing that came from there: the version before
 * counts only if this root signed it, or another that the operator's own trust file pins.
 */
import { readFile } from 'node:fs/promises'
import { Refusal } from '../../client/index.ts'
import { decodeBase64url, encodeBase64url } from '../../protocol/bytes.ts'
import type { KeyPair } from '../../protocol/keys.ts'
import { kidOf } from '../../protocol/kid.ts'
import { type Accepted, readDocument } from '../../protocol/trust/chain.ts'
import { Keyset, signKeyset } from '../../protocol/trust/keyset.ts'
import { keysetFaults } from '../../protocol/trust/rules.ts'
import { schemaProblems } from '../../referral/problems.ts'
import { type Command, type Input, UsageError } from '../command.ts'
import { openKey } from '../secret.ts'
import { readTrust } from '../settings.ts'
import { keysetChanges } from './changes.ts'
import { confirm, readDocumentDraft, refuse, signedReport, signingOptions } from './signing.ts'

/** `intake keyset sign`. */
export const keysetSign: Command = {
  operands: 'DRAFT --key ROOT.key',
  summary: 'Sign a keyset with a root key, offline, after showing what it changes.',
  details: `DRAFT is what \`intake keyset draft\` wrote on the host. The version before must be signed by
this root key, or by one in the trust file.`,
  options: {
    ...signingOptions,
    trust: { value: 'FILE', help: 'Your own copy of the pinned roots.' },
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const [file = ''] = input.operands
    const draft = await readDocumentDraft<Keyset>(file, (value) => schemaProblems(Keyset, value))
    const { signing } = await openKey(input.needed('key'))
    const previous = await previousOf(draft, signing, input)
    refuse([...keysetFaults(draft, previous), ...rootFaults(draft, previous?.payload, signing)])
    const changes = keysetChanges(draft, previous?.payload)
    const follows = previous ? `follows version ${previous.payload.version}` : 'is the first'
    const title = `Keyset ${draft.version} for ${draft.origin} ${follows}.`
    await confirm(input, title, changes)
    return signedReport(input, signKeyset(draft, signing), { version: draft.version, changes })
  },
}

async function previousOf(
  draft: Keyset,
  { publicKey }: KeyPair,
  input: Input,
): Promise<Accepted<Keyset> | undefined> {
  const file = input.text('previous')
  if (file === undefined) {
    if (draft.version === 1) return undefined
    throw new UsageError('--previous is missing: the signed keyset that this one follows')
  }
  const trustFile = input.text('trust')
  const trust = trustFile ? await readTrust(trustFile) : undefined
  const pinned = (trust?.rootKeys ?? []).map((root) => decodeBase64url(root, 32))
  const roots = [publicKey, ...pinned].map((root) => {
    return { kid: kidOf('Ed25519', root), publicKey: root }
  })
  const jws = (await readFile(file, 'utf8')).trim()
  try {
    return readDocument(jws, 'keyset+jws', roots, Keyset)
  } catch (cause) {
    const detail = 'the previous keyset is signed neither by this root key nor by one in --trust'
    throw new Refusal('trust-invalid', detail, { cause })
  }
}

/** A keyset signed by a root that nobody pins would shut out every client. */
function rootFaults(draft: Keyset, previous: Keyset | undefined, { publicKey }: KeyPair): string[] {
  const pinned = (previous ?? draft).roots
  if (pinned.includes(encodeBase64url(publicKey))) return []
  return [
    `This key is no root of version ${(previous ?? draft).version}: no client would accept it.`,
  ]
}
