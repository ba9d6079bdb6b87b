/**
 * Goal: a search finds by what it was given and by nothing else, and no client searches more often
 * than it may, however many it sends at once.
 * Method: the service without HTTP; searches are counted in the access log.
 */
import t from 'tap'
import { matchKeyTypes } from '../../src/protocol/matching/keytypes.ts'
import { requireBalanced } from '../helpers/books.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { keysetReference, publishEpochs, publishKeyset } from '../helpers/publish.ts'
import { stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, refer, check, cases, world } = staged
const { casework, clinic } = staged.callers
t.afterEach(() => requireBalanced(sql))

t.test('by reference alone, or by values with their epoch, and by no half of either', async (t) => {
  const { values, epoch } = matchingOf(stranger())
  const { referralId } = await refer({ values, epoch })
  const [row] = await sql`select reference from referral where id = ${referralId}`
  const { reference } = row as { reference: string }
  const found = { cases: [{ referralIds: [referralId] }] }
  t.match(await cases.search(casework, { reference }), found)
  t.match(await cases.search(casework, { epoch, values }), found)
  const halves = [{}, { epoch }, { values }]
  const mixed = [{ epoch }, { values }, { epoch, values }].map((it) => ({ reference, ...it }))
  for (const request of [...halves, ...mixed]) {
    await t.rejects(cases.search(casework, request), { code: 'malformed-request' })
  }
  await t.rejects(cases.search(casework, { epoch: epoch + 1, values }), {
    code: 'unknown-matching-epoch',
  })
})

t.test(
  'of more searches at once than are left, exactly those that are left are made',
  async (t) => {
    const made = async () => {
      const [row] = await sql`
      select count(*)::int as count from audit_entry e
      join audit_opening o on o.entry_id = e.id
      where e.action = 'case.searched' and e.outcome = 'permitted' and o.client_id = ${clinic.clientId}`
      return row?.count
    }
    const search = () => cases.search(clinic, { reference: 'RI-2222-2222' })
    const answers = await Promise.allSettled(Array.from({ length: 75 }, search))
    const refused = answers.filter(({ status }) => status === 'rejected')
    t.equal(refused.length, 15)
    for (const it of refused) t.match(it, { reason: { code: 'search-budget-spent' } })
    t.equal(await made(), 60)
  },
)

t.test('a type of match key that its epoch leaves out is taken from nobody', async (t) => {
  const { matching } = await publishEpochs(staged, 1, 2)
  const person = stranger()
  const types = matchKeyTypes.filter((type) => type !== 'N')
  const keyset = await publishKeyset(staged, {
    ...world.keyset,
    matching: matching.map((it) => (it.epoch === 2 ? { ...it, epoch: 3, types } : it)),
  })
  const sealedUnder = { keyset: keysetReference(keyset) }
  const all = matchingOf(person, 3)
  const allowed = { epoch: 3, values: all.values.filter(({ type }) => type !== 'N') }
  t.ok(allowed.values.length < all.values.length)
  const refused = { code: 'unknown-matching-epoch' }
  await t.rejects(refer(all, sealedUnder), refused)
  await t.rejects(refer({ ...matchingOf(person, 1), previous: all }, sealedUnder), refused)
  const referred = await refer(allowed, sealedUnder)
  await t.rejects(check(referred, all), refused)
  await t.rejects(cases.search(casework, all), refused)
  t.equal(await check(referred, allowed), 'same')
  t.not(await check(referred, matchingOf(person, 1)), 'same', 'another epoch has them all')
})
