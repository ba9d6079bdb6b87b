/**
 * Goal: a claim and a list give what was asked for, and nothing else; one case that is asked for is leased, or it is
 * said why not.
 */
import t from 'tap'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { noteOn } from '../helpers/note.ts'
import { receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const { lawFirm, ngo } = world.referring
const sql = asSuperuser(t, built.databases)
const calls = {
  casework: await callerOf(world, url, world.clients.casework),
  clinic: await callerOf(world, url, world.clients.clinic),
}
type Who = keyof typeof calls
type Held = { claimId: string; fence: number; referrals: { referralId: string }[] }

const claim = (who: Who, changes: object = {}) =>
  calls[who]('POST', '/v1/triage/claims', {
    recipient: world.recipients[who].receiving.kid,
    ...{ max: 50, leaseSeconds: 60 },
    ...changes,
  })
const release = (who: Who, { claimId, fence }: Held) =>
  calls[who]('POST', `/v1/triage/claims/${claimId}/release`, { fence })

const sent = {
  heathrow: await refer(built),
  kent: await refer(built, ngo, { region: 'kent', channel: 'partner_ngo', urgency: 'urgent' }),
  oxford: await refer(built, ngo, { region: 'oxford', channel: 'partner_ngo' }),
  // Two of one case, of which the second has another region and urgency.
  first: await refer(built, lawFirm, { region: 'gatwick' }),
  second: await refer(built, lawFirm, { region: 'scotland', urgency: 'soon' }),
}
const nobody = sealedByReceipt(world, receiptKeysOfNobody())
await sendPublicly(url, nobody)
const named = {
  ...Object.fromEntries(Object.entries(sent).map(([name, { referralId }]) => [referralId, name])),
  [nobody.header.referralId]: 'nobody',
}
const caseOf = async ({ referralId }: { referralId: string }): Promise<string> => {
  const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
  return row?.case_id
}
await calls.casework('POST', `/v1/cases/${await caseOf(sent.first)}/merge`, {
  otherId: await caseOf(sent.second),
  note: noteOn(world, sent.first),
})
t.afterEach(() => requireBalanced(sql))

const fourHours = new Date(Date.now() + 4.5 * 3_600_000).toISOString()
const filters: [string, object, string, string[]][] = [
  ['a region', { regions: ['kent'] }, 'region=kent', ['kent']],
  ['the region of any of its referrals', { regions: ['scotland'] }, 'region=scotland', ['pair']],
  ['an urgency', { urgencies: ['urgent'] }, 'urgency=urgent', ['kent']],
  ['its highest urgency', { urgencies: ['soon'] }, 'urgency=soon', ['pair']],
  ['a channel', { channels: ['partner_ngo'] }, 'channel=partner_ngo', ['kent', 'oxford']],
  [
    'an organisation',
    { organisations: [ngo.organisationId] },
    `organisation=${ngo.organisationId}`,
    ['kent', 'oxford'],
  ],
  ['nobody behind it', { unverified: true }, 'unverified=true', ['nobody']],
  ['what is due soon', { dueBefore: fourHours }, `dueBefore=${fourHours}`, ['kent']],
  [
    'all that is asked',
    { channels: ['partner_ngo'], regions: ['oxford'] },
    'channel=partner_ngo&region=oxford',
    ['oxford'],
  ],
  ['what nothing fits', { regions: ['lincoln'] }, 'region=lincoln', []],
]
const nameOf = (ids: readonly string[]) => (ids.length > 1 ? 'pair' : named[ids[0]!])

for (const [name, filter, query, expected] of filters) {
  t.test(`a claim and a list by ${name}`, async (t) => {
    const path = `/v1/triage/items?state=waiting&${query}`
    const { items } = (await calls.clinic('GET', path)).body
    t.same(
      items.map(({ referralIds }: { referralIds: string[] }) => nameOf(referralIds)),
      expected,
    )
    const { claims } = (await claim('casework', filter)).body
    t.same(
      claims.map(({ referrals }: Held) => nameOf(referrals.map(({ referralId }) => referralId))),
      expected,
    )
    for (const held of claims) await release('casework', held)
  })
}

t.test('any of several words will do, and an item says what it is', async (t) => {
  const { claims } = (await claim('casework', { regions: ['kent', 'gatwick'] })).body
  t.equal(claims.length, 2)
  const { items } = (await calls.clinic('GET', '/v1/triage/items?state=leased')).body
  const holder = 'Casework app'
  t.match(items, [
    { regions: ['kent'], channels: ['partner_ngo'], organisations: [ngo.organisationId], holder },
    { regions: ['gatwick', 'scotland'], urgency: 'soon', leasedUntil: claims[1].leasedUntil },
  ])
  const { items: waiting } = (await calls.clinic('GET', '/v1/triage/items?state=waiting')).body
  for (const item of waiting) t.notOk('holder' in item || 'leasedUntil' in item)
  const [{ details } = {}] = await sql`
    select details from audit_opening where details ->> 'filters' is not null limit 1`
  t.match(details, { state: 'waiting', filters: /^[a-zA-Z ]+$/ }, 'of a filter its name is logged')
  for (const held of claims) await release('casework', held)
})

t.test('what is leased again and again is listed by how often it was', async (t) => {
  const way = { referral: sent.oxford.referralId }
  const listed = async (state: string, attemptsMin: number) => {
    const query = `/v1/triage/items?state=${state}&attemptsMin=${attemptsMin}`
    const { items } = (await calls.clinic('GET', query)).body
    return items.filter(({ referralIds }: { referralIds: string[] }) =>
      referralIds.includes(way.referral),
    )
  }
  const [{ attempts } = { attempts: 0 }] = await sql<{ attempts: number }[]>`
    select count(*)::int as attempts from triage_attempt attempt
    join triage_item item on item.id = attempt.item_id where item.referral_id = ${way.referral}`
  for (let count = attempts; count < attempts + 2; count += 1) {
    await release('casework', (await claim('casework', way)).body.claims[0])
  }
  t.match(await listed('waiting', attempts + 2), [{ attempts: attempts + 2 }])
  t.same(await listed('waiting', attempts + 3), [])
  const [held] = (await claim('casework', way)).body.claims
  t.match(await listed('leased', attempts + 3), [{ attempts: attempts + 3 }], 'with the present')
  await release('casework', held)
  const none = await calls.clinic('GET', '/v1/triage/items?state=waiting&attemptsMin=0')
  t.equal(none.status, 400)
})

t.test('one case is claimed by its id, or by the reference of a referral', async (t) => {
  const { referralId, acknowledgement } = sent.second
  const ways = [
    { caseId: await caseOf(sent.second) },
    { referral: referralId },
    { referral: acknowledgement.reference },
  ]
  for (const way of ways) {
    const { claims } = (await claim('casework', way)).body
    t.equal(claims.length, 1)
    t.equal(claims[0].referrals.length, 2)
    for (const [who, detail] of [
      ['clinic', /somebody else/],
      ['casework', /your own client/],
    ] as const) {
      const { status, body } = await claim(who, way)
      t.match(
        { status, body },
        { status: 409, body: { code: 'item-held', retry: 'never', detail } },
      )
      t.notMatch(JSON.stringify(body), new RegExp(`${world.clients.casework}|Casework`))
    }
    await release('casework', claims[0])
  }
  await sql`update triage_item set escalated_at = now() where referral_id = ${sent.oxford.referralId}`
  const [escalated] = (await claim('casework', { referral: sent.oxford.referralId })).body.claims
  t.ok(escalated, 'whichever list it is on')
  await release('casework', escalated)
})

t.test('what cannot be had is not found, held or not', async (t) => {
  const wraps = await sql`
    select * from wrap where referral_id = ${sent.kent.referralId}
      and kid = ${world.recipients.clinic.receiving.kid}`
  await sql`
    delete from wrap where referral_id = ${sent.kent.referralId}
      and kid = ${world.recipients.clinic.receiving.kid}`
  const way = { referral: sent.kent.referralId }
  const [held] = (await claim('casework', way)).body.claims
  t.match(await claim('clinic', way), { status: 404, body: { code: 'not-found' } })
  const outcome = { fence: held.fence, outcome: 'accepted', referrals: [sent.kent.referralId] }
  await calls.casework('POST', `/v1/triage/claims/${held.claimId}/completion`, outcome)
  t.match(await claim('casework', way), { status: 404, body: { code: 'not-found' } })
  for (const { referral_id, kid, encapsulated, sealed_keys } of wraps) {
    await sql`insert into wrap values (${referral_id}, ${kid}, ${encapsulated}, ${sealed_keys})`
  }
  for (const referral of ['00000000', '01a20000-0000-7000-8000-000000000000']) {
    t.match(await claim('casework', { referral }), { status: 404, body: { code: 'not-found' } })
  }
})

t.test('a filter that is none is refused', async (t) => {
  const caseId = await caseOf(sent.heathrow)
  const rows: object[] = [
    { regions: [] },
    { regions: ['atlantis'] },
    { regions: ['kent', 'kent'] },
    { organisations: ['x'] },
    { dueBefore: 'tomorrow' },
    { caseId, regions: ['heathrow'] },
    { caseId, unverified: false },
    { caseId, referral: sent.heathrow.referralId },
  ]
  for (const changes of rows) {
    t.equal((await claim('casework', changes)).status, 400, JSON.stringify(changes))
  }
  t.equal((await claim('casework', { dueBefore: '2026-02-30T00:00:00Z' })).status, 200)
  for (const query of [
    'unverified=yes',
    'region=atlantis',
    'dueBefore=now',
    'region=kent&region=kent',
  ]) {
    const { status } = await calls.casework('GET', `/v1/triage/items?state=waiting&${query}`)
    t.equal(status, 400, query)
  }
})
