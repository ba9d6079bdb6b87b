/** `intake directory sign`: away from the host, with the key that the keyset names. */
import { readFile } from 'node:fs/promises'
import type { KeyPair } from '../../protocol/keys.ts'
import { type Accepted, readDocument } from '../../protocol/trust/chain.ts'
import { Directory, signDirectory } from '../../protocol/trust/directory.ts'
import { directoryFaults } from '../../protocol/trust/rules.ts'
import { schemaProblems } from '../../referral/problems.ts'
import { type Command, type Input, UsageError } from '../command.ts'
import { openKey } from '../secret.ts'
import { directoryChanges } from './changes.ts'
import { confirm, readDocumentDraft, refuse, signedReport, signingOptions } from './signing.ts'

/** `intake directory sign`. */
export const directorySign: Command = {
  operands: 'DRAFT --key DIRECTORY.key',
  summary: 'Sign a directory with the directory key, after showing what it changes.',
  details: 'DRAFT is what `intake directory draft` wrote on the host.',
  options: signingOptions,
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const [file = ''] = input.operands
    const draft = await readDocumentDraft<Directory>(file, (value) =>
      schemaProblems(Directory, value),
    )
    const { signing } = await openKey(input.needed('key'))
    const previous = await previousOf(draft, signing, input)
    refuse(directoryFaults(draft, previous))
    const changes = directoryChanges(draft, previous?.payload)
    const follows = previous ? `follows version ${previous.payload.version}` : 'is shown whole'
    await confirm(input, `Directory ${draft.version} for ${draft.origin} ${follows}.`, changes)
    return signedReport(input, signDirectory(draft, signing), { version: draft.version, changes })
  },
}

/** Without the version before, all that the draft says is shown: that hides nothing. */
async function previousOf(
  draft: Directory,
  key: KeyPair,
  input: Input,
): Promise<Accepted<Directory> | undefined> {
  const file = input.text('previous')
  if (file === undefined) return undefined
  if (draft.version === 1) throw new UsageError('version 1 has no previous version')
  return readDocument((await readFile(file, 'utf8')).trim(), 'directory+jws', [key], Directory)
}
