import { shown } from '../../client/index.ts'
import { keepFirst } from '../../disk.ts'
import {
  admissionBlock,
  type PartnerAdmission,
  readAdmission,
} from '../../protocol/partner/request.ts'
import { type Command, type Report, UsageError } from '../command.ts'
import { readBlockFile } from './blockfile.ts'
import { filesOf, homeOption, ownRequest, type PartnerFiles } from './files.ts'
import { confirmFingerprint, fingerprintOption } from './fingerprint.ts'

/** `intake partner join`. */
export const partnerJoin: Command = {
  operands: 'FILE',
  summary: "Take the administrator's block, and write your settings from it.",
  details: `FILE holds the block, or a whole e-mail with it; - is standard input. The administrator reads
its fingerprint out to you, and you type what you hear: the block says whom you believe from now on.
It is refused if it answers another request than the one that was made in your folder.

It writes trust.json and partner.env. Load these settings with \`. partner.env\`.`,
  options: { ...homeOption, ...fingerprintOption },
  operandsMin: 1,
  operandsMax: 1,
  async run(input): Promise<Report> {
    const files = filesOf(input)
    const request = await ownRequest(files)
    const admission = readAdmission(await readBlockFile(input.operands[0] ?? ''), request)
    await confirmFingerprint(input, admission, [
      `The block is for ${shown(admission.label)}, of the service ${shown(admission.url)},`,
      `named ${shown(admission.trust.origin)}, with ${admission.trust.rootKeys.length} root keys.`,
    ])
    await writeSettings(files, admission)
    const text = [
      `Wrote ${shown(files.trust)} and ${shown(files.settings)}. Load the settings, and try them:`,
      `  . ${quotedWord(files.settings)}`,
      '  intake partner test',
      'The test is accepted once your signing key is in a directory that the service has published:',
      'the administrator drafts it, who holds the directory key signs it.',
    ].join('\n')
    const { url, clientId } = admission
    return { text, value: { url, clientId, settings: files.settings, trust: files.trust } }
  },
}

/** Each may be written again by a call after one that was cut short; the admission says that all are. */
async function writeSettings(files: PartnerFiles, admission: PartnerAdmission): Promise<void> {
  await keepSame(files.trust, `${JSON.stringify(admission.trust, null, 2)}\n`)
  const settings = {
    INTAKE_URL: admission.url,
    INTAKE_HOME: files.home,
    INTAKE_TRUST: files.trust,
    INTAKE_KEY: files.key,
    INTAKE_CLIENT: admission.clientId,
    INTAKE_CLIENT_KEY: files.clientKey,
    INTAKE_ISSUER: admission.issuer,
    INTAKE_TOKEN_ENDPOINT: admission.tokenEndpoint,
  }
  const lines = Object.entries(settings).map(
    ([name, value]) => `export ${name}=${quotedWord(value)}\n`,
  )
  await keepSame(files.settings, lines.join(''))
  await keepSame(files.admission, admissionBlock(admission))
}

async function keepSame(file: string, text: string): Promise<void> {
  if ((await keepFirst(file, text)) === text) return
  throw new UsageError(`${file} is there already and says something else: name another --home`)
}

/** One word of a shell, whatever is in it. */
function quotedWord(value: string): string {
  return /^[\w./:@%+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`
}
