import { rename, rm, writeFile } from 'node:fs/promises'
import { generateSigningKey, sealKeyFile, shown } from '../../client/index.ts'
import { isThere, readIfThere, writeSecret } from '../../disk.ts'
import { fingerprintOf } from '../../protocol/partner/block.ts'
import {
  changeBlock,
  makeChange,
  type PartnerKeyChange,
  readChange,
} from '../../protocol/partner/change.ts'
import { generateClientKey, sealClientKey } from '../../protocol/partner/clientkey.ts'
import { keyFileOptions } from '../ceremony/publichalf.ts'
import { type Command, type Input, type Report, UsageError } from '../command.ts'
import { newPassphrase, openClient, openKey } from '../secret.ts'
import { connectionDetails } from '../settings.ts'
import { filesOf, homeOption, makeHome, neededAdmission, type PartnerFiles } from './files.ts'
import { tryOut } from './trial.ts'

/** `intake partner rotate`. */
export const partnerRotate: Command = {
  operands: '[--finish]',
  summary: 'Change your keys: signed by the old ones, confirmed by reading aloud.',
  details: `Makes new keys beside the old ones, and prints a block that both sign. Send it to the
administrator, and read its fingerprint out to them. The old keys count for some weeks longer. Once the new
signing key is in a published directory, --finish tries the new keys with a test referral, and puts them in the
place of the old ones, which are removed. The key that opens answers stays: answers to earlier
referrals are sealed to it.

${connectionDetails}`,
  options: {
    ...homeOption,
    finish: { help: 'Try the new keys, and drop the old ones.' },
    'no-passphrase': keyFileOptions['no-passphrase'],
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const files = filesOf(input)
    const { clientId } = await neededAdmission(files)
    if (input.given('finish')) return finish(input, files)
    const begun = await readIfThere(files.change)
    const change = begun === undefined ? await begin(input, files, clientId) : readChange(begun)
    const fingerprint = fingerprintOf(change)
    const text = [
      changeBlock(change),
      `The block stands in ${shown(files.change)} too. Send it to the administrator of the service.`,
      'Then ring them, by a number that you knew before, and read out its fingerprint:',
      '',
      `  ${fingerprint}`,
      '',
      'Go on with the old keys until the new signing key is in a published directory. Then:',
      '  intake partner rotate --finish',
    ].join('\n')
    return { text, value: { fingerprint, block: changeBlock(change), file: files.change } }
  },
}

/** The block is written last: without it the next call makes the keys anew. */
async function begin(
  input: Input,
  files: PartnerFiles,
  clientId: string,
): Promise<PartnerKeyChange> {
  const old = { ...(await openKey(files.key)), client: await openClient(files.clientKey) }
  const next = { signing: generateSigningKey(), client: generateClientKey() }
  const passphrase = input.given('no-passphrase') ? undefined : await newPassphrase()
  await rm(files.next, { recursive: true, force: true })
  await makeHome(files.next)
  const { receiving } = old
  const keys = { signing: next.signing, ...(receiving && { receiving }) }
  await writeSecret(files.nextKey, sealKeyFile(keys, passphrase))
  await writeSecret(files.nextClientKey, sealClientKey(next.client, passphrase))
  const change = makeChange(clientId, old, next, new Date())
  await writeFile(files.change, changeBlock(change), { mode: 0o644, flag: 'wx' })
  return change
}

/** Cut short between the two files it leaves one new and one old key, which both count, and goes on. */
async function finish(input: Input, files: PartnerFiles): Promise<Report> {
  if (!(await isThere(files.change))) {
    throw new UsageError('no change of keys was begun: intake partner rotate')
  }
  const standing = async (next: string, file: string) => ((await isThere(next)) ? next : file)
  const report = await tryOut(input, files, {
    key: await standing(files.nextKey, files.key),
    clientKey: await standing(files.nextClientKey, files.clientKey),
    // A test that the old key sealed proves nothing of the new one.
    trial: files.nextTrial,
  })
  if (report.failed) return report
  const pairs = [
    [files.nextKey, files.key],
    [files.nextClientKey, files.clientKey],
  ] as const
  for (const [next, file] of pairs) if (await isThere(next)) await rename(next, file)
  await rm(files.next, { recursive: true })
  return { ...report, text: `${report.text}\nThe new keys are in use, and the old ones removed.` }
}
