/** `intake admin partner …`: what a partner's block asks for, once its fingerprint was read aloud. */
import { rm } from 'node:fs/promises'
import { mount } from '../../access/authorization.ts'
import { writeSecret } from '../../disk.ts'
import { fingerprintOf } from '../../protocol/partner/block.ts'
import { readChange } from '../../protocol/partner/change.ts'
import { admissionBlock, admissionOf, readRequest } from '../../protocol/partner/request.ts'
import { newId } from '../../protocol/uuid.ts'
import { shown } from '../../referral/shown.ts'
import { UsageError } from '../command.ts'
import { readBlockFile } from '../joining/blockfile.ts'
import { confirmFingerprint, fingerprintOption } from '../joining/fingerprint.ts'
import { readTrust } from '../settings.ts'
import { addressIn, addressOption, administrative, idIn, onHost } from './usage.ts'

const waits =
  'Send the file to the partner, ring them, and read its fingerprint out. Its signing key counts once ' +
  'it is in a published directory: intake directory draft, sign, publish.'

/** `intake admin partner add`. */
export const partnerAdd = administrative({
  operand: 'FILE',
  flags: '--trust FILE --out FILE [--url URL] [--organisation ID] [--fingerprint DIGITS]',
  summary: 'Record a partner as its block asks, and write the block that answers it.',
  details: `FILE holds what the partner sent: the block, or a whole e-mail with it. The partner reads its
fingerprint out to you, by telephone, and you type what you hear. Then its organisation, its client, its
client key and its signing key are recorded, all or none.`,
  options: {
    ...addressOption,
    trust: { value: 'FILE', help: 'What they are to believe: trust.json, from the ceremony.' },
    out: { value: 'FILE', help: 'Where the answer goes; never overwritten.' },
    organisation: { value: 'ID', help: 'Of one that is there, and gets one more client.' },
    ...fingerprintOption,
  },
  async run(input, file) {
    const url = addressIn(input)
    const out = input.needed('out')
    const trustFile = input.needed('trust')
    const known = input.text('organisation')
    const organisationId = known === undefined ? newId() : idIn(known, '--organisation')
    const request = readRequest(await readBlockFile(file))
    const clientId = newId()
    const issuer = url + mount
    const trust = await readTrust(trustFile)
    const given = { url, issuer, tokenEndpoint: `${issuer}/token`, clientId, trust }
    const admission = admissionOf(request, given)
    await confirmFingerprint(input, request, [
      `${shown(request.label)} asks to be let in, by a block of ${request.madeAt}.`,
    ])
    return onHost(input, async ({ partners, origin }) => {
      if (admission.trust.origin !== origin) {
        throw new UsageError(
          `${trustFile} is of ${admission.trust.origin}, and ORIGIN is ${origin}`,
        )
      }
      // Written first: a partner that is recorded has its answer, whatever breaks.
      await writeSecret(out, admissionBlock(admission))
      const isNew = known === undefined
      await partners.add({ organisationId, isNew, clientId, request }).catch(async (error) => {
        await rm(out)
        throw error
      })
      const fingerprint = fingerprintOf(admission)
      return { organisationId, clientId, label: request.label, out, fingerprint, next: waits }
    })
  },
})

/** How long both keys of a partner count, if nothing else is said: a directory is signed by hand. */
const overlapDaysDefault = 30

/** `intake admin partner rotate`. */
export const partnerRotate = administrative({
  operand: 'FILE',
  flags: '[--overlap-days N] [--fingerprint DIGITS]',
  summary: 'Record the new keys of a partner, as its block asks, which the old keys signed.',
  details: `The partner reads the fingerprint of its block out to you, and you type what you hear. The old keys
end by themselves when the overlap is over; referrals that they signed until then stay good.`,
  options: {
    'overlap-days': {
      value: 'N',
      help: `How long the old keys count, 1 to 90; else ${overlapDaysDefault}.`,
    },
    ...fingerprintOption,
  },
  async run(input, file) {
    const days = input.whole('overlap-days', 1, 90) ?? overlapDaysDefault
    const change = readChange(await readBlockFile(file))
    const { clientId } = change
    await confirmFingerprint(input, change, [
      `The client ${clientId} would change its keys, by a block of ${change.madeAt}.`,
    ])
    return onHost(input, async ({ partners }) => {
      const oldKeysEnd = await partners.rotate(change, days)
      return { clientId, oldKeysEnd, next: waitsForDirectory }
    })
  },
})

const waitsForDirectory =
  'The new signing key counts once it is in a published directory: intake directory draft, sign, publish.'
