import { shown } from '../../client/index.ts'
import { isThere } from '../../disk.ts'
import { fingerprintOf } from '../../protocol/partner/block.ts'
import type { Command, Report } from '../command.ts'
import { readJson } from '../json.ts'
import { filesOf, homeOption, ownAdmission, ownRequest } from './files.ts'

type Kid = { readonly kid: string }

/** `intake partner show`. */
export const partnerShow: Command = {
  operands: '',
  summary: 'Show where you stand: your keys by their ids, fingerprints, what is waited for.',
  options: homeOption,
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const files = filesOf(input)
    const request = await ownRequest(files)
    const admission = await ownAdmission(files)
    // The public halves, which stand in the open.
    const { signing, receiving } = await readJson<Record<'signing' | 'receiving', Kid>>(files.key)
    const { client } = await readJson<{ client: Kid }>(files.clientKey)
    const about = {
      label: request.label,
      request: fingerprintOf(request),
      ...{ signing: signing.kid, reply: receiving.kid, client: client.kid },
      ...(admission && {
        url: admission.url,
        clientId: admission.clientId,
        admission: fingerprintOf(admission),
      }),
    }
    const next = nextStep(admission !== undefined, await isThere(files.change))
    const lines = Object.entries(about).map(([name, value]) => `${name.padEnd(10)} ${shown(value)}`)
    return { text: [...lines, next].join('\n'), value: { ...about, next } }
  },
}

function nextStep(joined: boolean, changing: boolean): string {
  if (!joined) {
    return (
      'Send request.txt to the administrator, and read the fingerprint of the request out to them. ' +
      'When their block is here: intake partner join FILE'
    )
  }
  return changing
    ? 'A change of keys is under way: send next/change.txt, then intake partner rotate --finish'
    : 'Try it: intake partner test'
}
