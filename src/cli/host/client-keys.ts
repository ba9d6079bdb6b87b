/** `intake admin client-key …`: the keys that clients sign in with. */
import { readJson } from '../json.ts'
import { administrative, idIn, momentIn, onHost } from './usage.ts'

/** `intake admin client-key add`. */
export const clientKeyAdd = administrative({
  flags: '--client ID --public-key FILE [--from TIME] [--until TIME]',
  summary: 'Add a key that a client signs in with.',
  options: {
    client: { value: 'ID', help: 'Whose key it is.' },
    'public-key': { value: 'FILE', help: 'Its public half: a JWK of P-256 or Ed25519.' },
    from: { value: 'TIME', help: 'When it begins; now if left out.' },
    until: { value: 'TIME', help: 'When it ends.' },
  },
  async run(input) {
    const clientId = idIn(input.needed('client'), '--client')
    const file = input.needed('public-key')
    const valid = { ...momentIn(input, 'from', 'from'), ...momentIn(input, 'until', 'until') }
    const jwk = await readJson<unknown>(file)
    return onHost(input, async ({ administration }) => ({
      kid: await administration.addClientKey({ clientId, jwk, ...valid }),
    }))
  },
})

/** `intake admin client-key end`. */
export const clientKeyEnd = administrative({
  operand: 'KID',
  flags: '[--until TIME]',
  summary: 'End a key that a client signs in with.',
  options: { until: { value: 'TIME', help: 'When it ends; now if left out.' } },
  async run(input, kid) {
    const end = momentIn(input, 'until', 'until')
    return onHost(input, async ({ administration }) => {
      await administration.endClientKey(kid, end)
      return { ended: kid }
    })
  },
})
