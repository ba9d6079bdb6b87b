/**
 * Goal: a wrap that was granted is there as it was signed and as the log says, or what is wrong with it is named.
 * Method: one grant, and one thing changed at a time. What is spoilt in a database is in cli/verify-vault.test.ts.
 */
import t from 'tap'
import { verifyReleased } from '../../src/protocol/envelope/verify.ts'
import { rewrap } from '../../src/protocol/messages/rewrap.ts'
import {
  faultOfGrants,
  type GrantsKnown,
  type StoredGrant,
} from '../../src/vault/grantsoundness.ts'
import {
  accepted,
  bytesOf,
  directoryPayload,
  keys,
  keysetPayload,
  now,
  openInput,
  otherId,
  referralId,
  release,
  seal,
  seedOf,
} from '../protocol/world.ts'

const released = release(seal(), keys.casework.kid)
const { headerHash } = verifyReleased(released, openInput(keys.casework))
const [volunteer] = directoryPayload.grantees
const { kid } = volunteer!
const at = (days: number) => new Date(now.getTime() + days * 86_400_000)

/** A grant that ends in as many days, as it is stored. */
function granted(days?: number, signer = keys.caseworkSigning): StoredGrant {
  const until = days === undefined ? undefined : at(days)
  const input = openInput(keys.casework)
  const { grant, wrap } = rewrap(released, input, volunteer!, signer, { until })
  return {
    grant,
    encapsulated: bytesOf(wrap.encapsulated),
    sealedKeys: bytesOf(wrap.sealedKeys),
    endsAt: until?.toISOString() ?? null,
  }
}

type Said = { given: number; taken: number; ends?: string }
type Changes = Partial<Omit<GrantsKnown, 'said'>> & { whole?: boolean; intact?: boolean }
function faultOf(grants: StoredGrant[], said: Record<string, Said>, changes: Changes = {}) {
  const { whole = true, intact = true, ...known } = changes
  return faultOfGrants({ id: referralId, headerHash }, grants, {
    keysets: new Map([[accepted.sha256, keysetPayload]]),
    said: { whole, intact, byKid: new Map(Object.entries(said)) },
    sealedTo: new Set([keys.casework.kid]),
    now,
    ...known,
  })
}
const once = (ends?: string): Record<string, Said> => ({
  [kid]: { given: 1, taken: 0, ...(ends !== undefined && { ends }) },
})
const days = (count: number) => at(count).toISOString()

t.test('as it was signed, by who may grant, for this referral', (t) => {
  const stored = granted(14)
  const ends = once(days(14))
  t.equal(faultOf([stored], ends), undefined)
  t.equal(faultOf([granted()], once()), undefined, 'without an end')
  const name = (words: string) => `grant to ${kid}: ${words}`
  t.equal(
    faultOf([granted(14, keys.partner)], ends),
    name('no recipient with these compartments signs with that key'),
  )
  const unverified = name('its signature does not verify')
  const { grant } = stored
  for (const spoilt of [
    { ...stored, encapsulated: seedOf('x') },
    { ...stored, sealedKeys: seedOf('x') },
    { ...stored, grant: { ...grant, until: days(15) } },
    { ...stored, grant: { ...grant, compartments: ['clinical' as const] } },
  ]) {
    t.equal(faultOf([spoilt], ends), unverified)
  }
  for (const other of [
    { id: otherId, headerHash },
    { id: referralId, headerHash: seedOf('x') },
  ]) {
    const known = {
      keysets: new Map([[accepted.sha256, keysetPayload]]),
      sealedTo: new Set<string>(),
    }
    t.equal(faultOfGrants(other, [stored], { ...known, said: undefined, now }), unverified)
  }
  const later = name('ends_at: it is later than was signed')
  t.equal(faultOf([{ ...stored, endsAt: null }], once()), later)
  t.equal(faultOf([{ ...stored, endsAt: days(14.1) }], once(days(14.1))), later)
  t.equal(faultOf([{ ...stored, endsAt: days(13) }], once(days(13))), undefined, 'or sooner')
  t.equal(faultOf([{ ...granted(), endsAt: days(13) }], once(days(13))), undefined)
  t.end()
})

t.test('as often as the log says, and until when', (t) => {
  const stored = granted(14)
  const ends = days(14)
  const unsaid = `grant to ${kid}: the log does not say that it was given`
  const missing = `grant to ${kid}: it is missing`
  t.equal(faultOf([stored], {}), unsaid)
  t.equal(
    faultOfGrants({ id: referralId, headerHash }, [stored], {
      ...{ keysets: new Map([[accepted.sha256, keysetPayload]]), said: undefined },
      ...{ sealedTo: new Set(), now },
    }),
    unsaid,
  )
  t.equal(faultOf([], {}), undefined)
  const sealed = { sealedTo: new Set([kid]) }
  const rows: [given: number, taken: number, changes: Changes, isThere: boolean][] = [
    [1, 0, {}, true],
    [2, 1, {}, true],
    [1, 1, {}, false],
    [2, 2, {}, false],
    [0, 1, sealed, false],
    [1, 1, sealed, true],
    [1, 2, sealed, false],
  ]
  for (const [given, taken, changes, isThere] of rows) {
    const said = { [kid]: { given, taken, ends } }
    const name = JSON.stringify([given, taken])
    t.equal(faultOf([stored], said, changes), isThere ? undefined : unsaid, name)
    t.equal(faultOf([], said, changes), isThere ? missing : undefined, name)
  }
  t.equal(faultOf([stored], { [kid]: { given: 2, taken: 0, ends } }), unsaid, 'once too often')
  t.equal(faultOf([stored], once(days(13))), `grant to ${kid}: ends_at is not the one in the log`)
  t.equal(faultOf([stored], once()), `grant to ${kid}: ends_at is not the one in the log`)
  // Of another key than those that are there.
  const [other] = [keys.interpreters.kid]
  const both = { ...once(ends), [other]: { given: 1, taken: 0 } }
  t.equal(faultOf([stored], both), `grant to ${other}: it is missing`)
  t.end()
})

t.test('what has ended may be gone, and not before', (t) => {
  const said = once(days(14))
  t.equal(faultOf([], said, { now: at(13.9) }), `grant to ${kid}: it is missing`)
  t.equal(faultOf([], said, { now: at(14) }), undefined)
  t.equal(faultOf([granted(14)], said, { now: at(15) }), undefined, 'or still be there')
  t.equal(faultOf([], once(), { now: at(9_999) }), `grant to ${kid}: it is missing`)
  t.end()
})

t.test('an entry that was changed is a fault, and one that retention emptied names no key', (t) => {
  const stored = granted(14)
  const changed = 'an entry of a grant: what stands beside it is not what it says'
  t.equal(faultOf([stored], once(days(14)), { intact: false }), changed)
  t.equal(faultOf([stored], {}, { intact: false, whole: false }), changed)
  t.equal(faultOf([stored], {}, { whole: false }), undefined)
  const spoilt = { ...stored, sealedKeys: seedOf('x') }
  t.match(faultOf([spoilt], {}, { whole: false }), /its signature does not verify/)
  t.end()
})
