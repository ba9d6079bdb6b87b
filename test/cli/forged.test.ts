/**
 * Goal: no server that a client is led to can end it with a stack, write a line in its name, or have
 * it read without end.
 * Method: a server that answers anything at all, and every command that calls one.
 */
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { generateRecipientKey, generateSigningKey, sealKeyFile } from '../../src/client/index.ts'
import { requireOwn } from '../../src/disk.ts'
import { makeReference } from '../../src/protocol/envelope/acknowledgement.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { serve } from '../client/between.ts'
import { firstOfMany, roots, signKeyset, trust } from '../client/keysets.ts'
import { forgedIn, planted } from './forged.ts'
import { called, type Environment, folderOf, intake, tooWide } from './run.ts'

async function party(t: Parameters<typeof folderOf>[0]) {
  const folder = await folderOf(t)
  const file = (name: string) => join(folder, name)
  const keys = { signing: generateSigningKey(), receiving: generateRecipientKey() }
  await writeFile(file('key'), sealKeyFile(keys, undefined), { mode: 0o600 })
  await mkdir(file('home'), { mode: 0o700 })
  await writeFile(file('home/trust.json'), JSON.stringify(trust), { mode: 0o600 })
  const referral = { identity: { familyName: 'Adeyemi' } }
  const draft = { channel: 'partner_ngo', region: 'kent', referral }
  await writeFile(file('draft.json'), JSON.stringify(draft))
  const environment = { INTAKE_HOME: file('home'), INTAKE_KEY: file('key'), INTAKE_TOKEN: 'x' }
  return { file, environment }
}

const [one, two] = [newId(), newId()]
const reference = makeReference(one, 1)
const commands = (draft: string): string[][] => [
  ['refer', draft],
  ['match'],
  ['claim'],
  ['mine'],
  ['open', one],
  ['renew', one, '--fence', '1'],
  ['release', one, '--fence', '1'],
  ['complete', one, '--fence', '1', '--referral', two, '--outcome', 'accepted'],
  ['reviews'],
  ['case', one, '--notes'],
  ['possible', one],
  ['find', '--reference', '00000000'],
  ['judge', one, two, '--decision', 'same'],
  ['merge', one, two],
  ['split', one, '--referral', two, '--decision', 'unsure'],
  ['park', one, '--fence', '1', '--reason', 'call_back'],
  ['hand-over', one, '--fence', '1', '--to', two],
  ['reopen', one],
  ['attempts', one],
  ['webhooks', 'list'],
  ['webhooks', 'add', 'https://hook.test/'],
  ['webhooks', 'rotate', one],
  ['webhooks', 'remove', one],
]

/** What a service does without a word. */
const wordless = [
  ...[`release ${one} --fence 1`, `park ${one} --fence 1 --reason call_back`, `reopen ${one}`],
  ...[`hand-over ${one} --fence 1 --to ${two}`, `webhooks remove ${one}`],
]

const everything = {
  ...{ type: planted, title: planted, detail: planted, instance: planted, code: planted },
  ...{ next: planted, retry: 'never', stored: planted },
  errors: [{ pointer: planted, detail: planted }, { pointer: {}, detail: null }, 7],
}

t.test('no refusal writes a line of the program, whatever was asked', async (t) => {
  const { file, environment } = await party(t)
  const { url } = await serve(t, () => ({ status: 422, body: JSON.stringify(everything) }))
  const at: Environment = { ...environment, INTAKE_URL: url }
  const following = [['watch'], ['listen', '--forward', 'http://localhost:1/']]
  for (const command of [...commands(file('draft.json')), ...following]) {
    const name = command.join(' ')
    const ran = await called(t, command, at)
    t.equal(ran.code, 1, name)
    t.match(ran.out + ran.err, /Next: /, name)
    t.same(forgedIn(ran), [], name)
  }
  const ran = await intake(['claim', '--json'], at)
  t.same(forgedIn(ran), [])
  t.match(JSON.parse(ran.err), {
    problem: { title: `${planted.slice(0, 200)}…`, detail: planted, next: planted },
  })
})

t.test('whatever is answered, a person gets words and no stack', async (t) => {
  const { file, environment } = await party(t)
  const keyset = signKeyset(firstOfMany(), roots[0])
  const deep = `${'{"keyset":'.repeat(5_000)}1${'}'.repeat(5_000)}`
  const answers: { status: number; body: string; headers?: Record<string, string> }[] = [
    { status: 200, body: '' },
    { status: 200, body: '<html>' },
    { status: 200, body: 'null' },
    { status: 200, body: deep },
    { status: 200, body: JSON.stringify({ keyset: planted }) },
    { status: 200, body: JSON.stringify({ keyset, claims: [{ claimId: planted }] }) },
    { status: 200, body: '{}', headers: { 'content-encoding': 'gzip' } },
    { status: 204, body: '' },
    { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } },
    { status: 500, body: '[]' },
    { status: 422, body: deep },
    { status: 422, body: `{"title":"${'x'.repeat(100_000)}"}` },
  ]
  let answer = answers[0]
  const { url } = await serve(t, () => answer)
  const at: Environment = { ...environment, INTAKE_URL: url }
  for (answer of answers) {
    // What may pass is asked for three times, with pauses: one command shows it.
    const mayPass = answer.status === 302 || 'content-encoding' in (answer.headers ?? {})
    for (const command of mayPass ? [['claim']] : commands(file('draft.json'))) {
      const ran = await called(t, command, at)
      const place = `${command[0]}: ${JSON.stringify(answer).slice(0, 80)}`
      t.same(forgedIn(ran), [], place)
      if (ran.code === 0) t.same([wordless.includes(command.join(' ')), ran.err], [true, ''], place)
      else if (command[0] === 'refer')
        t.match(ran, { code: 1, out: /^(failed|waiting) .*\n +\S/ }, place)
      else t.match(ran, { code: 1, out: '', err: /^\S.*\n( {2}\S|$)/ }, place)
    }
  }
  answer = answers.find(({ body }) => body === deep)
  t.match(await called(t, ['refer'], at), { code: 1, out: /nested too deep/ })
  t.match(await intake(['claim'], at), { code: 1, out: '', err: /nested too deep/ })
})

t.test('whoever watches goes on where the figures alone cannot be had', async (t) => {
  const { environment } = await party(t)
  const change = { id: '1', type: 'opened', itemId: one, caseId: two, at }
  const { url } = await serve(t, ({ path }) => {
    if (path.includes('summary')) {
      return { status: 503, body: '{"title":"Full"}', headers: { 'retry-after': '0' } }
    }
    if (path.includes('since=b')) return { status: 422, body: '{"title":"The end"}' }
    const next = path.includes('since=a') ? 'b' : 'a'
    return { status: 200, body: JSON.stringify({ changes: next === 'b' ? [change] : [], next }) }
  })
  const ran = await called(t, ['watch'], { ...environment, INTAKE_URL: url })
  t.match(ran, { code: 1, out: /opened {5}item /, err: /^Full\n[\s\S]*The end/ })
})

const at = '2026-11-22T09:30:00.000Z'
const bits = [{ type: planted, because: planted, bits: 3, words: planted }]

/** What a service may answer that was broken into: each text is the forger’s, as far as there is any. */
const successes: Record<string, object> = {
  [`/v1/cases/${one}`]: {
    caseId: one,
    referrals: [
      {
        ...{ referralId: one, reference, receivedAt: at, state: planted, keys: planted, unread: 0 },
        notes: 1,
      },
    ],
    judgements: [
      {
        judgementId: one,
        ...{ between: [one, two], verdict: planted, basis: planted, probability: 0.5, bits },
        ...{ madeAt: at, endedAt: at, entryId: one, note: { referralId: one, number: 1 } },
      },
    ],
    flags: [{ referralId: one, kind: planted, at }],
    item: {
      ...{ itemId: one, caseId: one, referralIds: [one], urgency: planted, unverified: false },
      ...{ dueAt: at, lapses: 0, attempts: 0, state: planted, references: [] },
      ...{ regions: [], channels: [], organisations: [] },
    },
  },
  [`/v1/cases/${one}/possible-matches`]: {
    ...{ caseId: one, referralIds: [one] },
    possibleMatches: [
      {
        ...{ otherId: two, otherReferralIds: [two], between: [one, two], verdict: planted },
        ...{ probability: 0.5, bits, words: planted, askedAt: at },
      },
    ],
  },
  '/v1/cases/reviews?limit=50': {
    reviews: [{ kind: planted, caseId: one, otherId: two, probability: 0.5, at }],
    next: planted,
  },
  '/v1/triage/claims': {
    claims: [
      {
        ...{ claimId: one, fence: 1, caseId: two, urgency: planted, unverified: false },
        ...{ dueAt: at, leasedUntil: at, referrals: [] },
      },
    ],
  },
  [`/v1/triage/claims/${one}/completion`]: { outcome: planted, late: true, requeued: [two] },
  '/v1/cases/search': {
    cases: [{ caseId: one, referralIds: [one], probability: 0.5, words: planted }],
  },
  [`/v1/triage/items/${one}/attempts`]: {
    attempts: [
      { itemId: one, clientId: one, holder: planted, from: at, to: at, ending: planted },
      { itemId: two, clientId: one, holder: planted, from: at },
    ],
  },
  '/v1/webhooks/endpoints': {
    endpoints: [
      {
        ...{ endpointId: one, url: planted, createdAt: at, disabledAt: at, disabledFor: planted },
        ...{ deliveredAt: at, tries: 3, nextTryAt: at },
        failures: [{ at, messageId: planted, tries: 1, fault: planted }],
      },
    ],
  },
  '/v1/triage/claims?limit=50': {
    items: [
      {
        ...{ itemId: one, caseId: two, referralIds: [one], references: [reference], fence: 1 },
        ...{ regions: [planted], channels: [planted], organisations: [one], holder: planted },
        ...{
          state: planted,
          urgency: planted,
          unverified: false,
          dueAt: at,
          leasedUntil: at,
          lapses: 0,
          attempts: 0,
        },
      },
    ],
    next: planted,
  },
}

t.test('no answer that is taken writes a line of the program either', async (t) => {
  const { environment } = await party(t)
  const keyset = signKeyset(firstOfMany(), roots[0])
  const { url } = await serve(t, ({ path }) => {
    const body = path === '/v1/keyset' ? { keyset } : (successes[path] ?? everything)
    return { status: 200, body: JSON.stringify(body) }
  })
  const at: Environment = { ...environment, INTAKE_URL: url }
  const asked = [
    ...[['case', one], ['possible', one], ['reviews'], ['claim']],
    ['complete', one, '--fence', '1', '--referral', two, '--outcome', 'accepted'],
    ['find', '--reference', reference],
    ['attempts', one],
    ['webhooks', 'list'],
    ['mine'],
  ]
  const values: object[] = Object.values(successes)
  // A claim is named as such, by the id of its item.
  values.splice(-1, 1, { claims: [{ claimId: one, urgency: planted, fence: 1 }], next: planted })
  for (const [index, command] of asked.entries()) {
    const name = command.join(' ')
    const ran = await called(t, command, at)
    t.match(ran, { code: 0, out: /Nothing(\s+\|)? else(\s+\|)? is(\s+\|)? changed/, err: '' }, name)
    t.same(forgedIn(ran), [], name)
    t.same(tooWide(ran.out), [], name)
    const json = await called(t, [...command, '--json'], at)
    t.same(forgedIn(json), [], name)
    t.match(JSON.parse(json.out), values[index], 'a program reads the very value')
  }
})

t.test('what is pinned and remembered is nobody else’s to change', async (t) => {
  const { file, environment } = await party(t)
  const { url } = await serve(t, () => ({ status: 422, body: '{}' }))
  const claim = (flags: Environment = {}) =>
    called(t, ['claim'], { ...environment, INTAKE_URL: url, ...flags })
  t.match(await claim(), { err: /status 422/ })
  const places: [string, number, number][] = [
    ['home/trust.json', 0o600, 0o664],
    ['home/trust.json', 0o600, 0o602],
    ['home', 0o700, 0o777],
    ['home/seen', 0o700, 0o770],
  ]
  await mkdir(file('home/seen'), { mode: 0o700 })
  for (const [name, good, bad] of places) {
    await chmod(file(name), bad)
    const { code, err } = await claim()
    t.equal(code, 1, name)
    t.ok(
      err.includes(`its mode ${bad.toString(8)} lets others change it: chmod go-w ${file(name)}`),
      err,
    )
    await chmod(file(name), good)
  }
  await chmod(file('home/trust.json'), 0o644)
  t.match(await claim(), { err: /status 422/ }, 'others may read it: it holds no secret')
})

t.test('what is pinned and remembered belongs to whoever runs this, or to root', async (t) => {
  const { file, environment } = await party(t)
  const { url } = await serve(t, () => ({ status: 422, body: '{}' }))
  const uid = process.getuid?.() ?? 0
  // Only root can give a file away; anybody else is given another name instead.
  const other = uid === 0 ? 12_345 : uid
  for (const name of ['home/trust.json', 'home']) {
    const path = file(name)
    if (uid === 0) await chown(path, other, other)
    t.same(await requireOwn(path, 'the root keys', other), undefined)
    const words = `${path} holds the root keys and belongs to another user (${other}): chown `
    await t.rejects(requireOwn(path, 'the root keys', other + 1), {
      message: `${words}${other + 1} ${path}`,
    })
    if (uid !== 0) continue
    const { code, err } = await called(t, ['claim'], { ...environment, INTAKE_URL: url })
    t.equal(code, 1, name)
    t.match(err, `belongs to another user (${other}): chown 0 ${path}`)
    await chown(path, 0, 0)
  }
  t.same(
    await requireOwn('/', 'the root keys', other + 1),
    undefined,
    'root may do anything anyway',
  )
})

t.test('a clock that is wrong is told once, to who refers and to who reads', async (t) => {
  const { file, environment } = await party(t)
  const keyset = signKeyset(firstOfMany(), roots[0])
  let aheadMs = 0
  const { url } = await serve(t, ({ path }) => {
    const date = new Date(Date.now() + aheadMs).toUTCString()
    if (path === '/v1/keyset')
      return { status: 200, body: JSON.stringify({ keyset }), headers: { date } }
    const isClaim = path === '/v1/triage/claims'
    return { status: isClaim ? 200 : 422, body: '{"claims":[]}', headers: { date } }
  })
  const draft = await readFile(file('draft.json'), 'utf8')
  await writeFile(file('other.json'), draft.replace('Adeyemi', 'Bello'))
  const at: Environment = { ...environment, INTAKE_URL: url }
  const told = async (args: string[]) =>
    (await called(t, args, at)).err.split('\n').filter((line) => line.includes('your clock'))
  const asked = [['refer', file('draft.json'), file('other.json')], ['claim']]
  for (aheadMs of [0, 4 * 60_000]) for (const args of asked) t.same(await told(args), [])
  aheadMs = 3 * 3_600_000
  const late = [file('late.json'), file('later.json')]
  for (const path of late) await writeFile(path, draft.replace('Adeyemi', path))
  const words = "Warning: your clock is 3 hours behind the service's."
  const [refers = [], reads = []] = [await told(['refer', ...late]), await told(['claim'])]
  t.same(refers, [`${words} Urgency is judged by both, and the graver stands.`])
  t.same(reads, [`${words} The service refuses what you state of urgency by it.`])
})
