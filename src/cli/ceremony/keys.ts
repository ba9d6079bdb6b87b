import {
  generateRecipientKey,
  generateSigningKey,
  type KeyFile,
  sealKeyFile,
} from '../../client/index.ts'
import { clientJwkOf, generateClientKey, sealClientKey } from '../../protocol/partner/clientkey.ts'
import { type Command, UsageError } from '../command.ts'
import { newPassphrase } from '../secret.ts'
import { keyFileOptions, type PublicHalf, writeKeyFiles } from './publichalf.ts'

/** `intake keys sign-in`. */
export const keysSignIn: Command = {
  operands: '--out FILE',
  summary: 'Make the key by which a client signs in, and beside it its public half.',
  details: `The public half is a JWK in a file of the same name that ends in .pub. The administrator registers it,
and compares its kid with what you read out. The key proves who asks for a token, and opens nothing. Where
intake partner init was called, there is one already.`,
  options: keyFileOptions,
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const file = input.needed('out')
    const passphrase = input.given('no-passphrase') ? undefined : await newPassphrase()
    const key = generateClientKey()
    const half = { ...clientJwkOf(key), kid: key.kid }
    return writeKeyFiles(file, sealClientKey(key, passphrase), half)
  },
}

/** `intake keys generate`. */
export const keysGenerate: Command = {
  operands: '--out FILE',
  summary: 'Make a new key file, and beside it its public half, for the administrator.',
  details: `The public half is written into a file of the same name that ends in .pub, and printed: it
is no secret, and the one of the two that is handed over. A signing key signs a keyset (as a root), the directory or the access log. A
recipient's file holds a key to open with and one to sign with. So does a referrer's, who opens with it what recipients answer; the
public half is of the one that signs, because the other goes with each referral. The file is sealed under a
passphrase: INTAKE_PASSPHRASE, or it is asked for twice. There is no second copy: without the file
and its passphrase, what is sealed to it stays shut.`,
  options: {
    ...keyFileOptions,
    kind: { value: 'KIND', help: 'signing (the default), referrer or recipient.' },
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const file = input.needed('out')
    const kind = input.text('kind') ?? 'signing'
    if (kind !== 'signing' && kind !== 'referrer' && kind !== 'recipient') {
      throw new UsageError('--kind is signing, referrer or recipient')
    }
    const passphrase = input.given('no-passphrase') ? undefined : await newPassphrase()
    const keys: KeyFile =
      kind === 'signing'
        ? { signing: generateSigningKey() }
        : { signing: generateSigningKey(), receiving: generateRecipientKey() }
    const text = sealKeyFile(keys, passphrase)
    return writeKeyFiles(file, text, publicHalf(JSON.parse(text), kind))
  },
}

type Shown = { signing: Half; receiving?: Half }
type Half = { kid: string; publicKey: string }

/** As the keyset and `intake admin` want it: a recipient by its X-Wing key, all others by the one they sign with. */
function publicHalf(
  { signing, receiving }: Shown,
  kind: 'signing' | 'referrer' | 'recipient',
): PublicHalf {
  return receiving && kind === 'recipient'
    ? { ...receiving, alg: 'X-Wing', signingKey: signing.publicKey }
    : { ...signing, alg: 'Ed25519' }
}
