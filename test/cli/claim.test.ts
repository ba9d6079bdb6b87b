import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Referring } from '../../examples/ceremony.ts'
import { createReader, newId } from '../../src/client/index.ts'
import { makeReference } from '../../src/protocol/envelope/acknowledgement.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { build } from '../helpers/build.ts'
import { receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, sealed, signatureOf } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { forgedIn, planted } from './forged.ts'
import { intake, partyOf, tooWide, unbroken } from './run.ts'

const referenceOf = (referralId: string) => makeReference(referralId, 1)

/** The arguments of the command that is proposed, as a shell reads them. */
function nextOf(out: string): string[] {
  const [, command = ''] = /^When done: intake ((.*\\\n)*.*)$/m.exec(out) ?? []
  return command.replaceAll('\\\n', ' ').split(/ +/)
}

t.test('against the service', async (t) => {
  const { url, world, databases } = await build(t)
  const sql = asSuperuser(t, databases)
  const put = await callerOf(world, url, world.referring.lawFirm.clientId)
  const submit = async (story: string) => {
    const referral = completeReferral({
      identity: { familyName: 'Okonkwo' },
      narrative: { story },
    })
    const envelope = sealed(world, { referral, referralId: newId() })
    const { referralId } = envelope.header
    t.equal((await put('PUT', `/v1/referrals/${referralId}`, envelope)).status, 201)
    return referralId
  }
  /** One of which two compartments open for nobody: sealed under no key that was committed to. */
  const submitSpoilt = async (story: string, by: Referring) => {
    const referral = completeReferral({ narrative: { story } })
    const envelope = sealed(world, { referral, referralId: newId(), signer: by.signing })
    const { compartments } = envelope
    compartments.legal = compartments.legal.replace(/^.{20}/, 'A'.repeat(20))
    compartments.consent = compartments.consent.replace(/^.{20}/, 'A'.repeat(20))
    envelope.signature = signatureOf(envelope, by.signing)
    const { referralId } = envelope.header
    const partner = await callerOf(world, url, by.clientId)
    t.equal((await partner('PUT', `/v1/referrals/${referralId}`, envelope)).status, 201)
    return referralId
  }
  const casework = await partyOf(t, {
    url,
    world,
    clientId: world.clients.casework,
    keys: world.recipients.casework,
  })
  const run = async (...args: string[]) => unbroken(await intake(args, casework.environment))

  t.test('work is claimed, opened and completed', async (t) => {
    const referralId = await submit('a story')
    const claimed = await run('claim', '--max', '5', '--json')
    t.equal(claimed.code, 0, claimed.err)
    const [claim, ...others] = JSON.parse(claimed.out).claims
    t.equal(others.length, 0)
    t.match(claim.referrals, [
      {
        opened: true,
        referralId,
        signedBy: { label: 'Harbour Law' },
        compartments: { narrative: { story: 'a story' } },
      },
    ])
    const lease = [claim.claimId, '--fence', String(claim.fence)]
    const mine = await run('mine')
    t.match(mine, { code: 0, out: new RegExp(`^Item ${claim.claimId}, fence ${claim.fence}: `) })
    t.match(mine.out, /^ {2}Due 2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d, in \d.*\n {2}Yours until 2/m)
    t.same(tooWide(mine.out), [])
    await sql`update triage_item set due_at = '2026-07-01T11:00:00Z', own_due_at = '2026-07-01T11:00:00Z'`
    t.match(
      (await run('mine')).out,
      /^ {2}Overdue since 2026-07-01 12:00:00, by \d+ days$/m,
      'by summer time',
    )
    t.equal((await run('renew', ...lease)).code, 0)
    t.match(await run('complete', ...lease, '--outcome', 'accepted'), {
      code: 2,
      err: /--referral/,
    })
    const done = await run('complete', ...lease, '--referral', referralId, '--outcome', 'accepted')
    t.match(done, { code: 0, out: /^Completed as accepted$/m })
    t.match(await run('release', ...lease), { code: 1, err: /lease-lost[\s\S]*Next: / })
    t.match(await run('claim'), { code: 0, out: /no work/ })
    t.match(await run('mine'), { code: 0, out: /^No item is yours\.$/m })
    for (const { out, err } of [claimed, done]) t.notOk((out + err).includes(casework.token))
  })

  t.test('work is chosen by what it is, or by the reference that somebody reads out', async (t) => {
    const referralId = await submit('chosen')
    const [{ reference } = {}] = await sql`select reference from referral where id = ${referralId}`
    const none = { code: 0, out: /no work/ }
    t.match(await run('claim', '--region', 'kent', '--region', 'lincoln'), none)
    t.match(await run('claim', '--urgency', 'immediate'), none)
    t.match(await run('claim', '--channel', 'family_friend'), none)
    t.match(await run('claim', '--organisation', newId()), none)
    t.match(await run('claim', '--overdue'), none)
    t.match(await run('claim', '--due-before', '2026-07-01T09:00:00Z'), none)
    t.match(await run('claim', '--due-before', 'soon'), { code: 2, err: /such as "2026/ })
    t.match(await run('claim', '--compartment', 'gossip'), { code: 2, err: /is one of/ })
    t.match(await run('claim', '--region', 'atlantis'), { code: 2, err: /--region is one of/ })
    const both = ['--referral', referralId, '--overdue']
    t.match(await run('claim', ...both), { code: 2, err: /no other flag/ })
    const { organisationId } = world.referring.lawFirm
    const fitting = [
      '--region',
      'heathrow',
      '--urgency',
      'standard',
      '--organisation',
      organisationId,
    ]
    const claimed = await run('claim', '--json', '--channel', 'legal_representative', ...fitting)
    const [{ claimId, fence, referrals }] = JSON.parse(claimed.out).claims
    t.match(referrals, [{ referralId }])
    t.match(await run('claim', '--referral', reference), {
      code: 1,
      err: /item-held[\s\S]*own client/,
    })
    t.equal((await run('release', claimId, '--fence', String(fence))).code, 0)
    t.match(await run('claim', '--referral', reference), { code: 0, out: /chosen/ })
    t.equal((await run('release', reference)).code, 0)
    const [{ caseId } = {}] =
      await sql`select case_id as "caseId" from triage_item where referral_id = ${referralId}`
    const part = await run('claim', '--case', caseId, '--compartment', 'identity', '--json')
    const [{ compartments }] = JSON.parse(part.out).claims[0].referrals
    t.same(Object.keys(compartments), ['identity'])
    const park = (...args: string[]) => run('park', reference, ...args)
    t.match(await park('--reason', 'tired'), { code: 2, err: /--reason is one of call_back/ })
    t.match(await park('--reason', 'call_back', '--until', '17:00'), { code: 2, err: /such as/ })
    const parked = await park('--reason', 'call_back', '--until', '2027-06-30 17:00')
    t.match(parked, { code: 0, out: /^Parked, to be called back, until 2027-06-30 17:00:00$/m })
    const [until] = await sql`
      select parked_until from triage_item where referral_id = ${referralId}`
    t.same(until, { parked_until: new Date('2027-06-30T16:00:00Z') }, 'by summer time')
    t.match(await run('release', reference), { code: 1, err: /yours/ })
  })

  t.test('what a stranger wrote moves no cursor, and begins no line', async (t) => {
    const referralId = await submit(planted)
    const claimed = await run('claim')
    t.same(forgedIn(claimed), [])
    const opened = await run('open', referralId, '--json')
    t.same(forgedIn(opened), [])
    const { story } = JSON.parse(opened.out).compartments.narrative
    t.equal(story, planted, 'a program reads what was written')
    t.match(
      claimed.out,
      /intake complete [0-9a-f-]{36} --fence \d+ \\\n {4}--referral \d{8} --outcome accepted/,
    )
  })

  t.test('opened into files, for their owner alone', async (t) => {
    const folder = join(casework.folder, 'opened')
    const referralId = await submit('kept quiet')
    const claimed = await run('claim', '--out', folder)
    t.notMatch(claimed.out, /kept quiet/)
    t.same(await readdir(folder), [`${referralId}.json`])
    const file = join(folder, `${referralId}.json`)
    t.equal((await stat(file)).mode & 0o777, 0o600)
    t.match(await readFile(file, 'utf8'), /kept quiet/)
  })

  t.test('one referral opens by its id, and from the file of what was released', async (t) => {
    const referralId = await submit('by id')
    t.match(await run('open', referralId), { code: 0, out: /by id/ })
    const get = await callerOf(world, url, world.clients.casework)
    const { kid } = world.recipients.casework.receiving
    const released = (await get('GET', `/v1/referrals/${referralId}?recipient=${kid}`)).body
    const file = join(casework.folder, 'released.json')
    await writeFile(file, JSON.stringify(released))
    t.match(await run('open', file), { code: 0, out: /by id/ })

    const cut = {
      ...released,
      compartments: { ...released.compartments, narrative: 'A'.repeat(10_961) },
    }
    await writeFile(file, JSON.stringify(cut))
    const cutOut = /Does not open: narrative, at the step compartment/
    t.match(await run('open', file), { code: 1, out: cutOut })
    const unsigned = { ...released, signature: { ...released.signature, value: 'A'.repeat(86) } }
    await writeFile(file, JSON.stringify(unsigned))
    t.match(await run('open', file), { code: 1, out: /does not open, at the step signature/ })
    t.match(await run('open', newId()), { code: 1, err: /not-found/ })
  })

  t.test('of a referral that opens in part the rest is shown, and its step reported', async (t) => {
    const referralId = await submitSpoilt('the rest', world.referring.lawFirm)
    const named = /Does not open: legal, at the step compartment/
    const hidden =
      /Urgency: not compared, some of what .* does not open.*\n {2}Consent to an assessment: not known/
    const opened = await run('open', referralId)
    t.match(opened, { code: 1, out: named })
    t.match(opened.out, /the rest/)
    t.match(opened.out, hidden)
    t.notMatch(opened.out, /you do not hold/)
    t.match(
      opened.err,
      /The urgency of .* is not stated: some of what the rules read does not open/,
    )
    const file = join(casework.folder, 'part.json')
    const written = await run('open', referralId, '--out', file)
    t.match(written, { code: 1, out: named })
    t.match(written.out, hidden)
    t.match(JSON.parse(await readFile(file, 'utf8')), {
      compartments: { narrative: { story: 'the rest' } },
      withheld: [
        { compartment: 'consent', step: 'compartment' },
        { compartment: 'legal', step: 'compartment' },
      ],
    })
    const claimed = await run('claim', '--max', '50')
    t.match(claimed, { code: 1, out: /Does not open: consent, legal, at the step compartment/ })
    t.match(claimed.out, hidden)
    const reference = referenceOf(referralId)
    const own = claimed.out.split('\n\n').find((work) => work.includes(reference)) ?? ''
    t.equal((await run('release', reference)).code, 0)
    const full = await run('claim', '--full', '--referral', referralId)
    t.match(full, { code: 1, out: named })
    t.match(full.out, `Referral ${referralId}, reference ${reference}\n`)
    const next = nextOf(full.out)
    for (const words of [next, nextOf(own)]) {
      t.same(words.slice(-4), ['--outcome', 'unopenable', '--step', 'compartment'])
    }
    t.match(await run(...next), { code: 0, out: /unopenable/ })
  })

  t.test('one that does not open takes no honest one of its case off the queue', async (t) => {
    const reader = createReader({
      ...{ url, trust: world.trust, recipient: world.recipients.casework },
      token: () => world.token(world.clients.casework),
    })
    const honest = await submit(`an honest story ${'that is told at length, '.repeat(10)}`)
    const hostile = await submitSpoilt('of a hostile partner', world.referring.ngo)
    const [caseId = '', otherId = ''] = await Promise.all(
      [honest, hostile].map(async (id) => {
        const { reference } = await reader.fetch(id)
        return (await reader.search({ reference })).cases[0]!.caseId
      }),
    )
    await reader.merge(caseId, otherId)
    const stateOf = async (id: string) => (await reader.fetch(id)).state

    const printed = await intake(['claim', '--max', '50'], casework.environment)
    t.same(tooWide(printed.out), [])
    const first = unbroken(printed)
    t.match(first, { code: 1, out: /an honest story/ })
    t.match(first.out, `Left on the queue, as it does not open: ${referenceOf(hostile)}\n`)
    t.notMatch(first.out, /Answered before/)
    const accept = nextOf(first.out)
    t.same(accept.slice(4), ['--referral', referenceOf(honest), '--outcome', 'accepted'])
    t.match(await run(...accept), {
      code: 0,
      out: `Back on the queue, without an answer:\n  referral ${hostile}`,
    })
    t.same([await stateOf(honest), await stateOf(hostile)], ['accepted', 'in_triage'])

    const second = await run('claim', '--max', '50')
    t.match(second.out, `Answered before: ${referenceOf(honest)}\n`)
    t.notMatch(second.out, /Left on the queue/)
    const report = nextOf(second.out)
    t.same(report.slice(4), [
      ...['--referral', referenceOf(hostile), '--outcome', 'unopenable', '--step', 'compartment'],
    ])
    t.match(await run(...report), { code: 0, out: /unopenable/ })
    t.same([await stateOf(honest), await stateOf(hostile)], ['accepted', 'in_triage'])

    const folder = join(casework.folder, 'joint')
    const third = await run('claim', '--escalated', '--max', '50', '--json', '--out', folder)
    const joint = JSON.parse(third.out).claims.find(
      (claim: { caseId: string }) => claim.caseId === caseId || claim.caseId === otherId,
    )
    t.same(joint.answered, [honest])
  })

  t.test('what people without an account sent is claimed apart', async (t) => {
    const envelope = sealedByReceipt(world, receiptKeysOfNobody())
    t.equal((await sendPublicly(url, envelope)).status, 201)
    const { referralId: apart } = envelope.header
    const verified = await submit('of an organisation')
    const claimed = async (flag: string): Promise<string[]> => {
      const { out } = await run('claim', flag, '--max', '50', '--json')
      type Item = { referrals: { referralId: string }[] }
      const items: Item[] = JSON.parse(out).claims
      return items.flatMap(({ referrals }) => referrals.map(({ referralId }) => referralId))
    }
    const others = await claimed('--verified')
    t.ok(others.includes(verified))
    t.notOk(others.includes(apart))
    t.same(await claimed('--unverified'), [apart])
    const both = await run('claim', '--verified', '--unverified')
    t.match(both, { code: 2, err: /--unverified and --verified leave nothing/ })
  })

  t.test('a signing key opens nothing, and is told apart at once', async (t) => {
    const { environment } = await partyOf(t, {
      url,
      world,
      clientId: world.clients.casework,
      keys: { signing: world.recipients.casework.signing },
    })
    t.match(await intake(['claim'], environment), { code: 1, err: /key-file-invalid/ })
  })

  t.test('a keyset older than one that was seen stops every command', async (t) => {
    const seen = join(casework.environment.INTAKE_HOME!, 'seen')
    await mkdir(seen, { recursive: true })
    const [name] = (await readdir(seen)).filter((file) => file.startsWith('keyset'))
    const remembered = JSON.parse(await readFile(join(seen, name!), 'utf8'))
    await writeFile(join(seen, name!), JSON.stringify({ ...remembered, version: 2 }))
    t.match(await run('claim'), { code: 1, err: /trust-rolled-back/ })
  })
})
