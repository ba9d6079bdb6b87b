/**
 * Receipts: 24 digits on paper that stand for an account. Everything that a referrer without one
 * needs is derived from them, and the server stores only a hash of a hash: docs/PROTOCOL.md,
 * "Receipts".
 */
import { Refusal } from '../../errors.ts'
import type { ReplyTo } from '../../referral/header.ts'
import { encodeBase64url, equalBytes, label, utf8 } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import { dammDigit, dammValid } from '../damm.ts'
import { type KeyPair, recipientKeyFrom, signingKeyFrom } from '../keys.ts'
import { hash, keyedHash, sodium } from '../sodium.ts'

/** 79.7 bits. Shorter codes could be searched by whoever holds the stored hashes. */
const secretDigits = 24

// Fixed for version 1 of the protocol, for the codes are on paper.
const argon2id = { passes: 3, memoryBytes: 64 * 1024 * 1024 }

/** What a receipt opens. */
export type ReceiptKeys = {
  /** Proves to the server that one holds the receipt: `Authorization: Receipt <base64url>`. */
  accessTag: Uint8Array
  /** The receipt hash of the envelope, in base64url. */
  receipt: string
  /** Opens the answers. */
  reply: KeyPair
  /** Signs for the referrer. */
  signing: KeyPair
}

/** A new receipt, 24 random digits and a check digit in five groups: `12345 67890 …`. */
export function newReceipt(): string {
  const digits = Array.from({ length: secretDigits }, () => sodium.randombytes_uniform(10)).join('')
  return (digits + dammDigit(digits)).replace(/.{5}(?=.)/g, '$& ')
}

/**
 * The 24 digits of a receipt as a person typed it, with any spaces, dots or dashes. The check digit
 * is tested here and nowhere else: the server is sent no guess at a mistyped code.
 *
 * @throws Refusal `receipt-mistyped`
 */
export function readReceipt(text: string): string {
  const digits = text.replace(/[\s.\-–—]/g, '')
  if (digits.length !== secretDigits + 1 || !dammValid(digits)) {
    throw new Refusal('receipt-mistyped', 'these are not the 25 digits of a receipt')
  }
  return digits.slice(0, secretDigits)
}

/** The keys of a receipt at one service. Takes about 0.2 s, for the guesser's sake. */
export function receiptKeys(digits: string, origin: string): ReceiptKeys {
  const secret = sodium.crypto_pwhash(
    32,
    digits,
    hash(label('receipt salt'), utf8(origin)).subarray(0, 16),
    argon2id.passes,
    argon2id.memoryBytes,
    sodium.crypto_pwhash_ALG_ARGON2ID13,
  )
  const accessTag = keyedHash(secret, label('receipt access'))
  return {
    accessTag,
    receipt: encodeBase64url(receiptHash(accessTag)),
    reply: recipientKeyFrom(keyedHash(secret, label('receipt reply'))),
    signing: signingKeyFrom(keyedHash(secret, label('receipt sign'))),
  }
}

/** What the server stores of an access tag, and looks it up by. */
export function receiptHash(accessTag: Uint8Array): Uint8Array {
  return hash(label('receipt hash'), accessTag)
}

/** The `replyTo` of a referral made with these keys. */
export function replyToOf({ reply, signing }: Pick<ReceiptKeys, 'reply' | 'signing'>): ReplyTo {
  return {
    kid: reply.kid,
    publicKey: encodeBase64url(reply.publicKey),
    signingKey: encodeBase64url(signing.publicKey),
  }
}

/**
 * The `replyTo` of an organisation, made from its reply key alone: its signing key changes, and whoever stole that is to sign
 * nothing by a referral of long ago.
 */
export function replyToOfKey(reply: KeyPair): ReplyTo {
  const signing = signingKeyFrom(keyedHash(reply.secretKey, label('reply sign')))
  return replyToOf({ reply, signing })
}

/**
 * Whether a referral that the server shows to the holder of a receipt is the holder's own. If not,
 * it is not answered: somebody else could read the answer.
 */
export function isOwnReplyTo(
  replyTo: ReplyTo | undefined,
  keys: Pick<ReceiptKeys, 'reply' | 'signing'>,
): boolean {
  return (
    replyTo !== undefined && equalBytes(canonicalBytes(replyTo), canonicalBytes(replyToOf(keys)))
  )
}
