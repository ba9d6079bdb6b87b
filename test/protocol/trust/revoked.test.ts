// Goal: what was sealed to, or signed by, a key that a later keyset revokes is shown with words that
// name the key and that keyset; what only left, or is still listed, is shown without.
// Method: one referral, a grant of it and notes about it, read under chains of keysets that differ in
// what a later one revokes and lists.
import t from 'tap'
import { openReferral } from '../../../src/protocol/envelope/open.ts'
import type { Released } from '../../../src/protocol/envelope/released.ts'
import { sealParts, signParts } from '../../../src/protocol/envelope/seal.ts'
import { verifyReleased } from '../../../src/protocol/envelope/verify.ts'
import { type MessageEnvelope, sealMessage } from '../../../src/protocol/messages/message.ts'
import { readNotes } from '../../../src/protocol/messages/notechain.ts'
import { rewrap } from '../../../src/protocol/messages/rewrap.ts'
import { openMessage } from '../../../src/protocol/messages/thread.ts'
import type { Keyset, Recipient } from '../../../src/protocol/trust/keyset.ts'
import { compartmentNames } from '../../../src/referral/compartment.ts'
import type { Header } from '../../../src/referral/header.ts'
import { problemsMax } from '../../../src/referral/problems.ts'
import {
  accepted,
  copy,
  directory,
  directoryPayload,
  fixedRandom,
  keys,
  keysetPayload,
  now,
  openInput,
  referral,
  release,
  seal,
} from '../world.ts'

const [casework, recovery, interpreters] = keysetPayload.recipients as [
  ...[Recipient, Recipient, Recipient],
]
const envelope = seal()
const released = release(envelope, keys.casework.kid)

/** The keyset of the world as version 1, and behind it versions with these revocations and recipients. */
function chainOf(...later: { revokes: number[]; recipients: Recipient[] }[]) {
  const chain = new Map<string, Keyset>([[accepted.sha256, keysetPayload]])
  later.forEach((changes, index) => {
    const version = index + 2
    chain.set(`keyset ${version}`, { ...keysetPayload, ...changes, version })
  })
  // As a client has it, the newest first.
  return new Map([...chain].reverse())
}

const remaining = [casework, recovery]
const revoking = chainOf({ revokes: [1], recipients: remaining })

function problemsOf(keysets: ReadonlyMap<string, Keyset>, from: Released = released) {
  const opened = openReferral(from, { ...openInput(keys.casework), keysets })
  if (!opened.opened) throw new Error(`withheld at ${opened.step}`)
  return opened.problems
}

const isRevoked = {
  pointer: '/header/keyset',
  detail: 'is version 1, which keyset 2 revokes.',
}
const sealedToLost = {
  pointer: '/header/sealedTo',
  detail: `names ${keys.interpreters.kid}, a key that keyset 2 revokes: whoever has it can read this.`,
}

t.test('a referral sealed to a revoked key opens, and says which and by what keyset', async (t) => {
  t.same(problemsOf(revoking), [isRevoked, sealedToLost])
  t.same(problemsOf(chainOf({ revokes: [], recipients: remaining })), [], 'it only left')
  const all = [casework, recovery, interpreters]
  t.same(
    problemsOf(chainOf({ revokes: [1], recipients: all })),
    [isRevoked],
    'all are still listed',
  )
  const twice = chainOf(
    { revokes: [1], recipients: remaining },
    { revokes: [1, 2], recipients: remaining },
  )
  t.same(problemsOf(twice), [isRevoked, sealedToLost], 'the first that revokes it')
  const later = chainOf({ revokes: [], recipients: all }, { revokes: [1], recipients: remaining })
  t.match(problemsOf(later), [{ detail: 'is version 1, which keyset 3 revokes.' }], 'others stand')
  t.equal(problemsOf(later).length, 1, 'the last keyset that lists the key is not revoked')
})

t.test('a sealer who fills the list of problems does not hide it', async (t) => {
  const { sealedTo: _, commitments: __, ...header } = envelope.header
  const odd = Object.fromEntries(Array.from({ length: problemsMax }, (_, i) => [`odd${i}`, i]))
  const parts = sealParts<Header>(
    compartmentNames.map((name) => [name, referral[name]]),
    keysetPayload.recipients,
    (sealedTo, commitments) => ({ ...header, ...odd, sealedTo, commitments }) as never,
    fixedRandom('crowded'),
  )
  const signature = signParts(parts.headerHash, parts, keys.partner)
  const crowded = release({ ...parts, signature } as never, keys.casework.kid)
  const problems = problemsOf(revoking, crowded)
  t.equal(problems.length, problemsMax)
  t.same(problems.slice(0, 2), [isRevoked, sealedToLost])
})

t.test('a grant by a revoked key opens, and says so', async (t) => {
  const [volunteer] = directoryPayload.grantees
  const input = openInput(keys.casework)
  const { grant, wrap } = rewrap(released, input, volunteer!, keys.caseworkSigning)
  const granted: Released = { ...copy(released), wrap, grant }
  for (const name of compartmentNames) {
    if (!grant.compartments.includes(name)) delete granted.compartments[name]
  }
  const problemsUnder = (keysets: ReadonlyMap<string, Keyset>) => {
    const opened = openReferral(granted, { ...openInput(keys.volunteer), keysets })
    return opened.opened && opened.problems.filter(({ pointer }) => pointer.startsWith('/grant'))
  }
  const lost = chainOf({ revokes: [1], recipients: [recovery, interpreters] })
  const { kid } = keys.caseworkSigning
  t.same(problemsUnder(lost), [
    {
      pointer: '/grant/grantedBy',
      detail: `is ${kid}, a key that keyset 2 revokes: whoever has it can sign this.`,
    },
  ])
  t.same(problemsUnder(revoking), [], 'its giver is still listed')
  t.same(problemsUnder(chainOf({ revokes: [], recipients: [recovery] })), [], 'its giver only left')
})

t.test('a note or a message by a revoked key says so, to whom it does not open too', async (t) => {
  const about = verifyReleased(released, openInput(keys.casework))
  const input = {
    ...{ messageId: '01935f3a-7c00-7000-8000-0000000000aa', referral: about, now },
    ...{ content: { text: 'x' }, last: undefined, from: 'recipient' as const, keyset: accepted },
  }
  const note = sealMessage({ ...input, kind: 'note', signer: keys.interpretersSigning })
  const signedByLost = {
    pointer: '/header/signer',
    detail: `is ${keys.interpretersSigning.kid}, a key that keyset 2 revokes: whoever has it can sign this.`,
  }
  const read = (shown: MessageEnvelope, reader = keys.casework, keysets = revoking) => {
    const at = now.toISOString()
    return readNotes([{ note: shown, at }], { referral: about, reader, keysets }).notes[0]
  }
  t.match(read(note), { opened: true, problems: [isRevoked, signedByLost] })
  t.match(read(note, keys.reply), { opened: false, problems: [isRevoked, signedByLost] })
  const retired = chainOf({ revokes: [], recipients: remaining })
  t.same(read(note, keys.casework, retired)?.problems, [])
  const honest = sealMessage({ ...input, kind: 'note', signer: keys.caseworkSigning })
  t.same(read(honest)?.problems, [isRevoked])
  const message = sealMessage({ ...input, kind: 'message', signer: keys.interpretersSigning })
  const opened = openMessage(message, {
    ...{ referral: about, reader: keys.casework, keysets: revoking, directory, receivedAt: now },
  })
  t.match(opened, { opened: true, problems: [isRevoked, signedByLost] })
})
