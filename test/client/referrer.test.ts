import t from 'tap'
import type { World } from '../../examples/ceremony.ts'
import { createReferrer, type Draft } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { makeReference } from '../../src/protocol/envelope/acknowledgement.ts'
import { envelopeHash, hashesOf, headerHash } from '../../src/protocol/envelope/envelope.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { build } from '../helpers/build.ts'
import { between, serve } from './between.ts'

const draft: Draft = {
  channel: 'legal_representative',
  region: 'heathrow',
  referral: { identity: { familyName: 'Okonkwo' } },
}

function lawFirm(url: string, { trust, referring, token }: World, changes = {}) {
  const { signing, clientId } = referring.lawFirm
  return createReferrer({ url, trust, signer: signing, token: () => token(clientId), ...changes })
}

t.test('against the service', async (t) => {
  const { url, world, database } = await build(t)
  const count = () =>
    database.inTransaction({ kind: 'system', request: 'count' }, async (tx) => {
      const [row] = await tx.sql<{ count: number }[]>`select count(*)::int from referral`
      return row?.count
    })

  t.test('an answer that is lost is asked for again, and one referral is stored', async (t) => {
    let lost = 0
    const line = await between(t, url, (answer, { method }) => {
      if (method !== 'PUT' || lost === 2) return answer
      lost += 1
      return undefined
    })
    const referrer = lawFirm(line.url, world)
    const before = await count()
    const envelope = await referrer.seal(draft)
    const acknowledgement = await referrer.submit(envelope)
    t.equal(acknowledgement.referralId, envelope.header.referralId)
    const bodies = line.passed.filter(({ method }) => method === 'PUT').map(({ body }) => body)
    t.equal(bodies.length, 3)
    t.equal(new Set(bodies).size, 1, 'the same bytes each time')
    t.equal(await count(), (before ?? 0) + 1)
  })

  t.test('an acknowledgement of other bytes, or of another referral, is refused', async (t) => {
    const lies = [
      { envelopeHash: 'A'.repeat(43) },
      { referralId: '01890000-0000-7000-8000-000000000000' },
      { reference: '<b>1</b>' },
    ]
    for (const lie of lies) {
      const line = await between(t, url, (answer, { method }) => {
        if (method !== 'PUT') return answer
        return { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), ...lie }) }
      })
      const referrer = lawFirm(line.url, world)
      await t.rejects(referrer.submit(await referrer.seal(draft)), { name: 'BadAnswer' })
    }
  })

  t.test('an acknowledgement by a reference that is not of the id is refused', async (t) => {
    const sentOver = async (referenceOf: (id: string) => string) => {
      const line = await between(t, url, (answer, { method }) => {
        if (method !== 'PUT') return answer
        const body = JSON.parse(answer.body)
        return {
          ...answer,
          body: JSON.stringify({ ...body, reference: referenceOf(body.referralId) }),
        }
      })
      const referrer = lawFirm(line.url, world)
      return referrer.submit(await referrer.seal(draft))
    }
    for (const tries of [1, 2, 3, 4, 5]) {
      await t.resolves(sentOver((id) => makeReference(id, tries)))
    }
    for (const another of [
      (id: string) => makeReference(id, 6),
      () => makeReference('01890000-0000-7000-8000-000000000000', 1),
    ]) {
      await t.rejects(sentOver(another), { name: 'Refusal', code: 'reference-mismatch' })
    }
  })

  t.test('an acknowledgement of an envelope whose wraps were blanked is refused', async (t) => {
    const envelope = await lawFirm(url, world).seal(draft)
    const blanked = structuredClone(envelope)
    blanked.wraps[0]!.sealedKeys = 'A'.repeat(blanked.wraps[0]!.sealedKeys.length)
    const bound = headerHash(canonicalBytes(envelope.header))
    const hashOf = (of: typeof envelope) => encodeBase64url(envelopeHash(bound, hashesOf(of)))
    const acknowledging = async (hash: string) => {
      const line = await serve(t, () => ({
        status: 201,
        body: JSON.stringify({
          referralId: envelope.header.referralId,
          reference: makeReference(envelope.header.referralId, 5),
          receivedAt: '2026-11-22T09:30:00.000Z',
          envelopeHash: hash,
          entryId: envelope.header.referralId,
        }),
      }))
      return lawFirm(line.url, world).submit(envelope)
    }
    await t.resolves(acknowledging(hashOf(envelope)))
    await t.rejects(acknowledging(hashOf(blanked)), { name: 'BadAnswer' })
  })

  t.test('a refusal carries the whole problem document', async (t) => {
    const referrer = lawFirm(url, world, { signer: generateSigningKey() })
    await t.rejects(referrer.submit(await referrer.seal(draft)), {
      name: 'ServiceProblem',
      problem: {
        type: /unknown-signer/,
        title: String,
        status: 422,
        detail: String,
        instance: /^urn:uuid:/,
        code: 'unknown-signer',
        stored: false,
        retry: 'never',
        next: String,
      },
    })
  })

  t.test('a draft that does not fit is refused by field, and nothing is sent', async (t) => {
    const line = await between(t, url, (answer) => answer)
    const broken = { ...draft, referral: { identity: { familyName: 7 } } } as unknown as Draft
    await t.rejects(lawFirm(line.url, world).seal(broken), {
      name: 'DraftRefused',
      code: 'referral-invalid',
      problems: [{ pointer: '/referral/identity/familyName' }],
    })
    t.equal(line.passed.length, 0)
  })

  t.test('a person can raise the urgency and not lower it', async (t) => {
    const referrer = lawFirm(url, world)
    const urgencyOf = async (urgency: Draft['urgency']) =>
      (await referrer.seal({ ...draft, ...(urgency && { urgency }) })).header.urgency
    t.equal(await urgencyOf(undefined), 'urgent', 'the safety questions were not asked')
    t.equal(await urgencyOf('standard'), 'urgent')
    t.equal(await urgencyOf('immediate'), 'immediate')
  })

  t.test('where the clocks differ it is told once, and the graver urgency stands', async (t) => {
    const hour = 3_600_000
    const urgencies = async (aheadMs: number, removalInHours: number) => {
      const skews: number[] = []
      const line = await between(t, url, (answer) => {
        const date = new Date(Date.now() + aheadMs).toUTCString()
        return { ...answer, headers: { date } }
      })
      const onClockSkew = (skew: { aheadMs: number }) => skews.push(skew.aheadMs)
      const referrer = lawFirm(line.url, world, { onClockSkew, onWarnings: () => {} })
      const removalAt = new Date(Date.now() + removalInHours * hour).toISOString()
      const leaving: Draft = { ...draft, referral: { legal: { removal: { removalAt } } } }
      const first = (await referrer.seal(leaving)).header.urgency
      t.equal((await referrer.seal(leaving)).header.urgency, first)
      return [first, ...skews.map((ms) => Math.round(ms / hour))]
    }
    t.strictSame(await urgencies(0, 100), ['urgent'])
    t.strictSame(await urgencies(4 * 60_000, 100), ['urgent'], 'as clocks are kept')
    t.strictSame(await urgencies(48 * hour, 100), ['immediate', 48], 'this one is behind')
    t.strictSame(await urgencies(-48 * hour, 50), ['immediate', -48], 'a server cannot lower it')
  })

  t.test('what is worth a second look is told, and sealed all the same', async (t) => {
    const told: { warnings: readonly { pointer: string }[] }[] = []
    const referrer = lawFirm(url, world, { onWarnings: (warned: never) => told.push(warned) })
    await referrer.seal({ ...draft, referral: { clinical: { foodRefusalSince: '2126-01-01' } } })
    await referrer.seal(draft)
    t.strictSame(
      told.map(({ warnings }) => warnings.map(({ pointer }) => pointer)),
      [['/referral/clinical/foodRefusalSince']],
    )
    await t.rejects(referrer.seal({ ...draft, respondBy: '2020-01-01' }), {
      code: 'referral-invalid',
      problems: [{ pointer: '/respondBy', detail: 'lies in the past.' }],
    })
  })

  t.test('text typed on any keyboard is sealed', async (t) => {
    const decomposed = { ...draft, referral: { identity: { familyName: 'Zoë'.normalize('NFD') } } }
    await t.resolves(lawFirm(url, world).seal(decomposed))
  })
})
