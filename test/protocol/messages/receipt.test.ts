// Goal: the digits on paper, and nothing less, are the account of a referrer without one.
// Method: noble's Argon2id and hashes derive the same; a mistyped code never gets as far.
import { argon2id } from '@noble/hashes/argon2.js'
import t from 'tap'
import { encodeBase64url } from '../../../src/protocol/bytes.ts'
import { dammValid } from '../../../src/protocol/damm.ts'
import {
  isOwnReplyTo,
  newReceipt,
  readReceipt,
  receiptHash,
  receiptKeys,
  replyToOf,
} from '../../../src/protocol/messages/receipt.ts'
import * as second from '../second.ts'
import { codeOf, keys, origin } from '../world.ts'

const digits = '123456789012345678901234'
const ours = receiptKeys(digits, origin)

t.test('the keys of a receipt are those of the protocol', async (t) => {
  const salt = second.H(second.label('receipt salt'), second.utf8(origin)).slice(0, 16)
  const secret = argon2id(second.utf8(digits), salt, { t: 3, m: 64 * 1024, p: 1, dkLen: 32 })
  const derived = (name: string) => second.H_k(secret, second.label(name))
  t.strictSame(ours.accessTag, derived('receipt access'))
  t.equal(ours.receipt, second.b64u(second.H(second.label('receipt hash'), ours.accessTag)))
  t.strictSame(ours.reply.publicKey, second.receivingPublicKey(derived('receipt reply')))
  t.strictSame(ours.signing.publicKey, second.signingPublicKey(derived('receipt sign')))
  t.equal(ours.receipt, encodeBase64url(receiptHash(ours.accessTag)))
})

t.test('a new receipt is 25 digits in five groups, and never the same', async (t) => {
  const receipts = Array.from({ length: 50 }, newReceipt)
  for (const receipt of receipts) {
    t.match(receipt, /^([0-9]{5} ){4}[0-9]{5}$/)
    t.ok(dammValid(receipt.replaceAll(' ', '')))
    t.equal(readReceipt(receipt), receipt.replaceAll(' ', '').slice(0, 24))
  }
  t.equal(new Set(receipts).size, 50)
})

t.test('a receipt is read as people write it, and a mistyped one is refused', async (t) => {
  const receipt = newReceipt()
  const plain = receipt.replaceAll(' ', '')
  for (const written of [
    plain,
    ` ${receipt}\n`,
    receipt.replaceAll(' ', '-'),
    receipt.replaceAll(' ', '.'),
  ]) {
    t.equal(readReceipt(written), plain.slice(0, 24))
  }
  const wrong = (Number(plain[3]) + 1) % 10
  const mistyped = [
    '',
    plain.slice(0, 24),
    `${plain}0`,
    `${plain.slice(0, 3)}${wrong}${plain.slice(4)}`,
    `${plain.slice(0, 24)}x`,
  ]
  for (const text of mistyped)
    t.equal(
      codeOf(() => readReceipt(text)),
      'receipt-mistyped',
      text,
    )
})

t.test('a receipt opens nothing at another service, and another nothing here', async (t) => {
  const elsewhere = receiptKeys(digits, 'intake.example.com')
  const other = receiptKeys(`${digits.slice(0, 23)}5`, origin)
  t.equal(new Set([ours, elsewhere, other].map(({ receipt }) => receipt)).size, 3)
  t.notSame(elsewhere.reply.publicKey, ours.reply.publicKey)
})

t.test('its holder knows its own referral by replyTo', async (t) => {
  const replyTo = replyToOf(ours)
  t.equal(replyTo.kid, second.kidOf('X-Wing', ours.reply.publicKey))
  t.ok(isOwnReplyTo(replyTo, ours))
  t.notOk(isOwnReplyTo(undefined, ours))
  t.notOk(isOwnReplyTo({ ...replyTo, signingKey: encodeBase64url(keys.root.publicKey) }, ours))
  t.notOk(isOwnReplyTo({ ...replyTo, publicKey: encodeBase64url(keys.reply.publicKey) }, ours))
  t.notOk(isOwnReplyTo({ ...replyTo, kid: keys.reply.kid }, ours))
})
