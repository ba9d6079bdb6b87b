/**
 * Writes the worked example of PROTOCOL.md from the published vectors, so that no figure in it is
 * typed by hand: `node scripts/worked-example.ts`. A test holds the document to it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { concat, encodeBase64url, label, utf8 } from '../src/protocol/bytes.ts'
import { canonicalBytes } from '../src/protocol/canonical.ts'
import {
  commitmentTo,
  plainBytes,
  sealCompartment,
  sealedHash,
} from '../src/protocol/envelope/compartment.ts'
import {
  bodyOf,
  type Envelope,
  envelopeHash,
  hashesOf,
  headerHash,
  signedBytes,
  wrapHash,
} from '../src/protocol/envelope/envelope.ts'
import { openWrap } from '../src/protocol/envelope/wrap.ts'
import { recipientKeyFrom, signingKeyFrom } from '../src/protocol/keys.ts'
import { sign } from '../src/protocol/signature.ts'
import { hash, sodium } from '../src/protocol/sodium.ts'
import type vectorsFile from '../test/vectors/sealed-referral-1.json'
import { replaceBlock } from './block.ts'

const document = new URL('../docs/PROTOCOL.md', import.meta.url)
const vectorsUrl = new URL('../test/vectors/sealed-referral-1.json', import.meta.url)

const columns = 64

/** PROTOCOL.md with the example as it should stand. */
export function withExample(text: string): string {
  return replaceBlock(text, 'worked example', `\`\`\`text\n${example().join('\n')}\n\`\`\``)
}

function example(): string[] {
  const vectors: typeof vectorsFile = JSON.parse(readFileSync(vectorsUrl, 'utf8'))
  const { sealing, keys } = vectors
  const envelope = sealing.envelope as Envelope
  const plain = plainBytes('referrer', sealing.referral.referrer)
  const padded = sodium.pad(plain, 1024)
  const key = unhex(sealing.random.keys.referrer)
  const header = canonicalBytes(sealing.header)
  const bound = headerHash(header)
  const nonce = unhex(sealing.random.nonces.referrer)
  const sealed = sealCompartment('referrer', plain, key, nonce, bound)
  const casework = recipientKeyFrom(unhex(keys.casework.seed))
  const [wrap] = envelope.wraps
  const opened = wrap && openWrap(wrap, casework, bound)
  const hashes = hashesOf(envelope)
  const whole = envelopeHash(bound, hashes)
  const signature = sign(signingKeyFrom(unhex(keys.partner.seed)).secretKey, signedBytes(whole))
  requireSame(encodeBase64url(sealed), envelope.compartments.referrer)
  requireSame(encodeBase64url(signature), envelope.signature.value)
  requireSame(String(opened?.named.get('referrer')), encodeBase64url(key))
  return [
    ...line('plaintext', new TextDecoder().decode(plain), `${plain.length} bytes of JCS`),
    ...line('padded', hex(padded.subarray(0, 24)), `… ${padded.length} bytes: 0x80, then zeros`),
    ...line('key', hex(key), '32 random bytes, used once'),
    ...line('commitment', encodeBase64url(commitmentTo('referrer', key)), 'in the header'),
    '',
    ...line('header', new TextDecoder().decode(header).slice(0, 60), `… ${header.length} bytes`),
    ...line('headerHash', hex(bound), 'H(label("header") ‖ JCS(header))'),
    '',
    ...line('nonce', hex(nonce), '12 random bytes'),
    ...line(
      'bound to it',
      hex(concat(label('field'), bound, utf8('referrer'))).slice(0, 48),
      '… label("field") ‖ headerHash ‖ "referrer"',
    ),
    ...line(
      'sealed',
      hex(sealed.subarray(0, 24)),
      `… nonce, ciphertext, tag: ${sealed.length} bytes`,
    ),
    ...line('its hash', sealedHash(sealed), 'H(label("sealed") ‖ sealed)'),
    '',
    ...line('wrap for', wrap?.kid ?? '', 'Casework, a recipient of the keyset'),
    ...line('encapsulated', (wrap?.encapsulated ?? '').slice(0, 43), '… X-Wing, 1,120 bytes'),
    ...line('sealedKeys', (wrap?.sealedKeys ?? '').slice(0, 43), `… ${opened?.named.size} keys`),
    ...line('its hash', wrap ? wrapHash(wrap) : '', 'H(label("wrap hash") ‖ JCS(wrap))'),
    '',
    ...line(
      'bodyHash',
      hex(hash(label('body'), canonicalBytes(bodyOf(hashes)))),
      'H(label("body") ‖ JCS(body))',
    ),
    ...line('envelopeHash', hex(whole), 'H(label("envelope") ‖ headerHash ‖ bodyHash)'),
    ...line('signed', hex(signedBytes(whole)).slice(0, 48), '… label("signature") ‖ envelopeHash'),
    ...line('signature', encodeBase64url(signature), 'Ed25519, the partner’s key'),
  ]
}

/** A name, a value, and what it is: on one line where it fits, else the value over several. */
function line(name: string, value: string, what: string): string[] {
  const parts = value.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? ['']
  const first = `${name.padEnd(13)} ${parts[0]}`
  const rest = parts.slice(1).map((part) => `${''.padEnd(13)} ${part}`)
  return [first, ...rest, `${''.padEnd(13)}   ${what}`]
}

function requireSame(computed: string, published: string): void {
  if (computed !== published) throw new Error('the vectors say otherwise')
}

function hex(bytes: Uint8Array): string {
  return sodium.to_hex(bytes)
}

function unhex(text: string): Uint8Array {
  return sodium.from_hex(text)
}

if (import.meta.main) {
  writeFileSync(document, withExample(readFileSync(document, 'utf8')))
}
