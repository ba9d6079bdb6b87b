/**
 * Method: the leaf and the commitments are computed a second time here, from RFC 8785 and
 * docs/PROTOCOL.md, "Entries of the access log", with another BLAKE2b.
 */
import { blake2b } from '@noble/hashes/blake2.js'
import t from 'tap'
import { type Act, type Action, actions, leafBytesMax, writeEntry } from '../../src/audit/entry.ts'
import type { Caller, KnownCaller } from '../../src/caller.ts'
import { newId } from '../../src/protocol/uuid.ts'

const labels = { client: 'A client', organisation: 'An organisation' }
const caller: KnownCaller = {
  ...{ kind: 'internal', request: newId(), clientId: newId(), organisationId: newId() },
  ...{ scopes: new Set(), kids: new Set(), person: 'p-17', labels },
}
const at = new Date('2026-11-22T09:30:00.123Z')
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** RFC 8785 for what stands in an entry: ASCII names, strings and small integers. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join()}}`
}

function commitment(name: string, salt: Uint8Array, value: unknown): string {
  const label = Buffer.from(`sealed-referral/1 audit ${name}\0`)
  const bytes = Buffer.concat([label, salt, Buffer.from(canonical(value))])
  return Buffer.from(blake2b(bytes, { dkLen: 32 })).toString('base64url')
}

t.test('the leaf is the RFC 8785 JSON of the entry, and nothing in it names who acted', (t) => {
  const id = newId()
  const act: Act = {
    action: 'triage.completed',
    object: { kind: 'item', id: newId(), digest: 'A'.repeat(43) },
    recipient: 'kid',
    details: { outcome: 'accepted', late: false, referrals: 2 },
  }
  const { leaf, opening } = writeEntry(caller, act, id, at)
  const actor = {
    ...{ client: caller.clientId, organisation: caller.organisationId, labels },
    person: 'p-17',
  }
  t.same(opening.actor, actor)
  t.equal(
    text(leaf),
    canonical({
      ...{ v: 1, id, at: '2026-11-22T09:30:00.123Z', action: act.action, outcome: 'permitted' },
      ...{ object: act.object, caller: 'internal', recipient: 'kid', request: caller.request },
      actor: commitment('actor', opening.actorSalt!, actor),
      details: commitment('details', opening.detailsSalt!, act.details),
    }),
  )
  for (const known of [...Object.values(actor), ...Object.values(labels)]) {
    if (typeof known === 'string') t.notOk(text(leaf).includes(known))
  }
  t.end()
})

t.test('the same act twice commits to different bytes', (t) => {
  const entries = [1, 2].map(() =>
    writeEntry(caller, { action: 'directory.read', details: { a: 1 } }, newId(), at),
  )
  const salts = entries.flatMap(({ opening }) => [opening.actorSalt!, opening.detailsSalt!])
  t.equal(new Set(salts.map((salt) => Buffer.from(salt).toString('hex'))).size, 4)
  for (const salt of salts) t.equal(salt.length, 32)
  t.end()
})

t.test('a caller that nobody knows leaves nothing of itself', (t) => {
  const anonymous: Caller = { kind: 'anonymous', request: newId() }
  const act: Act = { action: 'referral.submitted', outcome: 'refused', reason: 'unauthenticated' }
  const { leaf, opening } = writeEntry(anonymous, act, newId(), at)
  t.same(opening, {})
  const members = ['action', 'at', 'caller', 'id', 'outcome', 'reason', 'request', 'v']
  t.same(Object.keys(JSON.parse(text(leaf))), members)
  t.end()
})

t.test('a leaf is at most 4 KiB, and a longer one is a bug that is not written', (t) => {
  t.equal(leafBytesMax, 4096)
  const entry = (length: number) =>
    writeEntry(caller, { action: 'directory.read', recipient: 'a'.repeat(length) }, newId(), at)
  const rest = entry(1).leaf.length - 1
  t.equal(entry(4096 - rest).leaf.length, 4096)
  t.throws(() => entry(4097 - rest), /4097 bytes/)
  t.end()
})

t.test('every action is a noun and a verb, with a sentence for the auditor', (t) => {
  for (const [action, prose] of Object.entries(actions) as [Action, string][]) {
    t.match(action, /^[a-z-]+\.[a-z-]+$/)
    t.match(prose, /^[A-Z].+\.$/)
  }
  t.end()
})
