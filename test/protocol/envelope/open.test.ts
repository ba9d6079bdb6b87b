// Goal: what opens is what was sealed, by whom it says; all else is withheld, and its step named.
// Method: open with the second implementation what ours seals and the reverse; then spoil one thing
// of an honest release, by table and at random.
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import t from 'tap'
import { answersOf, wordsOfAnswer } from '../../../src/cli/recipient/answers.ts'
import { plainBytes, sealCompartment } from '../../../src/protocol/envelope/compartment.ts'
import type { Envelope } from '../../../src/protocol/envelope/envelope.ts'
import {
  failedStep,
  openReferral,
  type UrgencyComparison,
} from '../../../src/protocol/envelope/open.ts'
import type { Released } from '../../../src/protocol/envelope/released.ts'
import { sealParts, sealReferral, signParts } from '../../../src/protocol/envelope/seal.ts'
import type { OpenInput } from '../../../src/protocol/envelope/verify.ts'
import { verifyReleased } from '../../../src/protocol/envelope/verify.ts'
import { endedAt, grantVerifies } from '../../../src/protocol/messages/grant.ts'
import { rewrap } from '../../../src/protocol/messages/rewrap.ts'
import type { Directory } from '../../../src/protocol/trust/directory.ts'
import type { Keyset } from '../../../src/protocol/trust/keyset.ts'
import { type CompartmentName, compartmentNames } from '../../../src/referral/compartment.ts'
import type { Referral } from '../../../src/referral/fields.ts'
import type { Header } from '../../../src/referral/header.ts'
import { calm } from '../../referral/calm.ts'
import * as second from '../second.ts'
import {
  accepted,
  bytesOf,
  codeOf,
  copy,
  directoryPayload,
  fixedRandom,
  fullInput,
  keys,
  keysetPayload,
  openInput,
  organisation,
  otherId,
  referral,
  referralId,
  release,
  seal,
  sealInput,
  seedOf,
} from '../world.ts'

const envelope = seal()
const released = release(envelope, keys.casework.kid)
const forInterpreters = release(envelope, keys.interpreters.kid)
const open = (from: Released, input: Partial<OpenInput> = {}, reader = keys.casework) =>
  openReferral(from, { ...openInput(reader), ...input })
const mustOpen = (...all: Parameters<typeof open>) => {
  const result = open(...all)
  if (!result.opened) throw new Error(`withheld at ${result.step}`)
  return result
}
const stepOf = (from: Released, input: Partial<OpenInput> = {}, reader = keys.casework) => {
  return failedStep(open(from, input, reader)) ?? 'opened'
}

t.test('a recipient reads all, an interpreter its own and no more', async (t) => {
  const whole = mustOpen(released)
  t.strictSame(whole.compartments, referral)
  t.strictSame(whole.header, envelope.header)
  t.strictSame(whole.signedBy, { organisation, label: 'Example Law Centre' })
  t.strictSame(whole.problems, [])
  const part = mustOpen(forInterpreters, {}, keys.interpreters)
  t.strictSame(part.compartments, { interpreting: referral.interpreting })
  t.strictSame([part.urgency, part.consent], [{ compared: false }, { compared: false }])
})

t.test('the second implementation opens what ours seals', async (t) => {
  const opened = await second.open(released, keys.casework.secretKey, keys.partner.publicKey)
  t.strictSame(opened, referral)
})

t.test('ours opens what the second implementation seals, and seals the same bytes', async (t) => {
  const { sealedTo, commitments, ...header } = envelope.header
  const { matching, receipt } = fullInput
  const theirs = await second.seal(
    referral as unknown as Record<string, unknown>,
    header,
    keysetPayload.recipients,
    keys.partner.secretKey,
    { matching: matching!, receipt: receipt! },
    fixedRandom('seal'),
  )
  t.equal(second.jcs(theirs), second.jcs(envelope))
  t.equal(stepOf(release(theirs, keys.recovery.kid), {}, keys.recovery), 'opened')
})

t.test('random referrals open in both implementations as they were', async (t) => {
  const story = fc.string({ unit: 'binary', minLength: 1, maxLength: 3000 })
  const said = story
    .map((text) => ({ story: text.normalize('NFC') }))
    .filter(({ story }) => !/\p{Surrogate}/u.test(story))
  await fc.assert(
    fc.asyncProperty(said, async (narrative) => {
      const sealed = sealReferral({
        ...fullInput,
        referral: { ...referral, narrative } as Referral,
      })
      const from = release(sealed, keys.casework.kid)
      const ours = open(from)
      t.strictSame(ours.opened && ours.compartments.narrative, narrative)
      const theirs = await second.open(from, keys.casework.secretKey, keys.partner.publicKey)
      t.strictSame(theirs.narrative, narrative)
    }),
    { numRuns: 30 },
  )
})

/** Every leaf of a value, by its path. */
function leaves(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, member]) => leaves(member, [...path, key]))
}

/** What holds the leaf at a path. */
function holderOf(root: object, path: string[]): Record<string, unknown> {
  const down = (at: unknown, key: string) => (at as Record<string, unknown>)[key]
  return path.slice(0, -1).reduce<unknown>(down, root) as Record<string, unknown>
}

/** The value at a path is changed to another of its kind. */
function alter(root: object, path: string[]): void {
  const holder = holderOf(root, path)
  const last = path.at(-1)!
  const value = holder[last]
  if (typeof value === 'string') holder[last] = (value[0] === 'a' ? 'b' : 'a') + value.slice(1)
  else holder[last] = typeof value === 'number' ? value + 1 : !value
}

t.test('no value of the header can be changed, added or taken out', async (t) => {
  const seen = new Set<string>()
  for (const path of leaves(envelope.header)) {
    const altered = copy(released)
    alter(altered.header, path)
    const step = stepOf(altered)
    seen.add(step)
    t.not(step, 'opened', path.join('/'))
    const cut = copy(released)
    const holder = holderOf(cut.header, path)
    if (Array.isArray(holder)) holder.splice(Number(path.at(-1)), 1)
    else delete holder[path.at(-1)!]
    t.not(stepOf(cut), 'opened', `without ${path.join('/')}`)
  }
  t.ok(seen.has('signature') && seen.has('id') && seen.has('keyset') && seen.has('protocol'))
  const added = copy(released)
  Object.assign(added.header, { note: 'x' })
  t.equal(stepOf(added), 'signature')
})

const flip = (encoded: string, at: number) => {
  const bytes = bytesOf(encoded)
  bytes[at % bytes.length]! ^= 1 + (at % 255)
  return second.b64u(bytes)
}

t.test('no byte of a compartment, a wrap or a signed part can be changed', async (t) => {
  const parts: [string, readonly string[], (r: Released, at: number) => void][] = [
    ...compartmentNames.map((name): (typeof parts)[number] => [
      name,
      ['compartment'],
      (r, at) => (r.compartments[name] = flip(r.compartments[name]!, at)),
    ]),
    ['encapsulated', ['wrap'], (r, at) => (r.wrap.encapsulated = flip(r.wrap.encapsulated, at))],
    ['sealedKeys', ['wrap'], (r, at) => (r.wrap.sealedKeys = flip(r.wrap.sealedKeys, at))],
    ['signature', ['signature'], (r, at) => (r.signature.value = flip(r.signature.value, at))],
    ['signer', ['signature-kid'], (r, at) => (r.signature.kid = flip(r.signature.kid, at))],
    ['matching', ['signature'], (r, at) => (r.matchingHash = flip(r.matchingHash!, at))],
    ['receipt', ['signature'], (r, at) => (r.receipt = flip(r.receipt!, at))],
  ]
  fc.assert(
    fc.property(fc.constantFrom(...parts), fc.nat(), ([what, steps, spoil], at) => {
      const spoilt = copy(released)
      spoil(spoilt, at)
      t.ok(steps.includes(stepOf(spoilt)), `${what} ${stepOf(spoilt)}`)
    }),
    { numRuns: 400 },
  )
  for (const name of compartmentNames.slice(1)) {
    const spoilt = copy(forInterpreters)
    spoilt.sealedHashes[name] = flip(spoilt.sealedHashes[name]!, 5)
    t.equal(stepOf(spoilt, {}, keys.interpreters), 'signature', name)
  }
})

t.test('no part can be dropped, swapped or exchanged', async (t) => {
  const other = release(seal({}, 'another'), keys.casework.kid)
  const spoilings: [string, string, (r: Released) => void][] = [
    ['the hash of a compartment dropped', 'parts', (r) => delete hashesOf(r).legal],
    ['the hash of a compartment exchanged', 'signature', (r) => (hashesOf(r).legal = r.receipt!)],
    ['a compartment and its hash exchanged', 'signature', (r) => exchange(r)],
    ['two compartments swapped', 'compartment', (r) => swap(r)],
    ['the receipt dropped', 'signature', (r) => delete r.receipt],
    ['the match values dropped', 'signature', (r) => delete r.matchingHash],
    [
      'the signature dropped',
      'signature-missing',
      (r) => delete (r as Partial<Released>).signature,
    ],
    ['the wrap dropped', 'shape', (r) => delete (r as Partial<Released>).wrap],
    ['the wrap of another reader', 'grant', (r) => (r.wrap = forInterpreters.wrap)],
    ['the wrap of another referral', 'wrap', (r) => (r.wrap = other.wrap)],
    ['the signature of another', 'signature', (r) => (r.signature = other.signature)],
    ['the header of another', 'signature', (r) => (r.header = other.header)],
    [
      'a compartment of another',
      'compartment',
      (r) => (r.compartments.legal = other.compartments.legal!),
    ],
    ['a compartment dropped', 'wrap', (r) => delete r.compartments.legal],
    ['a compartment that is no text', 'shape', (r) => (r.compartments.legal = 7 as never)],
    ['another protocol', 'protocol', (r) => Object.assign(r.header, { protocol: 'x/1' })],
    ['an outer id of another', 'id', (r) => (r.referralId = otherId)],
    ['no header', 'shape', (r) => delete (r as Partial<Released>).header],
    // Beside the known hashes, and so signed: neither number nor text that has a canonical form.
    ['a hash that is a fraction', 'shape', (r) => Object.assign(r.sealedHashes, { later: 1.5 })],
    ['a hash in half a letter', 'shape', (r) => Object.assign(r.sealedHashes, { later: '\ud800' })],
    [
      'trailing bits',
      'compartment',
      (r) => (r.compartments.legal = `${r.compartments.legal!.slice(0, -1)}_`),
    ],
  ]
  for (const [what, step, spoil] of spoilings) {
    const spoilt = copy(released)
    spoil(spoilt)
    t.equal(stepOf(spoilt), step, what)
  }
  for (const value of [null, 1, [], {}]) t.equal(stepOf(value as never), 'shape')
})

function swap({ compartments }: Released): void {
  const { legal, contact } = compartments
  compartments.legal = contact!
  compartments.contact = legal!
}

const hashesOf = (r: Released): Partial<Record<string, string>> => r.sealedHashes

/** As a server does that makes the hashes of what it has by then. */
function exchange(r: Released): void {
  r.compartments.legal = r.compartments.contact!
  r.sealedHashes.legal = r.sealedHashes.contact
}

t.test('another referral than was asked for does not open', async (t) => {
  t.equal(stepOf(released, { referralId: otherId }), 'id')
  t.equal(stepOf({ ...released, referralId: otherId }, { referralId: otherId }), 'id')
})

t.test('a keyset outside of the accepted chain opens nothing', async (t) => {
  t.equal(stepOf(released, { keysets: new Map() }), 'keyset')
  const elsewhere: Keyset = { ...keysetPayload, origin: 'intake.example.com' }
  t.equal(stepOf(released, { keysets: new Map([[accepted.sha256, elsewhere]]) }), 'keyset')
  const renumbered: Keyset = { ...keysetPayload, version: 2 }
  t.equal(stepOf(released, { keysets: new Map([[accepted.sha256, renumbered]]) }), 'keyset')
})

t.test('a signer is one of the directory at the time of receipt, or that of replyTo', async (t) => {
  const nobody: Directory = { ...directoryPayload, referrers: [] }
  t.equal(stepOf(released, { directory: nobody }), 'signer')
  const [referrer] = directoryPayload.referrers
  const validFrom = (from: string): Directory => ({
    ...directoryPayload,
    referrers: [{ ...referrer!, signingKeys: [{ ...referrer!.signingKeys[0]!, from }] }],
  })
  const receivedAt = new Date('2026-11-22T00:00:00Z')
  t.equal(stepOf(released, { receivedAt, directory: validFrom('2026-11-22T00:00:01Z') }), 'signer')
  t.equal(stepOf(released, { receivedAt, directory: validFrom('2026-11-22T00:00:00Z') }), 'opened')
  // Dated back to when a stolen key still counted: no further than the keyset that it names.
  const early = { receivedAt: new Date('2026-10-31T23:54:59Z') }
  t.equal(stepOf(released, early), 'keyset')
  const within = { receivedAt: new Date('2026-10-31T23:55:00Z') }
  t.equal(stepOf(released, within), 'opened', 'clocks may be five minutes apart')
  const byReceipt = release(seal({ signer: keys.replySigning }), keys.casework.kid)
  const opened = mustOpen(byReceipt)
  t.equal(opened.signedBy, 'receipt')
  const { replyTo: _, ...without } = { ...sealInput, signer: keys.replySigning }
  t.equal(stepOf(release(sealReferral(without), keys.casework.kid)), 'signer', 'no replyTo')
  const stranger = release(seal({ signer: keys.root }), keys.casework.kid)
  t.equal(stepOf(stranger), 'signer', 'neither')
})

/** Seals what a hostile referrer might: `spoil` may exchange anything before it is signed. */
function hostile(
  spoil: (parts: ReturnType<typeof sealParts<Header>>) => void,
  contents: [string, unknown][] = [],
): Released {
  const { sealedTo: _, commitments: __, ...header } = seal(sealInput as never).header
  const said = { ...referral, ...Object.fromEntries(contents) } as Record<string, unknown>
  const parts = sealParts<Header>(
    compartmentNames.map((name) => [name, said[name]]),
    keysetPayload.recipients,
    (sealedTo, commitments) => ({ ...header, sealedTo, commitments }) as Header,
    fixedRandom('hostile'),
  )
  spoil(parts)
  const signature = signParts(parts.headerHash, parts, keys.partner)
  const sealed = { ...parts, signature } as unknown as Envelope
  const { matching, receipt, ...rest } = sealed
  return release(rest as Envelope, keys.casework.kid)
}

t.test('a hostile referrer is found out step by step', async (t) => {
  const draws = fixedRandom('hostile')
  const held = new Map(compartmentNames.map((name) => [name, draws(32)]))
  const wrapOf = async (parts: { headerHash: Uint8Array }, wrapped: Record<string, unknown>) => ({
    kid: keys.casework.kid,
    ...(await second.wrap(
      keys.casework.publicKey,
      keys.casework.kid,
      parts.headerHash,
      second.jcs(wrapped),
      fixedRandom('wrap')(64),
    )),
  })
  const honest = Object.fromEntries([...held].map(([name, key]) => [name, second.b64u(key)]))
  const withWrap = async (wrapped: Record<string, unknown>) => {
    let bound = new Uint8Array()
    hostile(({ headerHash }) => {
      bound = new Uint8Array(headerHash)
    })
    const wrap = await wrapOf({ headerHash: bound }, wrapped)
    return hostile((parts) => {
      parts.wraps = parts.wraps.map((other) => (other.kid === wrap.kid ? wrap : other))
    })
  }
  t.equal(stepOf(hostile(() => {})), 'opened')
  t.equal(stepOf(await withWrap(honest)), 'opened')
  const { legal, ...fewer } = honest
  t.equal(stepOf(await withWrap(fewer)), 'wrap', 'a key left out')
  t.equal(stepOf(await withWrap({ ...honest, legal: 7 })), 'wrap', 'a key that is none')
  t.equal(stepOf(await withWrap({ ...honest, legal: 'AAAA' })), 'wrap', 'a key too short')
  const foreign = { ...honest, legal: second.b64u(seedOf('another key')) }
  t.equal(stepOf(await withWrap(foreign)), 'commitment', 'another story for this reader')
  const resealed = (plain: Uint8Array, key = held.get('legal')!) =>
    hostile((parts) => {
      const sealed = sealCompartment(
        'legal',
        plain,
        key,
        seedOf('n').subarray(0, 12),
        parts.headerHash,
      )
      parts.compartments.legal = second.b64u(sealed)
    })
  t.equal(stepOf(resealed(second.utf8('{}'))), 'opened')
  t.equal(stepOf(resealed(second.utf8('{}'), seedOf('another key'))), 'compartment')
  t.equal(stepOf(resealed(second.utf8('{"a":1,"a":2}'))), 'plaintext', 'two values of one name')
  t.equal(stepOf(resealed(Uint8Array.of(0xff))), 'plaintext', 'not UTF-8')
  t.equal(stepOf(resealed(new Uint8Array())), 'plaintext', 'nothing')
})

t.test('padding is checked', async (t) => {
  const draws = fixedRandom('hostile')
  const held = new Map(compartmentNames.map((name) => [name, draws(32)]))
  const unpadded = hostile((parts) => {
    const nonce = seedOf('n').slice(0, 12)
    const aad = second.join(second.label('field'), parts.headerHash, second.utf8('legal'))
    const zeros = chacha20poly1305(held.get('legal')!, nonce, aad).encrypt(new Uint8Array(1024))
    const sealed = second.join(nonce, zeros)
    parts.compartments.legal = second.b64u(sealed)
  })
  t.equal(stepOf(unpadded), 'padding')
})

t.test('what does not fit the form opens with a problem beside it', async (t) => {
  const newer = hostile(() => {}, [['legal', { stage: 'a stage of tomorrow', novelty: 1 }]])
  const opened = mustOpen(newer)
  t.strictSame(opened.compartments.legal, { stage: 'a stage of tomorrow', novelty: 1 })
  t.ok(opened.problems.some(({ pointer }) => pointer === '/legal/novelty'))
  const odd = mustOpen(
    hostile(() => {}, [
      ['legal', 'no object'],
      ['clinical', null],
    ]),
  )
  t.ok(odd.problems.some(({ pointer }) => pointer === '/legal'))
})

t.test(
  'what a newer client asked is opened whole, and each part that is not known is named',
  async (t) => {
    const said: [CompartmentName, Record<string, unknown>][] = [
      ['identity', { ...referral.identity, chosenName: 'Amina', content: 'referral/2' }],
      [
        'detention',
        {
          places: [{ place: 'irc-of-tomorrow', wing: 'B' }],
          release: { expected: 'soon' },
          content: 'referral/2',
        },
      ],
      ['clinical', { ...referral.clinical, sleep: ['none', 'little'], content: 'referral/2' }],
    ]
    const random = fixedRandom('hostile')
    const held = new Map(compartmentNames.map((name) => [name, random(32)]))
    const nonce = seedOf('n').subarray(0, 12)
    const newer = hostile((parts) => {
      for (const [name, says] of said) {
        const json = second.utf8(second.jcs(says))
        const sealed = sealCompartment(name, json, held.get(name)!, nonce, parts.headerHash)
        parts.compartments[name] = second.b64u(sealed)
      }
    })
    const opened = mustOpen(newer)
    for (const [name, says] of said) t.strictSame(opened.compartments[name], says)
    t.strictSame(opened.withheld, [], 'nothing is withheld')
    const named = new Set(opened.problems.map(({ pointer }) => pointer))
    for (const pointer of [
      ...['/identity/content', '/identity/chosenName', '/detention/content', '/detention/release'],
      ...['/detention/places/0/place', '/clinical/content', '/clinical/sleep'],
    ]) {
      t.ok(named.has(pointer), pointer)
    }
    // Whoever reads it at a terminal is shown all of it, and told which words are not known.
    const words = said.flatMap(([name]) => answersOf(name, opened.compartments[name]))
    const line = (label: string) => words.filter((one) => one.label === label).map(wordsOfAnswer)
    t.strictSame(line('"chosenName"'), ['Amina'])
    t.match(line('Places'), [/irc-of-tomorrow/])
    t.strictSame(line('"sleep"'), ['none, little'])
    t.match(line('"release"'), [/soon/])
    t.notMatch(words.map(wordsOfAnswer).join(' '), /null|undefined|\[object/)
  },
)

t.test('a newer header opens with a problem beside it', async (t) => {
  const { sealedTo: _, commitments: __, ...header } = envelope.header
  const parts = sealParts<Header>(
    compartmentNames.map((name) => [name, referral[name]]),
    keysetPayload.recipients,
    (sealedTo, commitments) =>
      ({ ...header, region: 'mars', novelty: 1, sealedTo, commitments }) as never,
    fixedRandom('newer'),
  )
  const signature = signParts(parts.headerHash, parts, keys.partner)
  const opened = mustOpen(
    release({ ...parts, signature } as unknown as Envelope, keys.casework.kid),
  )
  const pointers = opened.problems.map(({ pointer }) => pointer)
  t.strictSame(pointers.sort(), ['/header/novelty', '/header/region'])
})

t.test('urgency and consent are read again, and a difference shows', async (t) => {
  const lower = mustOpen(release(seal({ urgency: 'standard' }), keys.casework.kid))
  // Safety questions were not asked, so the rules propose more than `standard`.
  t.match(lower.urgency, { compared: true, differs: true, proposal: { urgency: 'urgent' } })
  t.strictSame(lower.consent, { compared: true, assessment: 'given', permits: true })
  const honest = mustOpen(released)
  t.match(honest.urgency, { compared: true, differs: false })
  t.ok(honest.incomplete.length > 0)
})

t.test('urgency is read by the clock of the reader, and its reasons are true by it', (t) => {
  const hours = (count: number) =>
    new Date(openInput(keys.casework).now.getTime() + count * 3_600_000)
  const removed = calm({ legal: { removal: { removalAt: hours(100).toISOString() } } })
  const from = release(seal({ referral: removed, urgency: 'urgent' }), keys.casework.kid)
  const cases: [number, Partial<UrgencyComparison>, string][] = [
    [0, { differs: false }, 'Removal is within 7 days.'],
    [48, { differs: true }, 'Removal is within 72 hours.'],
    [
      150,
      { differs: false },
      'Not asked, not to the end, or with a date that cannot be (any more): removal.',
    ],
  ]
  for (const [since, comparison, reason] of cases) {
    const { urgency, problems } = mustOpen(from, { now: hours(since) })
    t.match(urgency, { compared: true, ...comparison })
    t.strictSame(urgency.compared && urgency.proposal.reasons[0], reason)
    t.strictSame(problems, [], 'the date could be when it was received')
  }
  t.end()
})

t.test(
  'a grant lets one more reader in, breaks nothing, and is bound to all it says',
  async (t) => {
    const [volunteer] = directoryPayload.grantees
    const { grant, wrap } = rewrap(
      released,
      openInput(keys.casework),
      volunteer!,
      keys.caseworkSigning,
    )
    t.strictSame([...grant.compartments].sort(), ['clinical', 'interpreting'])
    const granted: Released = { ...copy(released), wrap, grant }
    for (const name of compartmentNames) {
      if (!grant.compartments.includes(name)) delete granted.compartments[name]
    }
    const seen = open(granted, {}, keys.volunteer)
    const { clinical, interpreting } = referral
    t.strictSame(seen.opened && seen.compartments, { interpreting, clinical })
    t.equal(stepOf(released), 'opened', 'the granter reads on')
    const spoilings: [string, string, (r: Released) => void][] = [
      ['no grant', 'grant', (r) => delete r.grant],
      ['another time', 'grant', (r) => (r.grant!.at = '2026-11-23T00:00:00Z')],
      ['another signature', 'grant', (r) => (r.grant!.value = flip(r.grant!.value, 9))],
      ['another granter', 'grant', (r) => (r.grant!.grantedBy = keys.recoverySigning.kid)],
      ['a partner as granter', 'grant', (r) => (r.grant!.grantedBy = keys.partner.kid)],
      ['fewer compartments', 'grant', (r) => r.grant!.compartments.pop()],
      ['another reader', 'grant', (r) => (r.grant!.kid = keys.root.kid)],
      ['an end', 'grant', (r) => (r.grant!.until = '2027-01-01T00:00:00Z')],
      ['another wrap', 'grant', (r) => (r.wrap.sealedKeys = flip(r.wrap.sealedKeys, 9))],
    ]
    for (const [what, step, spoil] of spoilings) {
      const spoilt = copy(granted)
      spoil(spoilt)
      t.equal(stepOf(spoilt, {}, keys.volunteer), step, what)
    }
    const { kid, publicKey: theirs } = fullInput.replyTo!
    const toReply = { kid, publicKey: theirs, compartments: volunteer!.compartments }
    const forReply = rewrap(released, openInput(keys.casework), toReply, keys.caseworkSigning)
    const carried = { ...granted, wrap: forReply.wrap }
    t.equal(stepOf({ ...carried, grant: forReply.grant }, {}, keys.reply), 'opened')
    t.equal(stepOf(carried, {}, keys.reply), 'grant', 'the grant of another reader')
    const less = { ...volunteer!, compartments: ['clinical' as const] }
    const narrower = rewrap(released, openInput(keys.casework), less, keys.caseworkSigning)
    const cut = { ...copy(granted), wrap: narrower.wrap }
    delete cut.compartments.interpreting
    t.equal(stepOf(cut, {}, keys.volunteer), 'grant', 'less than was granted')
    t.equal(stepOf({ ...cut, grant: narrower.grant }, {}, keys.volunteer), 'opened')
    const { headerHash } = verifyReleased(released, openInput(keys.casework))
    const publicKey = keys.caseworkSigning.publicKey
    t.ok(grantVerifies({ referralId, headerHash, wrap }, grant, publicKey))
    t.notOk(grantVerifies({ referralId: otherId, headerHash, wrap }, grant, publicKey))
    t.notOk(grantVerifies({ referralId, headerHash: seedOf('x'), wrap }, grant, publicKey))
    const again = { ...wrap, sealedKeys: flip(wrap.sealedKeys, 3) }
    t.notOk(grantVerifies({ referralId, headerHash, wrap: again }, grant, publicKey))
    const byInterpreters = rewrap(
      forInterpreters,
      openInput(keys.interpreters),
      volunteer!,
      keys.interpretersSigning,
    )
    t.strictSame(byInterpreters.grant.compartments, ['interpreting'], 'nobody grants what it lacks')
    const nothing = { ...volunteer!, compartments: ['legal' as const] }
    t.equal(
      codeOf(() =>
        rewrap(forInterpreters, openInput(keys.interpreters), nothing, keys.interpretersSigning),
      ),
      'unknown-recipient-key',
    )
  },
)

t.test('keys are passed on by the wrap alone, those that are named and no others', async (t) => {
  const [volunteer] = directoryPayload.grantees
  const input = openInput(keys.casework)
  const bare = { ...copy(released), compartments: {} }
  const rewrapped = (from: Released, compartments?: CompartmentName[]) =>
    rewrap(from, input, volunteer!, keys.caseworkSigning, { compartments })
  t.strictSame(
    rewrapped(bare).grant.compartments,
    rewrapped(copy(released)).grant.compartments,
    'no compartment is needed for it',
  )
  t.strictSame(rewrapped(bare, ['clinical']).grant.compartments, ['clinical'])
  const notListed = codeOf(() => rewrapped(bare, ['clinical', 'legal']))
  t.equal(notListed, 'recipient-lacks-compartments', 'all that is named or nothing')

  const { grant, wrap } = rewrapped(bare, ['clinical'])
  const { clinical } = released.compartments
  const granted = { ...copy(released), wrap, grant, compartments: { clinical } }
  t.equal(stepOf(granted as Released, {}, keys.volunteer), 'opened')

  // A grantee passes on no more than it was granted.
  const all = { ...volunteer!, compartments: compartmentNames }
  const further = rewrap(
    { ...granted, compartments: {} } as Released,
    openInput(keys.volunteer),
    all,
    keys.caseworkSigning,
  )
  t.strictSame(further.grant.compartments, ['clinical'])

  const exchanged = { ...bare.wrap, sealedKeys: flip(bare.wrap.sealedKeys, 3) }
  t.throws(() => rewrapped({ ...bare, wrap: exchanged }), /is not the one that was signed/)
})

t.test('a grant ends when it says, and until then not', async (t) => {
  const [volunteer] = directoryPayload.grantees
  const until = new Date('2026-12-01T12:00:00Z')
  const input = openInput(keys.casework)
  const { grant, wrap } = rewrap(released, input, volunteer!, keys.caseworkSigning, { until })
  t.equal(grant.until, until.toISOString())
  const granted: Released = { ...copy(released), wrap, grant }
  for (const name of compartmentNames) {
    if (!grant.compartments.includes(name)) delete granted.compartments[name]
  }
  const at = (ms: number) => ({ now: new Date(until.getTime() + ms) })
  t.equal(stepOf(granted, at(-1), keys.volunteer), 'opened')
  t.equal(stepOf(granted, at(0), keys.volunteer), 'grant')
  const now = new Date('2026-11-30T00:00:00Z')
  t.equal(endedAt({ until: '2026-12-31T23:59:60Z' }, now), '2026-12-31T23:59:60Z', 'no moment')
  t.equal(endedAt({ until: '2026-12-31T23:59:59Z' }, now), undefined)
  const unending = copy(granted)
  delete unending.grant!.until
  t.equal(stepOf(unending, at(0), keys.volunteer), 'grant', 'the end is signed')
})

t.test('a wrap of sealing is good as it was signed, or as somebody granted it anew', async (t) => {
  const [casework] = keysetPayload.recipients
  const { grant, wrap } = rewrap(
    released,
    openInput(keys.casework),
    casework!,
    keys.recoverySigning,
  )
  const replaced: Released = { ...copy(released), wrap }
  t.match(open(replaced), {
    opened: false,
    step: 'wrap',
    detail: `the wrap for ${keys.casework.kid} is not the one that was signed`,
  })
  t.equal(stepOf({ ...replaced, grant }), 'opened')
  const blanked = copy(released)
  blanked.wrapHashes[keys.interpreters.kid] = second.b64u(new Uint8Array(32))
  t.equal(stepOf(blanked), 'signature', 'the hash of another reader is signed too')
  const fewer = copy(released)
  delete fewer.wrapHashes[keys.interpreters.kid]
  t.equal(stepOf(fewer), 'parts')
})

t.test('a time of receipt that is none is refused', async (t) => {
  for (const receivedAt of [
    '',
    'yesterday',
    '2026-02-30T09:30:00Z',
    '2026-11-22',
    '+012026-01-01',
  ]) {
    t.equal(stepOf({ ...released, receivedAt }), 'shape', receivedAt)
  }
  t.equal(stepOf(released, { receivedAt: new Date('none') }), 'keyset')
})

t.test('one compartment that does not open withholds itself and no other', async (t) => {
  const spoilt = hostile((parts) => {
    const sealed = sealCompartment(
      'legal',
      second.utf8('{}'),
      seedOf('another key'),
      seedOf('n').subarray(0, 12),
      parts.headerHash,
    )
    parts.compartments.legal = second.b64u(sealed)
  })
  const opened = mustOpen(spoilt)
  const { legal, ...others } = referral
  t.strictSame(opened.compartments, others)
  t.match(opened.withheld, [{ compartment: 'legal', step: 'compartment' }])
  t.strictSame(opened.urgency, { compared: false, withheld: true }, 'the rules read it')
  t.match(opened.consent, { compared: true })
  const kept = copy(released)
  delete kept.compartments.identity
  t.match(mustOpen(kept).withheld, [{ compartment: 'identity', step: 'wrap' }])
})

t.test('what does not open is told apart from what a reader does not hold', async (t) => {
  const unread = { compared: false, withheld: true }
  for (const name of compartmentNames) {
    const spoilt = copy(released)
    spoilt.compartments[name] = flip(spoilt.compartments[name]!, 3)
    const { urgency, consent } = mustOpen(spoilt)
    const isRead = ['detention', 'legal', 'clinical'].includes(name)
    if (isRead) t.strictSame(urgency, unread, name)
    else t.match(urgency, { compared: true }, name)
    if (name === 'consent') t.strictSame(consent, unread, name)
    else t.match(consent, { compared: true }, name)
  }
  t.end()
})

t.test('a compartment that has changed since withholds itself and no other', async (t) => {
  for (const name of compartmentNames) {
    const { [name]: _, ...others } = referral
    const whole = released.compartments[name]!
    for (const text of [flip(whole, 3), whole.slice(0, 40), '', 'not base64url!', `${whole}AAAA`]) {
      const spoilt = copy(released)
      spoilt.compartments[name] = text
      const opened = mustOpen(spoilt)
      t.strictSame(opened.compartments, others, name)
      const detail = `${name} is not the one that was signed`
      t.strictSame(opened.withheld, [{ compartment: name, step: 'compartment', detail }])
    }
  }
})

t.test('another ciphertext under the right key is not the one that was signed', async (t) => {
  const key = fixedRandom('seal')
  const held = new Map(compartmentNames.map((name) => [name, key(32)]))
  const { headerHash } = verifyReleased(released, openInput(keys.casework))
  const nonce = seedOf('n').subarray(0, 12)
  const plain = plainBytes('legal', { caseType: 'asylum' })
  const another = copy(released)
  const sealed = sealCompartment('legal', plain, held.get('legal')!, nonce, headerHash)
  another.compartments.legal = second.b64u(sealed)
  t.match(mustOpen(another).withheld, [{ compartment: 'legal', step: 'compartment' }])
  await t.rejects(second.open(another, keys.casework.secretKey, keys.partner.publicKey))
})

t.test('a referral of which nothing opens is unopenable, at the step of its first', async (t) => {
  const random = fixedRandom('hostile')
  const all = hostile((parts) => {
    for (const name of compartmentNames) {
      const nonce = random(12)
      const sealed = sealCompartment(name, second.utf8('{}'), random(32), nonce, parts.headerHash)
      parts.compartments[name] = second.b64u(sealed)
    }
  })
  t.match(open(all), { opened: false, step: 'compartment' })
})

t.test('the content version is sealed, and one that is not known is named', async (t) => {
  const plain = plainBytes('legal', { stage: 'x' })
  t.equal(Buffer.from(plain).toString(), '{"content":"referral/1","stage":"x"}')
  const written = (content: unknown) => {
    const named = content === undefined ? {} : { content }
    const json = second.utf8(second.jcs({ stage: 'a stage of tomorrow', ...named }))
    const key = fixedRandom('hostile')
    const held = new Map(compartmentNames.map((name) => [name, key(32)]))
    return hostile((parts) => {
      const nonce = seedOf('n').subarray(0, 12)
      const sealed = sealCompartment('legal', json, held.get('legal')!, nonce, parts.headerHash)
      parts.compartments.legal = second.b64u(sealed)
    })
  }
  const pointed = (content: unknown) =>
    mustOpen(written(content)).problems.filter(({ pointer }) => pointer === '/legal/content')
  t.strictSame(pointed('referral/1'), [])
  t.strictSame(mustOpen(written('referral/1')).compartments.legal, { stage: 'a stage of tomorrow' })
  t.match(pointed('referral/2'), [{ detail: /newer client/ }])
  t.strictSame(mustOpen(written('referral/2')).compartments.legal, {
    stage: 'a stage of tomorrow',
    content: 'referral/2',
  })
  for (const content of [undefined, 1, 'referral/0', 'message/1', 'x\nreferral/2']) {
    t.equal(pointed(content).length, 1, String(content))
    t.notMatch(pointed(content), [{ detail: /newer client/ }])
  }
})

t.test('a granter grants only what its keyset lets it hold', async (t) => {
  const [volunteer] = directoryPayload.grantees
  const { grant, wrap } = rewrap(
    released,
    openInput(keys.casework),
    volunteer!,
    keys.interpretersSigning,
  )
  const granted: Released = { ...copy(released), wrap, grant }
  for (const name of compartmentNames) {
    if (!grant.compartments.includes(name)) delete granted.compartments[name]
  }
  t.equal(stepOf(granted, {}, keys.volunteer), 'grant')
})

t.test('sealing refuses what may not be sealed', async (t) => {
  const refusing = (changes: object) => codeOf(() => seal(changes))
  t.equal(refusing({ referral: { ...referral, legal: { nonsense: 1 } } }), 'referral-invalid')
  const refused = {
    ...referral.consent,
    given: [{ to: 'assessment', answer: 'refused', how: 'verbal', on: '2026-11-20' }],
  }
  t.equal(refusing({ referral: { ...referral, consent: refused } }), 'consent-refused')
  const fits = (name: 'legal' | 'narrative', bytes: number) =>
    codeOf(() => plainBytes(name, 'x'.repeat(bytes - 2)))
  t.equal(fits('legal', 64 * 1024 - 1), undefined)
  t.equal(fits('legal', 64 * 1024), 'referral-too-large')
  t.equal(fits('narrative', 128 * 1024 - 1), undefined)
  t.equal(fits('narrative', 128 * 1024), 'referral-too-large')
  // Whatever it is that makes an envelope long, no server would read it.
  const long = { epoch: 1, values: [{ type: 'N', value: 'A'.repeat(512 * 1024) }] }
  t.equal(refusing({ matching: long }), 'referral-too-large')
  const other = { ...accepted, keyset: { ...keysetPayload, protocols: ['sealed-referral/2'] } }
  t.equal(refusing({ keyset: other }), 'unsupported-protocol')
  const day = 24 * 3_600_000
  const expiry = Date.parse(keysetPayload.expiresAt)
  t.equal(seal({ now: new Date(expiry - 1) }).header.staleKeyset, false)
  t.equal(seal({ now: new Date(expiry) }).header.staleKeyset, true)
  t.equal(seal({ now: new Date(expiry + 90 * day) }).header.staleKeyset, true)
  t.equal(refusing({ now: new Date(expiry + 90 * day + 1) }), 'keyset-expired')
})

t.test('a plaintext that fills a power of two goes to the next', async (t) => {
  const lengthOf = (plain: number) =>
    sealCompartment('legal', new Uint8Array(plain), seedOf('k'), new Uint8Array(12), seedOf('h'))
      .length
  t.strictSame([2, 1023, 1024, 2047, 2048].map(lengthOf), [1052, 1052, 2076, 2076, 4124])
})

t.test('no nonce, key or wrap is used twice', async (t) => {
  const [a, b] = [sealReferral(fullInput), sealReferral(fullInput)]
  const drawn = [a, b].flatMap((sealed) => [
    ...Object.values(sealed.compartments).map((c) => c.slice(0, 16)),
    ...Object.values(sealed.header.commitments),
    ...sealed.wraps.map(({ encapsulated }) => encapsulated),
  ])
  t.equal(new Set(drawn).size, drawn.length)
})
