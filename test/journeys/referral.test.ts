/**
 * One referral from the person who writes it to the person who answers, and what an auditor sees of
 * it: over HTTP, with nothing known to one of them that it was not given.
 */
import t from 'tap'
import { openReferral } from '../../src/protocol/envelope/open.ts'
import { sealReferral } from '../../src/protocol/envelope/seal.ts'
import { acceptDirectory } from '../../src/protocol/trust/directory.ts'
import { acceptKeyset } from '../../src/protocol/trust/keyset.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { callerOf } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

t.test(
  'a referral goes from a law firm to a caseworker, and the log tells of each step',
  async (t) => {
    const built = await build(t)
    const { world, url } = built
    const sql = asSuperuser(t, built.databases)
    const { lawFirm } = world.referring
    const now = new Date()

    t.comment('the law firm: the keyset, believed only by its pinned root')
    const asLawFirm = await callerOf(world, url, lawFirm.clientId)
    const { body: served } = await asLawFirm('GET', '/v1/keyset')
    const keyset = acceptKeyset(served.keyset, world.trust, undefined, now)
    const referralId = newId()
    const envelope = sealReferral({
      referral: completeReferral({
        identity: { familyName: 'Okonkwo' },
        narrative: { story: 'Zuleika has not slept since Monday.' },
      }),
      ...{ referralId, keyset, now, signer: lawFirm.signing },
      ...{ channel: 'legal_representative', urgency: 'urgent', region: 'heathrow' },
    })
    const submitted = await asLawFirm('PUT', `/v1/referrals/${referralId}`, envelope)
    t.equal(submitted.status, 201)
    await untilPaired(sql)

    t.comment('the caseworker: claims, verifies and opens with keys that the service never had')
    const asCasework = await callerOf(world, url, world.clients.casework)
    const reader = world.recipients.casework.receiving
    const claim = { recipient: reader.kid, max: 5, leaseSeconds: 600 }
    const [claimed] = (await asCasework('POST', '/v1/triage/claims', claim)).body.claims
    const { body } = await asCasework('GET', '/v1/directory')
    const { directory } = acceptDirectory(body.directory, keyset.keyset, undefined, now)
    const [released] = claimed.referrals
    const opened = openReferral(released, {
      ...{ referralId, reader, directory, receivedAt: new Date(released.receivedAt), now },
      keysets: new Map([[keyset.sha256, keyset.keyset]]),
    })
    t.match(opened, {
      opened: true,
      signedBy: { organisation: lawFirm.organisationId, label: 'Harbour Law' },
      compartments: { identity: { familyName: 'Okonkwo' } },
    })
    const completion = { fence: claimed.fence, outcome: 'accepted', referrals: [referralId] }
    const path = `/v1/triage/claims/${claimed.claimId}/completion`
    t.match(await asCasework('POST', path, completion), { status: 200, body: { late: false } })

    t.comment('the auditor: every step, by whom, and nothing of what was said')
    const asAuditor = await callerOf(world, url, world.clients.auditor)
    const log = await asAuditor('GET', `/v1/audit/entries?object=${referralId}`)
    const steps = log.body.entries.map((entry: { action: string; opening: { actor: object } }) => [
      entry.action,
      entry.opening.actor,
    ])
    const by = (client: string, organisation: string, ...labels: [string, string]) => ({
      ...{ client, organisation },
      labels: { client: labels[0], organisation: labels[1] },
    })
    const { telephone } = world.referring
    const labels = ['Casework app', 'The charity'] as const
    const caseworker = by(world.clients.casework, telephone.organisationId, ...labels)
    t.same(steps, [
      ['referral.answered', caseworker],
      ['referral.opened', caseworker],
      ['referral.paired', undefined],
      [
        'referral.submitted',
        by(lawFirm.clientId, lawFirm.organisationId, 'Harbour Law client', 'Harbour Law'),
      ],
    ])
    t.match(log.body.entries.at(-1), {
      id: submitted.body.entryId,
      object: { id: referralId, digest: submitted.body.envelopeHash },
    })
    t.ok(log.body.entries.every(({ intact }: { intact: boolean }) => intact))
    t.notMatch(JSON.stringify(log.body) + built.log(), /okonkwo|zuleika/i)
    await requireBalanced(sql)
  },
)
