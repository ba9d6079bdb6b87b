/**
 * Messages of Standard Webhooks (https://www.standardwebhooks.com, specification 1.0), scheme `v1`: how they are signed, and the
 * secret they are signed with, which is sealed where it lies in a database.
 *
 * The secret is a shared one (HMAC-SHA256, RFC 2104): whoever may verify may also sign.
 */
import { concat, label, utf8 } from './bytes.ts'
import { keyedHash, randomBytes, sodium } from './sodium.ts'

const prefix = 'whsec_'

const base64 = (bytes: Uint8Array) => sodium.to_base64(bytes, sodium.base64_variants.ORIGINAL)

/** A new secret of 32 random bytes. */
export function newWebhookSecret(): Uint8Array {
  return randomBytes(32)
}

/**
 * A secret as people copy it: `whsec_` and base64 with its padding, without which the library for Go does not take it.
 */
export function writeWebhookSecret(secret: Uint8Array): string {
  return prefix + base64(secret)
}

/** Of so many bytes, as the specification asks. */
const secretBytes = { min: 24, max: 64 } as const

/** Reads one back, with the line break that an editor put behind it. `undefined` for anything else. */
export function readWebhookSecret(text: string): Uint8Array | undefined {
  const trimmed = text.trim()
  if (!trimmed.startsWith(prefix)) return undefined
  try {
    const secret = sodium.from_base64(trimmed.slice(prefix.length), sodium.base64_variants.ORIGINAL)
    const { min, max } = secretBytes
    return secret.length >= min && secret.length <= max ? secret : undefined
  } catch {
    return undefined
  }
}

/** What is signed: `body` is sent as these very characters. */
export type WebhookMessage = {
  /** The same at each try: whoever got a message twice knows it by this. Without a full stop. */
  readonly id: string
  readonly body: string
}

/**
 * The headers of a message.
 *
 * @param secrets - each of them signs: while a secret is replaced, the receiver knows the one or the other
 * @param seconds - since 1970, of this try
 */
export function webhookHeaders(
  { id, body }: WebhookMessage,
  secrets: readonly Uint8Array[],
  seconds: number,
): Record<string, string> {
  const signed = utf8(`${id}.${seconds}.${body}`)
  const signatures = secrets.map((secret) => {
    const state = sodium.crypto_auth_hmacsha256_init(secret)
    sodium.crypto_auth_hmacsha256_update(state, signed)
    return `v1,${base64(sodium.crypto_auth_hmacsha256_final(state))}`
  })
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  }
}

/** The key that secrets are sealed under, out of the key of TOKEN_SEAL_FILE, which it does not betray. */
export function webhookSealKey(sealKey: Uint8Array): Uint8Array {
  return keyedHash(sealKey, label('webhook secrets'))
}

const nonceBytes = 24

/** What a sealed secret is for. */
export type SecretOwner = {
  readonly endpointId: string
  readonly clientId: string
  readonly url: string
}

/** What is bound: as JSON, so that no two owners have the same bytes. */
const bound = ({ endpointId, clientId, url }: SecretOwner) =>
  utf8(JSON.stringify([endpointId, clientId, url]))

/**
 * Seals a secret for one endpoint of one client at one address: in any other row it does not open. XChaCha20-Poly1305, a
 * random nonce.
 */
export function sealWebhookSecret(key: Uint8Array, owner: SecretOwner, secret: Uint8Array) {
  const nonce = randomBytes(nonceBytes)
  const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    ...([secret, bound(owner), null, nonce, key] as const),
  )
  return concat(nonce, sealed)
}

/** Opens it again; `undefined` if it was sealed under another key, or for another owner. */
export function openWebhookSecret(
  key: Uint8Array,
  owner: SecretOwner,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const [nonce, rest] = [sealed.subarray(0, nonceBytes), sealed.subarray(nonceBytes)]
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      ...([null, rest, bound(owner), nonce, key] as const),
    )
  } catch {
    return undefined
  }
}

/** One of the changes of the queue. */
type ToldChange = {
  readonly id: string
  readonly type: string
  readonly itemId: string
  readonly caseId: string
  readonly at: string
}

/**
 * What became of an item. Its id is the same whenever and by whomever it is sent.
 *
 * @param epoch - of the cluster that numbered the change; letters and digits
 */
export function changeMessage(epoch: string, change: ToldChange): WebhookMessage {
  const { id, type, itemId, caseId, at } = change
  const data = { changeId: id, itemId, caseId }
  const body = JSON.stringify({ type: `item.${type}`, timestamp: at, data })
  return { id: `msg_${epoch}_${id}`, body }
}

/**
 * Some of what came before may never be told: it was forgotten, or the database was set back. Whoever gets this lists
 * the queue; what comes after is whole.
 *
 * @param place - another one is another gap
 */
export function gapMessage(epoch: string, place: string, at: string): WebhookMessage {
  const body = JSON.stringify({ type: 'queue.gap', timestamp: at, data: {} })
  return { id: `msg_${epoch}_gap_${place}`, body }
}
