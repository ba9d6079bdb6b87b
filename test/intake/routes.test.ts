import t from 'tap'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { sealedHash } from '../../src/protocol/envelope/compartment.ts'
import { envelopeHash, headerHash, wrapHash } from '../../src/protocol/envelope/envelope.ts'
import { openReferral } from '../../src/protocol/envelope/open.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { keysetReference, onHost } from '../helpers/publish.ts'
import { callerOf, refer, sealed } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const { lawFirm, ngo, telephone } = world.referring
const { casework, clinic } = world.recipients
const sql = asSuperuser(t, built.databases)
const asLawFirm = await callerOf(world, url, lawFirm.clientId)
const asCasework = await callerOf(world, url, world.clients.casework)
const asClinic = await callerOf(world, url, world.clients.clinic)
t.afterEach(() => requireBalanced(sql))

const opening = (id: string, kid: string) => `/v1/referrals/${id}?recipient=${kid}`

t.test('an acknowledgement names what was stored, and by which entry', async (t) => {
  const before = Date.now()
  const { envelope, referralId, acknowledgement } = await refer(built)
  const [row] = await sql`
    select header, received_at, envelope_hash, entry_id, reference, state, organisation_id, sealed_hashes
    from referral where id = ${referralId}`
  const sealedHashes = Object.fromEntries(
    (
      await sql`
        select part.name, part.sealed
        from compartment c, unnest(c.names, c.sealed) as part (name, sealed)
        where referral_id = ${referralId}`
    ).map(({ name, sealed: bytes }) => [name, sealedHash(bytes)]),
  )
  const header = canonicalBytes(envelope.header)
  t.same(new Uint8Array(row?.header), header, 'the header is kept as it was signed')
  t.same(new Uint8Array(row?.sealed_hashes), canonicalBytes(sealedHashes))
  t.same(acknowledgement, {
    referralId,
    reference: row?.reference,
    receivedAt: row?.received_at.toISOString(),
    envelopeHash: encodeBase64url(
      envelopeHash(headerHash(header), {
        sealedHashes,
        wrapHashes: Object.fromEntries(envelope.wraps.map((wrap) => [wrap.kid, wrapHash(wrap)])),
      }),
    ),
    entryId: row?.entry_id,
  })
  t.ok(Date.parse(acknowledgement.receivedAt) >= before - 1)
  t.match(row, { state: 'received', organisation_id: lawFirm.organisationId })
})

t.test('the same bytes again get the first acknowledgement again', async (t) => {
  const { envelope, referralId, acknowledgement } = await refer(built)
  const path = `/v1/referrals/${referralId}`
  const second = await asLawFirm('PUT', path, envelope)
  t.equal(second.status, 200)
  t.strictSame(second.body, acknowledgement)
  const respelt = JSON.stringify(envelope, Object.keys(flatten(envelope)).sort().reverse(), 2)
  const third = await asLawFirm('PUT', path, respelt)
  t.equal(third.status, 200, 'the same JSON in another order is the same envelope')
  const { value } = envelope.signature
  const other = value.startsWith('A') ? `B${value.slice(1)}` : `A${value.slice(1)}`
  const resigned = { ...envelope, signature: { ...envelope.signature, value: other } }
  t.match(await asLawFirm('PUT', path, resigned), { body: { code: 'signature-invalid' } })
  t.strictSame(third.body, acknowledgement)
})

t.test(
  'the bytes of another organisation get no acknowledgement, of whoever sees all',
  async (t) => {
    const { envelope, referralId } = await refer(built)
    const asNgo = await callerOf(world, url, ngo.clientId)
    for (const call of [asCasework, asNgo]) {
      const { status, body } = await call('PUT', `/v1/referrals/${referralId}`, envelope)
      t.equal(status, 422)
      t.equal(body.code, 'unknown-signer')
    }
  },
)

function flatten(value: unknown, names: Record<string, true> = {}): Record<string, true> {
  for (const [key, inner] of Object.entries(value ?? {})) {
    names[key] = true
    if (typeof inner === 'object') flatten(inner, names)
  }
  return names
}

t.test(
  'of ten that send the same bytes at once one stores them, and all are told so',
  async (t) => {
    const envelope = sealed(world)
    const path = `/v1/referrals/${envelope.header.referralId}`
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => asLawFirm('PUT', path, envelope)),
    )
    const created = answers.filter(({ status }) => status === 201)
    t.equal(created.length, 1)
    for (const { status, body } of answers) {
      t.ok(status === 200 || status === 201)
      t.strictSame(body, created[0]!.body)
    }
  },
)

t.test('of two that amend one referral at once one succeeds', async (t) => {
  const { referralId: supersedes } = await refer(built)
  const answers = await Promise.all(
    [1, 2].map(() => {
      const envelope = sealed(world, { supersedes })
      return asLawFirm('PUT', `/v1/referrals/${envelope.header.referralId}`, envelope)
    }),
  )
  t.same(answers.map(({ status }) => status).sort(), [201, 404])
})

t.test('a reference that is taken is drawn again', async (t) => {
  const { acknowledgement } = await refer(built)
  await sql.unsafe(`
    create sequence draws;
    create function draw_again() returns trigger language plpgsql security definer as $$ begin
      if nextval('draws') <= 3 then new.reference := '${acknowledgement.reference}'; end if;
      return new;
    end $$;
    create trigger draw_again before insert on referral
      for each row execute function draw_again();`)
  t.teardown(() => sql.unsafe('drop trigger draw_again on referral'))
  const second = await refer(built)
  t.not(second.acknowledgement.reference, acknowledgement.reference)
  const [row] = await sql`select last_value::int as tries from draws`
  t.equal(row?.tries, 4)
})

t.test(
  'a client that signs with a key of its own organisation may refer by telephone',
  async (t) => {
    const { referralId } = await refer(built, telephone, { channel: 'detained_person_phone' })
    const [row] = await sql`select organisation_id from referral where id = ${referralId}`
    t.equal(row?.organisation_id, telephone.organisationId)
  },
)

t.test('what is released opens, and says whose signature it bears', async (t) => {
  const { referralId, acknowledgement } = await refer(built)
  const directory = await onHost(built, (host) => host.draftDirectory(world.origin))
  const { keyset, sha256 } = keysetReference(world.keyset)
  const read = async (call: typeof asCasework, reader: typeof casework) => {
    const { status, body } = await call('GET', opening(referralId, reader.receiving.kid))
    t.equal(status, 200)
    const receivedAt = new Date(acknowledgement.receivedAt)
    const keysets = new Map([[sha256, keyset]])
    return openReferral(body, {
      ...{ referralId, keysets, directory, receivedAt, now: new Date() },
      reader: reader.receiving,
    })
  }
  const whole = await read(asCasework, casework)
  t.match(whole, {
    opened: true,
    compartments: { identity: { familyName: 'Okonkwo' } },
    signedBy: { organisation: lawFirm.organisationId },
  })
  const part = await read(asClinic, clinic)
  t.match(part, { opened: true })
  const held = ['clinical', 'consent', 'documents', 'interpreting', 'narrative']
  t.same(part.opened && Object.keys(part.compartments).sort(), held)
})

t.test(
  'opening by a read changes no state, and needs a key that is yours and wrapped to',
  async (t) => {
    const { referralId } = await refer(built, ngo)
    const rows: [
      string,
      number,
      string | undefined,
      Promise<{ status: number; body: { code?: string } }>,
    ][] = [
      ['own key', 200, undefined, asClinic('GET', opening(referralId, clinic.receiving.kid))],
      [
        'key of another client',
        403,
        'recipient-not-yours',
        asClinic('GET', opening(referralId, casework.receiving.kid)),
      ],
      ['unknown id', 404, 'not-found', asClinic('GET', opening(newId(), clinic.receiving.kid))],
      ['no id', 400, 'malformed-request', asClinic('GET', opening('x', clinic.receiving.kid))],
      ['no key', 400, 'malformed-request', asClinic('GET', `/v1/referrals/${referralId}`)],
    ]
    for (const [name, status, code, sent] of rows) {
      const answer = await sent
      t.equal(answer.status, status, name)
      t.equal(answer.body.code, code, name)
    }
    const [row] = await sql`select state from referral where id = ${referralId}`
    t.equal(row?.state, 'received')
  },
)

t.test(
  'a referral that was not wrapped to a key is as unknown to it as one that is not',
  async (t) => {
    const { referralId } = await refer(built)
    await sql`delete from wrap where referral_id = ${referralId} and kid = ${clinic.receiving.kid}`
    t.teardown(async () => {
      await sql`
      insert into wrap select ${referralId}, ${clinic.receiving.kid}, ''::bytea, ''::bytea`
    })
    const unwrapped = await asClinic('GET', opening(referralId, clinic.receiving.kid))
    const unknown = await asClinic('GET', opening(newId(), clinic.receiving.kid))
    const { instance: _, detail: __, ...said } = unwrapped.body
    t.equal(unwrapped.status, 404)
    t.match(unknown.body, said)
  },
)
