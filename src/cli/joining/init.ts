import { writeFile } from 'node:fs/promises'
import { generateRecipientKey, generateSigningKey, sealKeyFile, shown } from '../../client/index.ts'
import { isThere, writeSecret } from '../../disk.ts'
import { fingerprintOf } from '../../protocol/partner/block.ts'
import { generateClientKey, sealClientKey } from '../../protocol/partner/clientkey.ts'
import { makeRequest, type PartnerRequest, requestBlock } from '../../protocol/partner/request.ts'
import { keyFileOptions } from '../ceremony/publichalf.ts'
import { type Command, type Report, UsageError } from '../command.ts'
import { newPassphrase } from '../secret.ts'
import { filesOf, homeOption, makeHome } from './files.ts'

/** `intake partner init`. */
export const partnerInit: Command = {
  operands: '--label TEXT',
  summary: 'Make your keys, and the block of text that asks to be let in.',
  details: `In your folder it makes partner.key, which signs your referrals and opens the answers,
and client.key, with which your server signs in. They never leave you. The block that is printed
holds their public halves: send it to the service's administrator, by e-mail for instance. Then ring
them, by a number that you knew before, and read out its fingerprint.

Both files are sealed under one passphrase: INTAKE_PASSPHRASE, or it is asked for twice.`,
  options: {
    ...homeOption,
    label: { value: 'TEXT', help: "Your organisation's name, as others are to see it." },
    'no-passphrase': keyFileOptions['no-passphrase'],
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const label = input.needed('label').normalize('NFC')
    const files = filesOf(input)
    const made = [files.request, files.key, files.clientKey]
    for (const file of made) {
      if (await isThere(file)) {
        throw new UsageError(
          `${file} is there already: see intake partner show, or name another --home`,
        )
      }
    }
    const keys = {
      signing: generateSigningKey(),
      reply: generateRecipientKey(),
      client: generateClientKey(),
    }
    const request = makeRequest(label, keys, new Date())
    const passphrase = input.given('no-passphrase') ? undefined : await newPassphrase()
    await makeHome(files.home)
    const { signing, reply: receiving, client } = keys
    await writeSecret(files.key, sealKeyFile({ signing, receiving }, passphrase))
    await writeSecret(files.clientKey, sealClientKey(client, passphrase))
    await writeFile(files.request, requestBlock(request), { mode: 0o644, flag: 'wx' })
    return requestReport(request, files.request)
  },
}

/** The block, and what to do with it. */
export function requestReport(request: PartnerRequest, file: string): Report {
  const fingerprint = fingerprintOf(request)
  const text = [
    requestBlock(request),
    `The block stands in ${shown(file)} too. Send it to the administrator of the service.`,
    'Then ring them, by a number that you knew before, and read out its fingerprint:',
    '',
    `  ${fingerprint}`,
    '',
    'They send a block back. When it is here: intake partner join FILE',
  ].join('\n')
  return { text, value: { label: request.label, fingerprint, block: requestBlock(request), file } }
}
