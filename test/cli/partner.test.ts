/**
 * Goal: two blocks of text and two telephone calls make a stranger a partner, and nobody between the two
 * sides can put keys of their own in place of either's.
 * Method: the whole of it by the commands that people type, on a real service, step by step.
 */
import { execFile } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { generateSigningKey, openKeyFile } from '../../src/client/index.ts'
import { fingerprintOf } from '../../src/protocol/partner/block.ts'
import { changeBlock, makeChange } from '../../src/protocol/partner/change.ts'
import {
  clientJwkOf,
  generateClientKey,
  openClientKey,
} from '../../src/protocol/partner/clientkey.ts'
import { signDirectory } from '../../src/protocol/trust/directory.ts'
import { build } from '../helpers/build.ts'
import { onHost } from '../helpers/publish.ts'
import { callerOf, sealed } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { called, folderOf, unbroken } from './run.ts'

const execute = promisify(execFile)
const built = await build(t)
const { world, url, databases } = built
const sql = asSuperuser(t, databases)
const desk = await folderOf(t)
const folder = await folderOf(t)
const trustFile = join(desk, 'trust.json')
await writeFile(trustFile, JSON.stringify(world.trust), { mode: 0o600 })

const label = 'Kessingland Law'
const passphrase = 'a passphrase of nobody'
const homeIn = (name: string) => join(folder, name)
const hostEnvironment = { DATABASE_OWNER_URL: databases.ownerUrl, ORIGIN: world.origin }

const partner = (home: string, ...words: string[]) =>
  called(t, ['partner', ...words, '--home', homeIn(home)], {
    INTAKE_PASSPHRASE: passphrase,
  })
const admin = (...words: string[]) => called(t, ['admin', 'partner', ...words], hostEnvironment)

/** The 30 digits that a command printed, as a person reads them. */
function digitsIn(printed: string): string {
  const [digits = ''] = /(\d{5} ){5}\d{5}/.exec(printed) ?? []
  return digits
}

async function written(name: string, text: string): Promise<string> {
  const file = join(desk, name)
  await writeFile(file, text)
  return file
}

const add = (file: string, out: string, ...more: string[]) =>
  admin('add', file, '--url', url, '--trust', trustFile, '--out', join(desk, out), ...more)

async function publishDirectory(): Promise<void> {
  await onHost(built, async (host) => {
    const draft = await host.draftDirectory(world.origin)
    await host.publishDirectory(signDirectory(draft, world.directoryKey))
  })
}

t.test(
  'a stranger makes a request, is recorded, joins, waits for the directory, and is live',
  async (t) => {
    const made = await partner('law', 'init', '--label', label, '--no-passphrase')
    t.equal(made.code, 0, made.err)
    t.match(made.out, /^[\n\x20-\x7e]*$/, 'plain ASCII')
    const request = digitsIn(made.out)
    const keyFile = await readFile(homeIn('law/partner.key'), 'utf8')
    const clientFile = await readFile(homeIn('law/client.key'), 'utf8')
    for (const file of ['law/partner.key', 'law/client.key']) {
      t.equal((await stat(homeIn(file))).mode & 0o777, 0o600)
    }
    const { signing, receiving } = openKeyFile(keyFile)
    t.ok(receiving, 'it can open answers')
    const client = openClientKey(clientFile)
    t.match(await partner('law', 'init', '--label', label), { code: 2, err: /is there already/ })
    t.match(await partner('law', 'test'), { code: 2, err: /block is not here yet/ })

    const mail = `Dear colleague,\n\n${made.out.replaceAll(/^/gm, '> ')}\n-- \nKessingland\n`
    const file = await written('mail.txt', mail)
    const wrong = await add(
      file,
      'none.txt',
      '--fingerprint',
      request.replace(/^./, (d) => (d === '1' ? '2' : '1')),
    )
    t.match(wrong, { code: 1, err: /fingerprint-differs/ })
    t.same(await sql`select from organisation where label = ${label}`, [])

    const added = await add(
      ...([file, 'answer.txt', '--fingerprint', request.replaceAll(' ', '-'), '--json'] as const),
    )
    t.equal(added.code, 0, added.err)
    const { clientId, organisationId, fingerprint } = JSON.parse(added.out)
    const { x } = clientJwkOf(client)
    const recorded = await sql`
    select c.kind, c.scopes, s.kid, k.kid as client, k.jwk ->> 'x' as x, k.alg
    from organisation o join client c on c.organisation_id = o.id
    join signing_key s on s.organisation_id = o.id join client_key k on k.client_id = c.id
    where o.id = ${organisationId}`
    const scopes = ['referrals:submit', 'matching:evaluate', 'messages:write']
    t.match(recorded, [
      { kind: 'partner', scopes, kid: signing.kid, client: client.kid, alg: 'Ed25519', x },
    ])
    t.equal(recorded.length, 1)
    const entries = await sql`
    select action from audit_entry where object_id in (${organisationId}, ${clientId}, ${signing.kid}, ${client.kid})
    order by action`
    t.same(
      entries.map(({ action }) => action),
      ['client-key.added', 'client.added', 'organisation.added', 'signing-key.added'],
    )
    t.match(await add(file, 'again.txt', '--fingerprint', request), { code: 1, err: /block-spent/ })
    await t.rejects(stat(join(desk, 'again.txt')), 'nothing is left of what was refused')
    t.equal((await sql`select from organisation where label = ${label}`).length, 1, 'all or none')

    const answer = join(desk, 'answer.txt')
    t.match(await partner('law', 'join', answer, '--fingerprint', request), {
      code: 1,
      err: /fingerprint-differs/,
    })
    const joined = await partner('law', 'join', answer, '--fingerprint', fingerprint)
    t.equal(joined.code, 0, joined.err)
    t.same(JSON.parse(await readFile(homeIn('law/trust.json'), 'utf8')), world.trust)
    t.equal((await partner('law', 'join', answer, '--fingerprint', fingerprint)).code, 0, 'again')

    const settings = await execute('sh', ['-c', `. ${homeIn('law/partner.env')}; env`])
    for (const [name, value] of Object.entries({
      ...{ INTAKE_URL: url, INTAKE_HOME: homeIn('law'), INTAKE_KEY: homeIn('law/partner.key') },
      ...{ INTAKE_TRUST: homeIn('law/trust.json'), INTAKE_CLIENT: clientId },
      ...{ INTAKE_CLIENT_KEY: homeIn('law/client.key'), INTAKE_ISSUER: `${url}/oauth` },
      INTAKE_TOKEN_ENDPOINT: `${url}/oauth/token`,
    })) {
      t.ok(settings.stdout.split('\n').includes(`${name}=${value}`), name)
    }
    const test = async () => unbroken(await partner('law', 'test'))
    t.match(await test(), { code: 1, out: /unknown-signer[\s\S]*publish it/ })
    await publishDirectory()
    const live = await test()
    t.match(live, { code: 0, out: /You are live.*reference/ })

    const casework = await callerOf(world, url, world.clients.casework)
    const claim = { recipient: world.recipients.casework.receiving.kid, max: 5, leaseSeconds: 60 }
    const { body } = await casework('POST', '/v1/triage/claims', claim)
    t.equal(body.claims.length, 1)
    t.match(body.claims[0].referrals[0], { header: { signer: signing.kid, urgency: 'standard' } })
  },
)

t.test(
  'a partner changes its keys, signed by the old ones, and goes on with the new',
  async (t) => {
    const before = await readFile(homeIn('law/partner.key'), 'utf8')
    const old = openKeyFile(before)
    const oldClient = openClientKey(await readFile(homeIn('law/client.key'), 'utf8'))
    t.match(await partner('law', 'rotate', '--finish'), {
      code: 2,
      err: /no change of keys was begun/,
    })
    const begun = await partner('law', 'rotate', '--no-passphrase')
    t.equal(begun.code, 0, begun.err)
    t.equal((await partner('law', 'rotate')).out, begun.out, 'asked again it is the same block')
    const file = await written('change.txt', begun.out)
    const digits = digitsIn(begun.out)
    t.match(unbroken(await partner('law', 'rotate', '--finish')), {
      code: 1,
      out: /unauthenticated/,
    })
    const kept = await readFile(homeIn('law/next/test-referral.json'), 'utf8')
    t.equal((await partner('law', 'rotate', '--finish')).code, 1)
    const still = await readFile(homeIn('law/next/test-referral.json'), 'utf8')
    t.equal(still, kept, 'what was refused for its sender is sent again, and not made again')
    t.match(await admin('rotate', file, '--fingerprint', digits.replace(/^./, 'x')), { code: 1 })

    // Somebody who knows the ids of the keys on record, and has none of them.
    const forger = { signing: generateSigningKey(), client: generateClientKey() }
    const claimed = {
      signing: { ...forger.signing, kid: old.signing.kid },
      client: { ...forger.client, kid: oldClient.kid },
    }
    const shownBefore = await partner('law', 'show', '--json')
    const { clientId } = JSON.parse(shownBefore.out)
    const forged = makeChange(clientId, claimed, forger, new Date())
    const forgery = await written('forged.txt', changeBlock(forged))
    t.match(await admin('rotate', forgery, '--fingerprint', fingerprintOf(forged)), {
      code: 1,
      err: /block-unproven/,
    })

    const rotated = await admin(
      'rotate',
      file,
      '--fingerprint',
      digits,
      '--overlap-days=7',
      '--json',
    )
    t.equal(rotated.code, 0, rotated.err)
    const { oldKeysEnd } = JSON.parse(rotated.out)
    const days = (Date.parse(oldKeysEnd) - Date.now()) / 86_400_000
    t.ok(days > 6.9 && days <= 7, 'both count for a week')
    const ends = await sql`
    select valid_until as until from signing_key where kid = ${old.signing.kid}
    union all select valid_until from client_key where kid = ${oldClient.kid}`
    t.same(
      ends.map(({ until }) => until.toISOString()),
      [oldKeysEnd, oldKeysEnd],
    )
    t.match(await admin('rotate', file, '--fingerprint', digits), { code: 1, err: /block-spent/ })

    await publishDirectory()
    t.match(await partner('law', 'test'), { code: 0 }, 'the old keys still count')
    // A test of the old key's that was never answered says nothing of the new one.
    const unanswered = sealed(world, { signer: old.signing })
    await writeFile(homeIn('law/test-referral.json'), JSON.stringify(unanswered))
    const finished = await partner('law', 'rotate', '--finish')
    t.match(finished, { code: 0, out: /You are live[\s\S]*new keys are in use/ }, finished.err)
    const now = openKeyFile(await readFile(homeIn('law/partner.key'), 'utf8'))
    t.not(now.signing.kid, old.signing.kid)
    const [newest] = await sql`select signer from referral order by received_at desc limit 1`
    t.equal(newest?.signer, now.signing.kid)
    t.equal(now.receiving?.kid, old.receiving?.kid, 'answers to earlier referrals still open')
    await t.rejects(stat(homeIn('law/next')), 'nothing of the change is left')
    const shown = await partner('law', 'show', '--json')
    t.match(JSON.parse(shown.out), { signing: now.signing.kid, next: /intake partner test/ })

    // A thief of the old keys, who comes later.
    await sql`update client_key set valid_until = now() where kid = ${oldClient.kid}`
    const thief = { signing: generateSigningKey(), client: generateClientKey() }
    const late = makeChange(clientId, { ...old, client: oldClient }, thief, new Date())
    const theft = await written('theft.txt', changeBlock(late))
    t.match(await admin('rotate', theft, '--fingerprint', fingerprintOf(late)), {
      code: 1,
      err: /block-unproven/,
    })
  },
)

t.test('both key files are sealed under the passphrase, and made once', async (t) => {
  t.equal((await partner('sealed', 'init', '--label', label)).code, 0)
  const [keyFile, clientFile] = await Promise.all(
    ['partner.key', 'client.key'].map((name) => readFile(homeIn(`sealed/${name}`), 'utf8')),
  )
  t.throws(() => openKeyFile(keyFile!), { code: 'passphrase-wrong' })
  t.throws(() => openClientKey(clientFile!, 'another passphrase'), { code: 'passphrase-wrong' })
  const { kid } = openClientKey(clientFile!, passphrase)
  t.match(await partner('sealed', 'show'), { code: 0, out: new RegExp(`client +${kid}`) })
  t.match(await partner('sealed', 'init', '--label', label), { code: 2, err: /is there already/ })
})

t.test(
  'an organisation that is there gets one more client, and another service gets none',
  async (t) => {
    const made = await partner('second', 'init', '--label', 'Second office', '--no-passphrase')
    const file = await written('second.txt', made.out)
    const heard = ['--fingerprint', digitsIn(made.out)]
    t.match(await add(file, 'a.txt'), { code: 2, err: /--fingerprint/ }, 'nobody is there to ask')
    const strange = ['admin', 'partner', 'add', file, '--url', 'http://127.evil.example']
    const plain = [...strange, '--trust', trustFile, '--out', join(desk, 'e.txt'), ...heard]
    t.match(await called(t, plain, hostEnvironment), { code: 2, err: /--url is https/ })
    const nobody = ['--organisation', '01890a5d-ac96-774b-bcce-b302099a8057']
    t.match(await add(file, 'b.txt', ...heard, ...nobody), { code: 1, err: /not-found/ })
    await t.rejects(stat(join(desk, 'b.txt')))
    const elsewhere = { ...hostEnvironment, ORIGIN: 'other.test' }
    const other = ['admin', 'partner', 'add', file, '--url', url, '--trust', trustFile]
    const out = join(desk, 'c.txt')
    const refused = await called(t, [...other, '--out', out, ...heard], elsewhere)
    t.match(refused, { code: 2, err: /is of intake\.test, and ORIGIN is other\.test/ })

    const { organisationId } = world.referring.lawFirm
    const added = await add(file, 'd.txt', ...heard, '--organisation', organisationId, '--json')
    t.match(JSON.parse(added.out), { organisationId, label: 'Second office' })
    const clients = await sql`select label from client where organisation_id = ${organisationId}`
    t.same(clients.map(({ label }) => label).sort(), ['Harbour Law client', 'Second office'])
    t.same(await sql`select from organisation where label = 'Second office'`, [])
  },
)
