/** The two signed documents: published only as clients would accept them, and served as they are. */
import { createHash } from 'node:crypto'
import t from 'tap'
import type { Tx } from '../../src/database/connect.ts'
import { ownReferrer } from '../../src/directory/published.ts'
import { selectKeysetStanding } from '../../src/directory/store.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { signDirectory } from '../../src/protocol/trust/directory.ts'
import { type Keyset, signKeyset } from '../../src/protocol/trust/keyset.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { keysetReference, onHost, publishKeyset } from '../helpers/publish.ts'
import { callerOf, refer, sealed } from '../helpers/referral.ts'
import { asSuperuser, census } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const { lawFirm, ngo } = world.referring
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

const payloadOf = (jws: string) => Buffer.from(jws.split('.')[1]!, 'base64url')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url')
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)

async function publishDraft() {
  return onHost(built, async (host) => {
    const draft = await host.draftDirectory(world.origin)
    await host.publishDirectory(signDirectory(draft, world.directoryKey))
    return draft
  })
}

async function served(path: string) {
  return (await (await fetch(url + path)).json()) as { keyset: string; directorySha256: string }
}

t.test('anybody is served the newest keyset, and any version by its number', async (t) => {
  const second = await publishKeyset(built, world.keyset)
  const newest = await served('/v1/keyset')
  t.same(JSON.parse(payloadOf(newest.keyset).toString()), second)
  const first = await served('/v1/keyset/1')
  t.same(JSON.parse(payloadOf(first.keyset).toString()), world.keyset)
  t.equal(second.previous, sha256(payloadOf(first.keyset)), 'each names the one before')
  const asCasework = await callerOf(world, url, world.clients.casework)
  const { body } = await asCasework('GET', '/v1/directory')
  t.equal(newest.directorySha256, sha256(payloadOf(body.directory)))
  for (const version of ['0', '-1', '3', '01', '0x1', '1.0', '1000001', 'newest']) {
    const { status } = await fetch(`${url}/v1/keyset/${version}`)
    t.equal(status, version === '3' ? 404 : 400, version)
  }
})

t.test('how old a keyset is does not depend on how the database writes dates', async (t) => {
  const standing = await sql.begin(async (sql) => {
    await sql`set local datestyle = 'German'`
    return selectKeysetStanding({ sql } as unknown as Tx, 1)
  })
  const minutes = (Date.now() - Number(standing?.newestPublishedAt)) / 60_000
  t.ok(minutes > -1 && minutes < 60, `${minutes}`)
})

t.test('a directory is searched once for an organisation that it does not name', async (t) => {
  let searched = 0
  const sql = async () => {
    searched++
    return [{ referrer: null }]
  }
  const tx = { database: {}, sql } as unknown as Tx
  t.equal(await ownReferrer(tx, 1, lawFirm.organisationId), undefined)
  t.equal(await ownReferrer(tx, 1, lawFirm.organisationId), undefined)
  t.equal(searched, 1)
  t.equal(await ownReferrer(tx, 2, lawFirm.organisationId), undefined)
  t.equal(searched, 2, 'and the next version once more')
})

t.test(
  'a keyset that clients would refuse is not published, and the attempt is recorded',
  async (t) => {
    const { version, payload, previous } = await onHost(built, async (host) => {
      const newest = await host.newestKeyset()
      const next = newest!.payload.version + 1
      return { version: next, payload: newest!.payload, previous: newest!.sha256 }
    })
    const next: Keyset = { ...payload, version, previous, issuedAt: new Date().toISOString() }
    const [root] = world.roots
    const recipients = next.recipients.filter(({ recovery }) => !recovery)
    const rows: [string, string, string][] = [
      ['signed by nobody known', 'trust-invalid', signKeyset(next, generateSigningKey())],
      ['for another service', 'trust-invalid', signKeyset({ ...next, origin: 'other.test' }, root)],
      ['without recovery', 'trust-invalid', signKeyset({ ...next, recipients }, root)],
      [
        'that follows another',
        'trust-invalid',
        signKeyset({ ...next, previous: 'A'.repeat(43) }, root),
      ],
      [
        'that leaves out a version',
        'trust-rolled-back',
        signKeyset({ ...next, version: version + 1 }, root),
      ],
      ['that is the newest again', 'trust-rolled-back', signKeyset(payload, root)],
      ['that was changed', 'trust-invalid', changed(signKeyset(next, root))],
      [
        'of the future',
        'trust-invalid',
        signKeyset({ ...next, issuedAt: inDays(1).toISOString() }, root),
      ],
    ]
    for (const [name, code, jws] of rows) {
      const before = await census(sql)
      await onHost(built, (host) => t.rejects(host.publishKeyset(jws, world.trust), { code }, name))
      const after = await census(sql)
      t.equal(after.keyset, before.keyset, name)
      t.equal(after.audit_entry, before.audit_entry! + 1, `${name}: recorded`)
    }
    t.equal(
      await onHost(built, (host) => host.publishKeyset(signKeyset(next, root), world.trust)),
      version,
    )
  },
)

function changed(jws: string): string {
  const [header, payload, signature] = jws.split('.')
  const text = Buffer.from(payload!, 'base64url').toString().replace('Casework', 'Caseworx')
  return `${header}.${Buffer.from(text).toString('base64url')}.${signature}`
}

t.test('the roots of the newest keyset sign the next one, and an older root no more', async (t) => {
  const [old] = world.roots
  const roots = [generateSigningKey(), generateSigningKey()]
  const moved = await publishKeyset(built, {
    ...(await newestKeyset()),
    roots: roots.map(({ publicKey }) => encodeBase64url(publicKey)),
  })
  const next: Keyset = {
    ...moved,
    version: moved.version + 1,
    previous: keysetReference(moved).sha256,
    issuedAt: new Date().toISOString(),
  }
  await onHost(built, async (host) => {
    await t.rejects(host.publishKeyset(signKeyset(next, old), world.trust), {
      code: 'trust-invalid',
    })
    t.equal(await host.publishKeyset(signKeyset(next, roots[0]!), world.trust), next.version)
  })
})

const newestKeyset = () => onHost(built, async (host) => (await host.newestKeyset())!.payload)

t.test(
  'a directory is published only as the directory key signed it, one after the other',
  async (t) => {
    await publishDraft()
    const draft = await onHost(built, (host) => host.draftDirectory(world.origin))
    const rows: [string, string, string][] = [
      ['by another key', 'trust-invalid', signDirectory(draft, world.roots[0])],
      [
        'for another service',
        'trust-invalid',
        signDirectory({ ...draft, origin: 'other.test' }, world.directoryKey),
      ],
      [
        'that leaves one out',
        'trust-rolled-back',
        signDirectory({ ...draft, version: draft.version + 1 }, world.directoryKey),
      ],
      [
        'that follows another',
        'trust-invalid',
        signDirectory({ ...draft, previous: 'A'.repeat(43) }, world.directoryKey),
      ],
      [
        'that repeats an organisation',
        'trust-invalid',
        signDirectory(
          { ...draft, referrers: [draft.referrers[0]!, draft.referrers[0]!] },
          world.directoryKey,
        ),
      ],
    ]
    for (const [name, code, jws] of rows) {
      const before = await census(sql)
      await onHost(built, (host) => t.rejects(host.publishDirectory(jws), { code }, name))
      t.equal((await census(sql)).directory, before.directory, name)
    }
    const jws = signDirectory(draft, world.directoryKey)
    t.equal(await onHost(built, (host) => host.publishDirectory(jws)), draft.version)
  },
)

t.test(
  'a signature counts while its key is in the published directory, and in its time',
  async (t) => {
    const call = await callerOf(world, url, ngo.clientId)
    const newKey = generateSigningKey()
    const early = generateSigningKey()
    const late = generateSigningKey()
    const add = (key: typeof newKey, times: { from?: Date; until?: Date } = {}) =>
      onHost(built, (host) =>
        host.addSigningKey({
          ...{ organisationId: ngo.organisationId, publicKey: encodeBase64url(key.publicKey) },
          ...times,
        }),
      )
    const keyset = keysetReference(await newestKeyset())
    const signedWith = async (signer: typeof newKey) => {
      const envelope = sealed(world, { signer, keyset })
      return call('PUT', `/v1/referrals/${envelope.header.referralId}`, envelope)
    }
    t.equal(await add(newKey), newKey.kid)
    await add(early, { from: inDays(1) })
    await add(late, { from: inDays(-2), until: inDays(-1) })
    t.equal((await signedWith(newKey)).body.code, 'unknown-signer', 'not before it is published')
    await publishDraft()
    t.equal((await signedWith(newKey)).status, 201)
    t.equal((await signedWith(ngo.signing)).status, 201, 'the older one still counts')
    t.equal((await signedWith(early)).body.code, 'unknown-signer', 'not before its time')
    t.equal((await signedWith(late)).body.code, 'unknown-signer', 'not after it')
    t.equal((await signedWith(lawFirm.signing)).body.code, 'unknown-signer', 'not for another')
    await sql`update signing_key set compromised_from = ${inDays(-1).toISOString()} where kid = ${newKey.kid}`
    await publishDraft()
    t.equal((await signedWith(newKey)).body.code, 'unknown-signer', 'not once it is compromised')
    await refer(built, lawFirm, { keyset })
  },
)

t.test('a client gets no scope that its kind may not have', async (t) => {
  const { organisationId } = lawFirm
  const rows = [
    ['partner', 'referrals:open'],
    ['partner', 'triage:work'],
    ['partner', 'audit:read'],
    ['internal', 'audit:read'],
    ['auditor', 'referrals:open'],
    ['auditor', 'referrals:submit'],
  ] as const
  for (const [kind, scope] of rows) {
    const client = { organisationId, label: 'x', kind, scopes: [scope], kids: [] }
    await onHost(built, (host) =>
      t.rejects(host.addClient(client), { code: 'malformed-request' }, `${kind} ${scope}`),
    )
  }
})

t.test('a label that is not one visible line is refused, of whom and what it may be', async (t) => {
  const { organisationId } = world.referring.lawFirm
  await onHost(built, async (host) => {
    for (const label of ['A\nB', 'A\u202eB', 'A\u{e0041}', '\ud800', '', 'x'.repeat(121)]) {
      const refused = { code: 'malformed-request', message: /^a label must be text of 1 to 120/ }
      await t.rejects(host.addOrganisation(label), refused)
      const client = { organisationId, label, kind: 'partner', scopes: [], kids: [] } as const
      await t.rejects(host.addClient(client), refused)
    }
    t.ok(await host.addOrganisation('مرکز\u200Cدرمان'))
  })
})
