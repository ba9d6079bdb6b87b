import t from 'tap'
import { createReader, createReferrer } from '../../src/client/index.ts'
import { build } from '../helpers/build.ts'

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
    t.ok((await reader.renew(claim!, 120)).leasedUntil > claim!.leasedUntil)
    const referrals = [first.referralId]
    t.match(await reader.complete(claim!, { outcome: 'accepted', referrals }), {
      outcome: 'accepted',
      late: false,
    })
    t.match(await reader.complete(claim!, { outcome: 'accepted', referrals }), {
      outcome: 'accepted',
    })
    await t.rejects(reader.release(claim!), {
      name: 'ServiceProblem',
      problem: { code: 'lease-lost' },
    })
  },
)
