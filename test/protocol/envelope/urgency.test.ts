// Goal: an urgency statement says what a recipient signed, of one referral, and nothing else.
// Method: signed bytes and signature are made again by the second implementation; then each part of
// the statement is changed.
import t from 'tap'
import {
  signUrgency,
  type UrgencyStatement,
  urgencyVerifies,
} from '../../../src/protocol/envelope/urgency.ts'
import * as second from '../second.ts'
import { keys, seedOf } from '../world.ts'

const headerHash = seedOf('header')
const statement: UrgencyStatement = { rules: 1, urgency: 'immediate', at: '2026-11-22T10:00:00Z' }
const { publicKey } = keys.caseworkSigning
const signature = signUrgency(headerHash, statement, keys.caseworkSigning)

t.test('the second implementation signs the same bytes', async (t) => {
  const said = second.H(second.label('urgency statement'), second.utf8(second.jcs(statement)))
  const bytes = second.join(second.label('urgency'), headerHash, said)
  const value = second.signatureOf(keys.caseworkSigning.secretKey, bytes)
  t.strictSame(signature, { kid: keys.caseworkSigning.kid, value: second.b64u(value) })
  t.ok(urgencyVerifies(headerHash, statement, signature, publicKey))
})

t.test('nothing of a statement can be changed, nor moved to another referral', async (t) => {
  const changes: Partial<UrgencyStatement>[] = [
    { rules: 2 },
    { urgency: 'standard' },
    { at: '2026-11-22T10:00:01Z' },
  ]
  for (const change of changes) {
    t.notOk(urgencyVerifies(headerHash, { ...statement, ...change }, signature, publicKey))
  }
  t.notOk(urgencyVerifies(seedOf('another'), statement, signature, publicKey))
  t.notOk(urgencyVerifies(headerHash, statement, signature, keys.partner.publicKey))
})

t.test('a signature of another form is none', async (t) => {
  for (const value of ['', 'AAAA', 'not base64url!', `${signature.value}AA`]) {
    t.notOk(urgencyVerifies(headerHash, statement, { ...signature, value }, publicKey))
  }
})
