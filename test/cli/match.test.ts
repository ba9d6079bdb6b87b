/**
 * Goal: whoever opens referrals puts their match keys right, beside the work or at once, and what
 * goes wrong with that never stops the work.
 * Method: the command in a process of its own against the real service, and a line between the two
 * that can be cut.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { checkOpened } from '../../src/cli/recipient/checking.ts'
import { createFollower, type Followed } from '../../src/cli/recipient/following.ts'
import { createReader, type Envelope, type Opened, type Reader } from '../../src/client/index.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { between } from '../client/between.ts'
import { type Built, build } from '../helpers/build.ts'
import { callerOf, refer, sealed, signatureOf } from '../helpers/referral.ts'
import { intake, partyOf, running, unbroken } from './run.ts'

const referral = completeReferral({
  identity: {
    familyName: 'Okonkwo',
    givenNames: 'Zuleika Amara',
    dateOfBirth: { date: '1990-03-14' },
  },
})
const lie = { epoch: 1, values: [{ type: 'REF_uan', value: 'A'.repeat(22) }] }

const evaluations = '/v1/matching/evaluations'
const party = (
  t: Parameters<typeof partyOf>[0],
  { url, world }: Built,
  name: 'casework' | 'clinic',
) => partyOf(t, { url, world, clientId: world.clients[name], keys: world.recipients[name] })

/** Sealed by a partner with a wrap that does not open, which the service cannot see. */
async function unopenable({ world, url }: Built): Promise<string> {
  const envelope: Envelope = sealed(world, { referral })
  const { kid } = world.recipients.casework.receiving
  for (const wrap of envelope.wraps) {
    if (wrap.kid !== kid) continue
    const [first = ''] = wrap.sealedKeys
    wrap.sealedKeys = (first === 'A' ? 'B' : 'A') + wrap.sealedKeys.slice(1)
  }
  envelope.signature = signatureOf(envelope, world.referring.lawFirm.signing)
  const put = await callerOf(world, url, world.referring.lawFirm.clientId)
  const { referralId } = envelope.header
  const { status } = await put('PUT', `/v1/referrals/${referralId}`, envelope)
  if (status !== 201) throw new Error(`it was refused: ${status}`)
  return referralId
}

t.test('all that is unchecked is checked, and what does not open is passed by', async (t) => {
  const built = await build(t)
  const casework = await party(t, built, 'casework')
  t.match(await intake(['match'], casework.environment), { code: 0, out: /Nothing is unchecked/ })

  const broken = await unopenable(built)
  const lying = await refer(built, undefined, { referral, matching: lie })
  const silent = await refer(built, undefined, { referral })
  const first = unbroken(await intake(['match'], casework.environment))
  t.equal(first.code, 1, 'one did not open')
  t.match(first.out, new RegExp(`^${broken} {2}unopenable, at the step wrap: `, 'm'))
  t.match(
    first.out,
    new RegExp(
      `^${lying.referralId} {2}corrected: the match keys that stood there were not its person's, and were replaced$`,
      'm',
    ),
  )
  t.match(
    first.out,
    new RegExp(`^${silent.referralId} {2}supplied: it had no match keys, and has them now$`, 'm'),
  )
  t.match(first.out, /^1 supplied, 1 corrected, 1 unopenable\.$/m)
  t.notMatch(first.out + first.err, /okonkwo|zuleika|amara|1990/i)

  const second = await intake(['match', '--json'], casework.environment)
  t.match(JSON.parse(second.out), {
    results: [{ referralId: broken, status: 'unopenable', step: 'wrap' }],
    ...{ same: 0, supplied: 0, corrected: 0, unopenable: 1 },
  })

  const { environment } = await party(t, built, 'clinic')
  const clinic = await intake(['match'], environment)
  t.match(clinic, { code: 1, out: '', err: /gives this recipient no identity/ })
})

t.test('with --watch a referral is checked as it arrives, and a signal ends it well', async (t) => {
  const built = await build(t)
  const broken = await unopenable(built)
  let cut = false
  const line = await between(t, built.url, (answer) => (cut ? undefined : answer))
  const { environment } = await party(t, built, 'casework')
  const watching = running(t, ['match', '--watch'], { ...environment, INTAKE_URL: line.url })
  await watching.printed(new RegExp(`${broken} {2}unopenable`))

  const { referralId } = await refer(built, undefined, { referral })
  const before = line.passed.length
  await watching.printed(new RegExp(`${referralId} {2}supplied`))
  const since = line.passed.slice(before).map(({ path }) => path)
  const fetched = since.findIndex((path) => path.startsWith(`/v1/referrals/${referralId}`))
  const looks = since.slice(0, fetched).filter((path) => path.startsWith('/v1/matching/unchecked'))
  t.ok(fetched >= 0 && looks.length <= 1, 'the first look after its arrival finds it')

  cut = true
  await watching.printed(/did not answer[\s\S]*could not be reached/)
  cut = false
  const later = await refer(built, undefined, { referral, matching: lie })
  const printed = await watching.printed(new RegExp(`${later.referralId} {2}corrected`))
  t.equal(printed.match(/did not answer/g)?.length, 1, 'an outage is told once')
  t.equal(printed.match(/unopenable/g)?.length, 1, 'and what does not open is opened once')
  const opened = line.passed.filter(({ path }) => path.startsWith(`/v1/referrals/${broken}`))
  t.equal(opened.length, 1)
  t.match(await watching.stop('SIGTERM'), { code: 0, out: /1 supplied, 1 corrected, 1 unopenable/ })
})

t.test('a holder that is away, wrong or spent is waited for, and told once', async (t) => {
  const built = await build(t)
  const { environment } = await party(t, built, 'casework')
  const { referralId } = await refer(built, undefined, { referral })
  let asked = 0
  let lying = true
  const line = await between(t, built.url, (answer, { path }) => {
    if (path !== evaluations) return answer
    asked += 1
    if (!lying) return answer
    const body = JSON.parse(answer.body)
    body.answers[0].elements.reverse()
    return { ...answer, body: JSON.stringify(body) }
  })
  const there = { ...environment, INTAKE_URL: line.url }
  t.match(await intake(['match'], there), { code: 1, err: /proof-invalid[\s\S]*administrator/ })
  const watching = running(t, ['match', '--watch', '--json'], there)
  await watching.printed(/proof-invalid/)
  lying = false
  const printed = await watching.printed(/"supplied"/)
  t.equal(printed.match(/proof-invalid/g)?.length, 1)
  t.ok(asked < 6, 'it was not asked without a pause')
  const { out, code } = await watching.stop('SIGINT')
  const [line1, counts] = out
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
  t.match({ code, line1, counts }, { code: 0, line1: { referralId }, counts: { supplied: 1 } })
})

/** A reader for whom one referral, once opened, throws at whoever reads the name. */
function spoiling(reader: Reader, spoilt: string): Reader {
  return {
    ...reader,
    async open(released) {
      const result = await reader.open(released)
      if (!result.opened || released.referralId !== spoilt) return result
      const identity = {
        get familyName() {
          throw new RangeError('Okonkwo')
        },
      }
      return { ...result, compartments: { ...result.compartments, identity } } as Opened
    },
  }
}

t.test('one of which no keys can be made is told, and keeps nobody else waiting', async (t) => {
  const built = await build(t)
  const { world, url } = built
  const real = createReader({
    ...{ url, trust: world.trust, recipient: world.recipients.casework },
    token: () => world.token(world.clients.casework),
  })
  const sent = [await refer(built, undefined, { referral }), await refer(built), await refer(built)]
  const [first, second, third] = sent.map(({ referralId }) => referralId) as [
    string,
    string,
    string,
  ]
  const reader = spoiling(real, first)

  const said = t.capture(process.stderr, 'write', () => true)
  const read = await Promise.all(
    [first, second].map(async (id) => reader.open(await reader.fetch(id))),
  )
  await checkOpened(reader, read)
  const words = said().map(({ args }) => unbroken({ code: 0, out: String(args[0]), err: '' }).out)
  const ofKeys = words.filter((line) => !line.startsWith('Urgency of '))
  t.match(ofKeys, [new RegExp(`${first} are not checked: .*could not be made`)])
  t.equal(ofKeys.length, 1, 'of keys that are the same nothing is said')
  t.same((await real.unchecked({ referralId: second })).referralIds, [], 'but they were checked')
  t.notMatch(words.join(), /Okonkwo/, 'what was thrown may hold a name')

  const told: Followed[] = []
  const follower = createFollower(
    reader,
    (followed) => told.push(followed),
    () => false,
  )
  await follower.pass()
  t.match(told, [
    { referralId: first, status: 'unmade' },
    { referralId: third, status: 'same' },
  ])
  await follower.pass()
  t.equal(told.length, 2, 'once')
})

t.test('a budget that is spent ends a single run in words', async (t) => {
  const built = await build(t, { elementsPerDay: 1 })
  const { environment } = await party(t, built, 'casework')
  await refer(built, undefined, { referral })
  t.match(await intake(['match'], environment), { code: 1, err: /matching-budget-spent/ })
})

t.test('claim and open check what they opened, and never fail for it', async (t) => {
  const built = await build(t)
  const { environment } = await party(t, built, 'casework')
  const lying = await refer(built, undefined, { referral, matching: lie })
  const opened = await intake(['open', lying.referralId], environment)
  t.match(opened, { code: 0, err: `Match keys of ${lying.referralId}: corrected` })
  const again = await intake(['open', lying.referralId], environment)
  t.match(again, { code: 0, err: '' })

  const silent = await refer(built, undefined, { referral })
  const line = await between(t, built.url, (answer, { path }) =>
    path === evaluations ? { status: 503, body: '{}', headers: { 'retry-after': '60' } } : answer,
  )
  const claimed = await intake(['claim', '--max', '5', '--json'], {
    ...environment,
    INTAKE_URL: line.url,
  })
  t.equal(claimed.code, 0)
  const ids = JSON.parse(claimed.out).claims.flatMap(({ referrals }: { referrals: object[] }) => {
    return referrals.map((result) => (result as { referralId: string }).referralId)
  })
  t.ok(ids.includes(silent.referralId))
  t.match(claimed.err, /Match keys are not checked: .*503/)
  t.match(await intake(['match'], environment), { out: `${silent.referralId}  supplied` })

  const clinic = await party(t, built, 'clinic')
  const third = await refer(built, undefined, { referral })
  t.match(await intake(['open', third.referralId], clinic.environment), { code: 0, err: '' })
})

t.test('refer and seal say what went without match keys, and send it', async (t) => {
  const built = await build(t)
  const { world } = built
  const { clientId, signing } = world.referring.lawFirm
  const { environment, folder } = await partyOf(t, {
    ...{ url: built.url, world, clientId, keys: { signing } },
  })
  const draft = (givenNames: string) =>
    JSON.stringify({
      ...{ channel: 'legal_representative', region: 'kent' },
      referral: { identity: { familyName: 'Okonkwo', givenNames } },
    })
  const file = join(folder, 'one.json')
  await writeFile(file, draft('Zuleika'))
  const whole = await intake(['refer', file, '--json'], environment)
  t.match(JSON.parse(whole.out).results, [{ status: 'stored', unmatched: undefined }])

  const line = await between(t, built.url, (answer, { path }) => {
    if (path !== evaluations) return answer
    const body = JSON.parse(answer.body)
    body.answers[0].elements.reverse()
    return { ...answer, body: JSON.stringify(body) }
  })
  const there = { ...environment, INTAKE_URL: line.url }
  const files = ['Amara', 'Ngozi'].map((name) => join(folder, `${name}.json`))
  await Promise.all(files.map((name) => writeFile(name, draft(name))))
  const refused = unbroken(await intake(['refer', ...files], there))
  t.match(refused, { code: 0, out: /2 of 2 acknowledged/ })
  t.match(refused.out, /^2 sealed without match keys: .*proof-invalid.*they are matched when/m)
  t.match(refused.out, /^WARNING: a keyholder .* Tell the administrator\.$/m)

  const { INTAKE_TOKEN_FILE, ...none } = environment
  const sealedAlone = await intake(['seal'], none, draft('Adaeze'))
  t.equal(sealedAlone.code, 0)
  t.equal(JSON.parse(sealedAlone.out).matching, undefined)
  t.match(
    sealedAlone.err,
    /^sealed without match keys: .*no key to sign in by.*it is matched when it is opened$/m,
  )
  const sealedWith = await intake(['seal'], environment, draft('Adaeze'))
  t.match(JSON.parse(sealedWith.out), { matching: { epoch: 1 } })
  t.equal(sealedWith.err, '')
})
