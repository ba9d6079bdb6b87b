/**
 * Goal: no server that a client is led to can end it with a stack, write a line in its name, or have
 * it read without end.
 * Method: a server that answers anything at all, and every command that calls one.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { generateRecipientKey, generateSigningKey, sealKeyFile } from '../../src/client/index.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { serve } from '../client/between.ts'
import { firstOfMany, roots, signKeyset, trust } from '../client/keysets.ts'
import { forgedIn, planted } from './forged.ts'
import { type Environment, folderOf, intake } from './run.ts'

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
const commands = (draft: string): string[][] => [
  ['refer', draft],
  ['match'],
  ['claim'],
  ['open', one],
  ['renew', one, '--fence', '1'],
  ['release', one, '--fence', '1'],
  ['complete', one, '--fence', '1', '--referral', two, '--outcome', 'accepted'],
  ['reviews'],
  ['case', one, '--notes'],
  ['possible', one],
  ['find', '--reference', '00000000'],
  ['judge', one, two, '--decision', 'same'],
  ['join', one, two],
  ['split', one, '--referral', two, '--decision', 'unsure'],
]

const everything = {
  ...{ type: planted, title: planted, detail: planted, instance: planted, code: planted },
  ...{ next: planted, retry: 'later', stored: planted },
  errors: [{ pointer: planted, detail: planted }, { pointer: {}, detail: null }, 7],
}

t.test('no refusal writes a line of the program, whatever was asked', async (t) => {
  const { file, environment } = await party(t)
  const { url } = await serve(t, () => ({ status: 422, body: JSON.stringify(everything) }))
  const at: Environment = { ...environment, INTAKE_URL: url }
  for (const command of commands(file('draft.json'))) {
    const name = command.join(' ')
    const ran = await intake(command, at)
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
  let at = 0
  const { url } = await serve(t, () => answers[at]!)
  for (at = 0; at < answers.length; at += 1) {
    const ran = await intake(['claim'], { ...environment, INTAKE_URL: url })
    const place = JSON.stringify(answers[at]).slice(0, 80)
    t.match(ran, { code: 1, out: '', err: /^\S.*\n( {2}\S|$)/ }, place)
    t.same(forgedIn(ran), [], place)
  }
  at = answers.findIndex(({ body }) => body === deep)
  const ran = await intake(['refer', file('draft.json')], { ...environment, INTAKE_URL: url })
  t.match(ran, { code: 1, out: /nested too deep/ })
})

t.test('what is pinned and remembered is nobody else’s to change', async (t) => {
  const { file, environment } = await party(t)
  const { url } = await serve(t, () => ({ status: 422, body: '{}' }))
  const claim = (flags: Environment = {}) =>
    intake(['claim'], { ...environment, INTAKE_URL: url, ...flags })
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
