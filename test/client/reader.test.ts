import t from 'tap'
import { completable, createReader, createReferrer } from '../../src/client/index.ts'
import { connect } from '../../src/database/connect.ts'
import { createPublication } from '../../src/directory/publication.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import { signKeyset } from '../../src/protocol/trust/keyset.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { build } from '../helpers/build.ts'
import { callerOf, sealed } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { between, serve } from './between.ts'
import { nextAfter, trust } from './keysets.ts'

t.test(
  'a draft sealed by a partner is claimed, opened and completed by its recipient',
  async (t) => {
    const { url, world } = await build(t)
    const { trust, referring, recipients, clients } = world
    const referrer = createReferrer({
      url,
      trust,
      signer: referring.lawFirm.signing,
      token: () => world.token(referring.lawFirm.clientId),
    })
    const envelope = await referrer.seal({
      channel: 'legal_representative',
      region: 'heathrow',
      referral: { identity: { familyName: 'Okonkwo' } },
    })
    const first = await referrer.submit(envelope)
    t.same(await referrer.submit(envelope), first, 'sent twice, acknowledged alike')

    const reader = createReader({
      url,
      trust,
      recipient: recipients.casework,
      token: () => world.token(clients.casework),
    })
    const [claim, ...others] = await reader.claim({ max: 5, leaseSeconds: 60 })
    t.equal(others.length, 0)
    const opened = await reader.open(claim!.referrals[0]!)
    t.match(opened, {
      opened: true,
      referralId: envelope.header.referralId,
      signedBy: { label: 'Harbour Law' },
      compartments: { identity: { familyName: 'Okonkwo' } },
    })
    t.same(await reader.open(await reader.fetch(first.referralId)), opened)
    const own = { ...claim, referralIds: [first.referralId], references: [first.reference] }
    const { referrals: _, ...expected } = own
    t.match(await reader.ownClaims({ limit: 10 }), { claims: [expected] })
    t.ok((await reader.renew(claim!, 120)).leasedUntil > claim!.leasedUntil)
    await t.rejects(reader.handOver(claim!, claim!.caseId, 60), {
      name: 'ServiceProblem',
      problem: { code: 'not-found' },
    })
    const item = { itemId: claim!.claimId }
    const until = new Date(Date.now() + 3_600_000).toISOString()
    await reader.park(claim!, { reason: 'call_back', until })
    await reader.park(claim!, { reason: 'call_back', until })
    await reader.parkItem({ ...item, fence: claim!.fence + 1 }, { reason: 'waiting_list' })
    await t.rejects(reader.wake({ ...item, fence: claim!.fence }), {
      name: 'ServiceProblem',
      problem: { code: 'item-changed' },
    })
    await reader.wake(item)
    await t.rejects(reader.reopen(claim!.claimId), {
      name: 'ServiceProblem',
      problem: { code: 'not-found' },
    })
    t.match(await reader.setAside({ items: [item.itemId] }), { items: 0 }, 'it is verified')
    const { asideId } = await reader.setAside({ regions: ['kent'] })
    t.same(await reader.wakeAside(asideId), { asideId, items: 0 })
    const [next] = await reader.claim({ max: 5, leaseSeconds: 60 })
    claim!.fence = next!.fence
    const referrals = [first.referralId]
    t.match(await reader.complete(claim!, { outcome: 'accepted', referrals }), {
      outcome: 'accepted',
      late: false,
    })
    t.match(await reader.complete(claim!, { outcome: 'accepted', referrals }), {
      outcome: 'accepted',
    })
    const [again, lost] = await reader.completeSeveral([
      { ...claim!, outcome: 'accepted', referrals },
      { claimId: claim!.claimId, fence: 9, outcome: 'redirected', referrals },
    ])
    t.match(again, { claimId: claim!.claimId, completion: { outcome: 'accepted' } })
    t.match(lost, { claimId: claim!.claimId, problem: { code: 'lease-lost' } })
    await t.rejects(reader.release(claim!), {
      name: 'ServiceProblem',
      problem: { code: 'lease-lost' },
    })
    const { reference } = claim!.referrals[0]!
    await reader.reopen(reference)
    await reader.reopen(claim!.claimId)
    await reader.reopen(reference)
    const [reopened] = await reader.claim({ max: 5, leaseSeconds: 60 })
    t.match(reopened, { fence: 1, dueAt: claim!.dueAt })
    const { attempts } = await reader.attempts(reopened!.claimId)
    const endings = attempts.map(({ ending }) => ending)
    t.same(endings, ['parked', 'completed', undefined])
    t.same((await reader.attempts(reference)).attempts, attempts)
    await t.rejects(reader.attempts('57200012'), { code: 'reference-mistyped' })
  },
)

t.test('what the server cannot be believed in', async (t) => {
  const built = await build(t)
  const { world, url } = built
  const put = await callerOf(world, url, world.referring.lawFirm.clientId)
  const submit = async () => {
    const envelope = sealed(world)
    const { referralId } = envelope.header
    t.equal((await put('PUT', `/v1/referrals/${referralId}`, envelope)).status, 201)
    return referralId
  }
  const [first, second] = [await submit(), await submit()]
  const readerAt = (at: string) =>
    createReader({
      url: at,
      trust: world.trust,
      recipient: world.recipients.clinic,
      token: () => world.token(world.clients.clinic),
    })

  const sql = asSuperuser(t, built.databases)

  /** Turns one bit of a stored compartment. */
  const spoil = (referralId: string, name: string) => sql`
  with spoilt as (
    select at, set_byte(sealed[at], 700, get_byte(sealed[at], 700) # 1) as bytes
    from compartment, array_position(names, ${name}) as at where referral_id = ${referralId})
  update compartment set sealed[at] = bytes from spoilt where referral_id = ${referralId}`
  const whole = createReader({
    ...{ url, trust: world.trust, recipient: world.recipients.casework },
    token: () => world.token(world.clients.casework),
  })

  t.test(
    'a reader is given its own compartments only, and another referral is noticed',
    async (t) => {
      const reader = readerAt(url)
      const released = await reader.fetch(first)
      const opened = await reader.open(released)
      t.ok(opened.opened)
      t.same(Object.keys(opened.opened ? opened.compartments : {}).sort(), [
        'clinical',
        'consent',
        'documents',
        'interpreting',
        'narrative',
      ])
      const other = await reader.fetch(second)
      const liar = await serve(t, () => ({ status: 200, body: JSON.stringify(other) }))
      await t.rejects(readerAt(liar.url).fetch(first), { name: 'BadAnswer' })
      const swapped = { ...released, compartments: other.compartments }
      t.match(await reader.open(swapped), { opened: false, step: 'compartment' })
      const { narrative, ...fewer } = released.compartments
      t.match(await reader.open({ ...released, compartments: fewer }), {
        opened: true,
        withheld: [{ compartment: 'narrative', step: 'wrap' }],
      })
    },
  )

  t.test('a reference that is not of the id, or names another referral, is refused', async (t) => {
    const { reference } = await whole.fetch(first)
    const other = await whole.fetch(second)
    const lying = async (body: object) => {
      const { url: at } = await serve(t, () => ({ status: 200, body: JSON.stringify(body) }))
      return createReader({
        ...{ url: at, trust: world.trust, recipient: world.recipients.casework },
        token: () => 'x',
      })
    }
    const named = { ...other, reference }
    const item = {
      ...{ claimId: newId(), fence: 1, caseId: newId(), urgency: 'urgent' },
      ...{ dueAt: other.receivedAt, leasedUntil: other.receivedAt, unverified: false },
    }
    const member = {
      receivedAt: other.receivedAt,
      state: 'received',
      keys: 'none',
      notes: 0,
      unread: 0,
    }
    const shownCase = (of: { referralId: string; reference: string }) => {
      const { referralId, reference } = of
      const referrals = [{ ...member, referralId, reference }]
      return { caseId: item.caseId, referrals, judgements: [], flags: [] }
    }
    const [fetched, wrongly, claimed, wrongCase, otherCase, matches, found] = await Promise.all([
      lying(named),
      lying({ ...other, reference: '57200004' }),
      lying({ claims: [{ ...item, referrals: [{ ...named, answered: false }] }] }),
      lying(shownCase(named)),
      lying(shownCase(other)),
      lying({ caseId: item.caseId, referralIds: [second], possibleMatches: [] }),
      lying({ cases: [{ caseId: item.caseId, referralIds: [second] }] }),
    ])
    const refused: Record<string, () => Promise<unknown>> = {
      'another referral': () => fetched.fetch(reference),
      'by its id': () => wrongly.fetch(second),
      'a claim': () => claimed.claim({ max: 1, leaseSeconds: 60 }),
      'a case': () => wrongCase.case(item.caseId),
      'another case': () => otherCase.case(reference),
      'possible matches': () => matches.possibleMatches(reference),
      'a search': () => found.search({ reference }),
    }
    for (const [name, ask] of Object.entries(refused)) {
      await t.rejects(ask(), { name: 'Refusal', code: 'reference-mismatch' }, name)
    }
    t.equal((await otherCase.case(other.reference)).referrals[0]?.referralId, second)
    t.match(await matches.possibleMatches(other.reference), { referralIds: [second] })
    t.match(await found.search({ reference: other.reference }), { cases: [{}] })
  })

  t.test(
    'what is stated of urgency is what was shown, whatever time of receipt is named',
    async (t) => {
      const removalAt = new Date(Date.now() + 60 * 3_600_000).toISOString()
      const referral = completeReferral({ legal: { removal: { removalAt } } })
      const envelope = sealed(world, { referral, urgency: 'standard' })
      const { referralId } = envelope.header
      t.equal((await put('PUT', `/v1/referrals/${referralId}`, envelope)).status, 201)
      const line = await between(t, url, (answer) => answer)
      const reader = createReader({
        ...{ url: line.url, trust: world.trust, recipient: world.recipients.casework },
        token: () => world.token(world.clients.casework),
      })
      const receivedAt = new Date(Date.now() + 120 * 3_600_000).toISOString()
      const opened = await reader.open({ ...(await reader.fetch(referralId)), receivedAt })
      if (!opened.opened) throw new Error(opened.detail)
      const proposal = { urgency: 'immediate', ruleIds: ['removal-72h'] }
      t.match(opened.urgency, { compared: true, differs: true, proposal })
      t.match(await reader.stateUrgency(opened), { before: 'standard', urgency: 'immediate' })
      const stated = line.passed.filter(({ method }) => method === 'PUT')
      t.match(
        stated.map(({ body }) => JSON.parse(body).urgency),
        ['immediate'],
      )
    },
  )

  t.test('of a stored compartment that has changed, nine others open', async (t) => {
    const referralId = await submit()
    const before = await whole.open(await whole.fetch(referralId))
    // A claim passes by an item that is just being raised.
    if (before.opened) await whole.stateUrgency(before)
    await spoil(referralId, 'clinical')
    const claims = await whole.claim({ max: 50, leaseSeconds: 30 })
    const claimed = claims.flatMap(({ referrals }) => referrals)
    const taken = claimed.find((it) => it.referralId === referralId)
    for (const released of [await whole.fetch(referralId), taken!]) {
      const opened = await whole.open(released)
      if (!opened.opened || !before.opened) throw new Error('it did not open at all')
      const { clinical, ...others } = before.compartments
      t.equal(Object.keys(others).length, 9)
      t.same(opened.compartments, others)
      t.match(opened.withheld, [{ compartment: 'clinical', step: 'compartment' }])
      t.equal(opened.withheld.length, 1)
      t.same(opened.urgency, { compared: false, withheld: true })
      t.equal(await whole.stateUrgency(opened), 'withheld')
      const partly = readerAt(url)
      const part = await partly.open(await partly.fetch(referralId))
      if (!part.opened) throw new Error(part.detail)
      t.equal(await partly.stateUrgency(part), undefined, 'who does not hold it says no such thing')
    }
    await sql`
      update compartment set names = array_replace(names, 'legal', 'none')
      where referral_id = ${referralId}`
    const fewer = await whole.open(await whole.fetch(referralId))
    t.match(fewer, {
      opened: true,
      withheld: [{ compartment: 'legal' }, { compartment: 'clinical' }],
    })
    for (const { claimId, fence } of claims) await whole.release({ claimId, fence })
  })

  t.test('of a joint item what opens is answered, and the rest reported by itself', async (t) => {
    const [sound, spoilt] = [await submit(), await submit()]
    await spoil(spoilt, 'legal')
    const caseOf = async (id: string) => {
      const { reference } = await whole.fetch(id)
      return (await whole.search({ reference })).cases[0]!.caseId
    }
    await whole.merge(await caseOf(sound), await caseOf(spoilt))

    /** As the example of \`createReader\` does it. */
    const work = async () => {
      const claims = await whole.claim({ max: 50, leaseSeconds: 30 })
      const joint = claims.find(({ referrals }) => {
        return referrals.some(({ referralId }) => referralId === spoilt)
      })
      const waiting = joint!.referrals.filter(({ answered }) => !answered)
      const results = await Promise.all(waiting.map(whole.open))
      // A claim passes by an item that is just being raised.
      for (const result of results) if (result.opened) await whole.stateUrgency(result)
      const { referrals, step } = completable(results)
      await whole.complete(
        joint!,
        step ? { outcome: 'unopenable', step, referrals } : { outcome: 'accepted', referrals },
      )
      for (const claim of claims) if (claim !== joint) await whole.release(claim)
      return { referrals, step, claimed: joint!.referrals.length }
    }
    const states = async () => [(await whole.fetch(sound)).state, (await whole.fetch(spoilt)).state]
    t.match(await work(), { referrals: [sound], step: undefined, claimed: 2 })
    t.same(await states(), ['accepted', 'in_triage'])
    t.match(await work(), { referrals: [spoilt], step: 'compartment', claimed: 2 })
    t.same(await states(), ['accepted', 'in_triage'])
  })

  t.test('what was not asked for is not missed, and what was is', async (t) => {
    const referralId = await submit()
    const line = await between(t, url, (answer, { path }) => {
      if (path !== '/v1/triage/claims') return answer
      const { claims } = JSON.parse(answer.body)
      for (const { referrals } of claims) delete referrals[0].compartments.narrative
      return { ...answer, body: JSON.stringify({ claims }) }
    })
    const openBy = async (at: string, compartments: ('clinical' | 'narrative')[]) => {
      const reader = readerAt(at)
      const request = { max: 1, leaseSeconds: 30, referral: referralId, compartments }
      const [claim] = await reader.claim(request)
      const opened = await reader.open(claim!.referrals[0]!)
      await reader.release(claim!)
      return { claim, opened }
    }
    const { claim, opened } = await openBy(url, ['clinical'])
    t.match(opened, { opened: true, withheld: [], urgency: { compared: false } })
    t.same(opened.opened && Object.keys(opened.compartments), ['clinical'])
    t.same(completable([opened]), { referrals: [referralId] })
    const kept = structuredClone(claim!.referrals[0]!)
    t.match(await readerAt(url).open(kept), { withheld: [{ step: 'wrap' }] }, 'by any other reader')
    const none = (await openBy(url, [])).opened
    t.match(none, { opened: true, withheld: [], compartments: {} })
    const lied = (await openBy(line.url, ['clinical', 'narrative'])).opened
    t.match(lied, { opened: true, withheld: [{ compartment: 'narrative', step: 'wrap' }] })
    const whole = readerAt(url)
    const [last] = await whole.claim({ max: 1, leaseSeconds: 30, referral: referralId })
    await whole.complete(last!, { outcome: 'accepted', referrals: [referralId] })
  })

  t.test('a claim whose answer is lost is sent again, and gets the same items', async (t) => {
    const answers: string[] = []
    const line = await between(t, url, (answer, { method }) => {
      if (method === 'POST') answers.push(answer.body)
      return answers.length === 1 ? undefined : answer
    })
    await submit()
    const [claim, ...others] = await readerAt(line.url).claim({ max: 1, leaseSeconds: 30 })
    t.same(others, [])
    t.equal(claim!.referrals.length, 1)
    t.match(answers, [answers[0], answers[0]])
    const [key, ...keys] = line.passed.map(({ key }) => key)
    t.same(keys, [key])
    await readerAt(url).release(claim!)
  })

  t.test('a referral sealed under an older keyset opens, by the chain of keysets', async (t) => {
    const early = readerAt(url)
    const released = await early.fetch(first)
    t.match(await early.open(released), { opened: true })
    const database = connect({ url: built.databases.ownerUrl, connectionsMax: 1, prepare: true })
    t.teardown(() => database.close())
    const publication = createPublication(database)
    const next = signKeyset(nextAfter(world.keyset), world.roots[1])
    t.equal(await publication.publishKeyset(next, world.trust), 2)

    t.match(await early.open(released), { opened: true }, 'by who has not seen the newer one')
    const late = readerAt(url)
    t.equal((await late.keyset()).keyset.version, 2)
    t.match(await late.open(released), { opened: true })
    const forged = { ...released.header.keyset, sha256: 'A'.repeat(43) }
    const header = { ...released.header, keyset: forged }
    t.match(await late.open({ ...released, header }), { opened: false, step: 'keyset' })
    const line = await between(t, url, (answer, { path }) =>
      path === '/v1/keyset/1' ? { ...answer, body: JSON.stringify({ keyset: next }) } : answer,
    )
    await t.rejects(readerAt(line.url).open(released), { code: 'trust-invalid' })
  })
})

t.test('a mistyped reference is refused before anything is asked', async (t) => {
  const { url, passed } = await serve(t, () => ({ status: 200, body: '{}' }))
  const recipient = { signing: generateSigningKey(), receiving: generateRecipientKey() }
  const reader = createReader({ url, trust, recipient, token: () => 'x' })
  const right = '12345671'
  const id = newId()
  for (const wrong of ['12345672', '12345617', '21345671']) {
    const [lease, held] = [
      { claimId: wrong, fence: 1 },
      { claimId: id, fence: 1 },
    ]
    const outcome = (name: string) => ({ outcome: 'accepted', referrals: [right, name] }) as const
    const calls: Record<string, () => Promise<unknown>> = {
      fetch: () => reader.fetch(wrong),
      renew: () => reader.renew(lease, 60),
      release: () => reader.release(lease),
      complete: () => reader.complete(lease, outcome(id)),
      'complete, of a referral': () => reader.complete(held, outcome(wrong)),
      case: () => reader.case(wrong),
      possibleMatches: () => reader.possibleMatches(wrong),
      decide: () => reader.decide(wrong, id, 'same'),
      'decide, of the other': () => reader.decide(id, wrong, 'same'),
      merge: () => reader.merge(wrong, id),
      'merge, of the other': () => reader.merge(id, wrong),
      split: () => reader.split(wrong, [right], 'unsure'),
      'split, of a referral': () => reader.split(id, [right, wrong], 'unsure'),
      clearFlags: () => reader.clearFlags(wrong),
      search: () => reader.search({ reference: wrong }),
    }
    for (const [name, refused] of Object.entries(calls)) {
      const asked = Promise.resolve().then(refused)
      await t.rejects(asked, { name: 'Refusal', code: 'reference-mistyped' }, `${name} ${wrong}`)
    }
  }
  t.equal(passed.length, 0)
  await t.rejects(reader.case(right), { name: 'BadAnswer' })
  t.equal(passed.length, 1, 'the right one is asked for')
})
