/**
 * Goal: whose match keys nobody has checked is told fairly and until all of it is checked, and one
 * recipient's word against another's is seen.
 * Method: referrals of two organisations through the services, listed as a watcher asks for them.
 */
import t from 'tap'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import { matchKeysVerify } from '../../src/protocol/matching/matchvalues.ts'
import { compartmentNames } from '../../src/referral/compartment.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { keysetReference, publishEpochs, publishKeyset } from '../helpers/publish.ts'
import { type Referred, stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, refer, check, world, matching, callers } = staged
const { lawFirm, ngo } = world.referring
const list = (query: { cursor?: string; referralId?: string } = {}, limit = 200) =>
  matching.unchecked(callers.casework, { ...query, limit })
const lists = async ({ referralId }: Referred) =>
  (await list({ referralId })).referralIds.includes(referralId)
const entries = async () => {
  const [row] = await sql`
    select count(*)::int as n from audit_entry where action = 'match-keys.listed'`
  return row?.n
}

t.test('one that sends many keeps no other waiting, page by page', async (t) => {
  t.same((await list()).referralIds, [])
  t.equal(await entries(), 0, 'a list that names nobody discloses nothing')
  const sent: string[] = []
  for (const by of [lawFirm, lawFirm, lawFirm, ngo, lawFirm, ngo]) {
    sent.push((await refer(undefined, { by })).referralId)
  }
  const [l1, l2, l3, n1, l4, n2] = sent
  const fair = [l1, n1, l2, n2, l3, l4]
  t.same((await list()).referralIds, fair)
  t.equal(await entries(), 1)
  t.same((await list({ referralId: n2! })).referralIds, [n2])

  const paged: string[] = []
  let cursor: string | undefined
  do {
    const page = await list(cursor === undefined ? {} : { cursor }, 2)
    paged.push(...page.referralIds)
    cursor = page.next
  } while (cursor !== undefined)
  t.same(paged, fair)
  for (const wrong of ['1', '1-', 'x-AAAA', 'MjAyNi0wMS0wMVQwMDowMDowMC4wMDBaIA']) {
    await t.rejects(list({ cursor: wrong }), { code: 'malformed-request' }, wrong)
  }
})

t.test('what stood there before is told, and who contradicts another is seen', async (t) => {
  const recipients = world.keyset.recipients.map((recipient) => {
    return { ...recipient, compartments: [...compartmentNames] }
  })
  const published = await publishKeyset(staged, { ...world.keyset, recipients })
  const keyset = keysetReference(published)
  const flagged = async ({ referralId }: Referred) => {
    const rows = await sql`
      select from case_flag where referral_id = ${referralId} and kind = 'replaced'`
    return rows.length > 0
  }
  const [own, other] = [matchingOf(stranger()), matchingOf(stranger())]
  const none = { epoch: 1, values: [] }

  const silent = await refer(undefined, { keyset })
  t.equal(await check(silent, own), 'none')
  t.equal(await check(silent, own, staged.reading, 'clinic'), 'same')
  const [row] = await sql`
    select signer, signature from match_check where referral_id = ${silent.referralId}`
  const { kid, publicKey } = world.recipients.clinic.signing
  t.equal(row?.signer, kid, 'who vouched last is kept, by a signature of theirs')
  const bound = headerHash(canonicalBytes(silent.envelope.header))
  const signature = { kid, value: encodeBase64url(row?.signature) }
  t.ok(matchKeysVerify(bound, own, signature, publicKey))
  t.notOk(await flagged(silent), 'what was left out is no lie')
  t.equal(await check(silent, other, staged.reading, 'clinic'), 'other')
  t.ok(await flagged(silent), 'a recipient replaces what another vouched for')

  const empty = await refer(undefined, { keyset })
  t.equal(await check(empty, none), 'same')
  t.equal(await check(empty, own, staged.reading, 'clinic'), 'other')
  t.ok(await flagged(empty), 'that there are none is a word too')

  const lying = await refer(other, { keyset })
  t.equal(await check(lying, none), 'other')
  t.ok(await flagged(lying))
})

t.test('one check among two epochs is not both', async (t) => {
  const person = stranger()
  const keyset = keysetReference(await publishEpochs(staged, 1, 2))
  const previous = matchingOf(person, 1)
  const both = await refer({ ...matchingOf(person, 2), previous }, { keyset })
  const newest = await refer(matchingOf(person, 2), { keyset })
  for (const referred of [both, newest]) await check(referred, matchingOf(person, 2))
  t.notOk(await lists(newest), 'under the older there is nothing to check')
  t.ok(await lists(both), 'its values under the older may be a lie')
  t.equal((await list()).referralIds.filter((id) => id === both.referralId).length, 1)
  await sql`update referral set state = 'accepted' where id = ${both.referralId}`
  t.ok(await lists(both), 'after its case is closed, too')
  await check(both, previous)
  t.notOk(await lists(both))

  await publishEpochs(staged, 2, 3)
  t.notOk(await lists(both), 'of a closed case a new epoch asks for no more')
  t.ok(await lists(newest))
})
