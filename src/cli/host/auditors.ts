/** `intake admin auditor …`: who may read the access log, and opens nothing. */
import { readJson } from '../json.ts'
import { addressIn, addressOption, administrative, onHost } from './usage.ts'

/** `intake admin auditor add`. */
export const auditorAdd = administrative({
  flags: '--label NAME --public-key FILE [--url URL]',
  summary: 'Let an auditor in, by the public half of its sign-in key.',
  details: `FILE is what \`intake keys sign-in\` left beside the auditor's key. An organisation and a client of that
name and the key are recorded, all or none. It may read the access log, and no more. Have the auditor read
out the kid that it was shown, by a number that you knew before: it is the one that stands here.`,
  options: {
    label: { value: 'NAME', help: 'What it is called in the log.' },
    'public-key': { value: 'FILE', help: 'Its public half: a JWK of P-256 or Ed25519.' },
    ...addressOption,
  },
  async run(input) {
    const label = input.needed('label')
    const file = input.needed('public-key')
    const url = addressIn(input)
    const jwk = await readJson<unknown>(file)
    return onHost(input, async ({ administration }) => {
      const ids = await administration.addAuditor(label, jwk)
      const settings = `export INTAKE_URL=${url}\nexport INTAKE_CLIENT=${ids.clientId}`
      return { ...ids, settings, next }
    })
  },
})

const next =
  'Compare the kid by telephone. Give the auditor trust.json and the settings; ' +
  'INTAKE_CLIENT_KEY is the file of its key, and INTAKE_TRUST is trust.json.'
