/**
 * Goal: of one person who is erased nothing is left on the disk but the tombstones: not in a dump, not in the files of the database
 * once they are rewritten, not among the documents, and not in what the service printed.
 * Method: a case with one of everything, each part searched for as it stands, in base64url and in hexadecimal; before the erasure,
 * where each has to be found, and after it. A PostgreSQL that is not ours; the service as a process of its own.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { holdCeremony } from '../../examples/ceremony.ts'
import { createReader, type Opened } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import type { Envelope } from '../../src/protocol/envelope/envelope.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { storeUncompressed } from '../canary/places.ts'
import { requireBalanced } from '../helpers/books.ts'
import { sealedFile, tusAt } from '../helpers/documents.ts'
import { foreignPostgres } from '../helpers/foreign.ts'
import { messageOn, replyKeys } from '../helpers/message.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { freePort } from '../helpers/port.ts'
import { listening } from '../helpers/process.ts'
import { receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'
import { addVolunteer } from '../helpers/volunteer.ts'

/** A part of the person's: a word that was sealed, or bytes as they are stored. */
type Needle = { readonly name: string; readonly forms: readonly Buffer[] }

const bytesMin = 16

function needle(name: string, bytes: Uint8Array | string): Needle {
  const raw = Buffer.from(bytes).subarray(0, 48)
  if (raw.length < bytesMin) throw new Error(`${name} is too short to search for`)
  const texts = [raw.toString('base64url').slice(0, -4), raw.toString('hex')]
  return { name, forms: [raw, ...texts.flatMap(withHex)] }
}

/** Text stands in a column of bytes too, which a dump shows in hexadecimal. */
function withHex(text: string): Buffer[] {
  return [Buffer.from(text), Buffer.from(Buffer.from(text).toString('hex'))]
}

const sealedText = (name: string, text: string) => needle(name, Buffer.from(text, 'base64url'))

function needlesOf(of: string, envelope: Envelope): Needle[] {
  const { compartments, wraps, signature, matching, receipt } = envelope
  return [
    ...Object.entries(compartments).map(([name, text]) => sealedText(`${of} ${name}`, text)),
    ...wraps.flatMap(({ kid, encapsulated, sealedKeys }) => [
      sealedText(`${of} wrap ${kid}`, encapsulated),
      sealedText(`${of} keys ${kid}`, sealedKeys),
    ]),
    ...(matching?.values ?? []).map(({ type, value }) =>
      needle(`${of} match value ${type}`, Buffer.from(value, 'base64url')),
    ),
    sealedText(`${of} signature`, signature.value),
    ...(receipt === undefined ? [] : [sealedText(`${of} receipt`, receipt)]),
  ]
}

/** The names of those that stand in any of these bytes. */
function foundIn(parts: readonly Buffer[], needles: readonly Needle[]): string[] {
  const isThere = ({ forms }: Needle) =>
    forms.some((form) => parts.some((part) => part.includes(form)))
  return needles.filter(isThere).map(({ name }) => name)
}

async function filesIn(folder: string): Promise<Buffer[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name))))
}

t.test('one person is erased, and no search finds more than the tombstones', async (t) => {
  const foreign = await foreignPostgres(t)
  const { folder, typed } = foreign
  const port = await freePort()
  const cluster = await foreign.cluster('cluster', port)
  const ownerUrl = await foreign.deploy(cluster)
  const sql = asSuperuser(t, { superuserUrl: `${cluster}/intake` })
  await storeUncompressed(sql)
  const tokenKeyFile = join(folder, 'token-key.pem')
  const world = await holdCeremony({ ownerUrl, origin: 'intake.example.org', tokenKeyFile })
  const host = { world, databases: { ownerUrl } }
  await addVolunteer(host, ['clinical'])
  const serve = () =>
    listening(t, {
      ...{ HOST: '127.0.0.1', PORT: '0', ORIGIN: 'intake.example.org', LOG_LEVEL: 'debug' },
      ...{ DATA_DIR: folder, TOKEN_KEY_FILE: tokenKeyFile },
      DATABASE_URL: `postgres://intake_service:SERVICE-PASSWORD@127.0.0.1:${port}/intake`,
    })
  const service = await serve()
  const { url } = service
  const token = await world.token(world.clients.casework)
  const recipient = world.recipients.casework
  const reader = createReader({ url, trust: world.trust, token: () => token, recipient })
  const openedOf = async (name: string): Promise<Opened> => {
    const opened = await reader.open(await reader.fetch(name))
    if (!opened.opened) throw new Error(opened.step)
    await reader.stateUrgency(opened)
    return opened
  }

  // One of everything, in two referrals: by an organisation, and by the bearer of a receipt.
  const said = (givenNames: string) => completeReferral({ identity: { givenNames } })
  const byFirm = await refer({ world, url }, world.referring.lawFirm, {
    ...{ referral: said('CANARY-NAME-ONE'), matching: matchingOf(stranger()) },
    replyTo: replyKeys().replyTo,
  })
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys, { referral: said('CANARY-NAME-TWO') })
  const acknowledgement = (await sendPublicly(url, envelope)).body
  const authorization = `Receipt ${encodeBase64url(keys.accessTag)}`
  const asFirm = await callerOf(world, url, world.referring.lawFirm.clientId)
  const own = messageOn(world, byFirm, undefined, { content: { text: 'CANARY-QUESTION' } })
  await asFirm('POST', `/v1/referrals/${byFirm.referralId}/messages`, own)
  const opened = await openedOf(byFirm.referralId)
  await reader.reply(opened, { text: 'CANARY-ANSWER' })
  const { reference } = byFirm.acknowledgement
  const note = { about: opened, text: 'CANARY-NOTE-WORDS' }
  await reader.merge(reference, acknowledgement.reference, note)
  await reader.grant(reference, { to: 'Volunteer', compartments: ['clinical'] })
  const file = sealedFile(envelope.header.referralId, Buffer.from('CANARY-DOCUMENT'.repeat(99)))
  const tus = tusAt(url, authorization, '/v1/receipt/documents')
  await tus.begin(file, file.sealed.length)
  t.equal((await tus.piece(file.documentId, 0, file.sealed)).status, 204)
  // A step of the service may hold the item at this moment, and a claim then passes over it.
  const [claim] = await reader.claim({ max: 1, leaseSeconds: 60, waitSeconds: 30 })
  t.equal(claim!.referrals.length, 2)
  const another = () =>
    refer({ world, url }, world.referring.lawFirm, { matching: matchingOf(stranger()) })
  const others = [await another(), await another()]
  await untilPaired(sql)

  const envelopes = await sql<{ bytes: Uint8Array }[]>`
    select envelope as bytes from message union all select envelope from note`
  t.equal(envelopes.length, 3, 'a message each way, and a note')
  const signed = await sql<{ bytes: Uint8Array }[]>`
    select signature as bytes from urgency_statement
    union all select grant_signature from wrap where grant_signature is not null`
  t.equal(signed.length, 2, 'a statement and a grant')
  const stored = [
    ...needlesOf('by the firm', byFirm.envelope),
    ...needlesOf('by receipt', envelope),
    ...envelopes.map(({ bytes }, at) => {
      const { message } = JSON.parse(Buffer.from(bytes).toString()).compartments
      return sealedText(`message ${at}`, message)
    }),
    ...signed.map(({ bytes }, at) => needle(`signed ${at}`, bytes)),
    needle('signing key of the receipt', Buffer.from(keys.signing.publicKey)),
    needle('its kid', envelope.signature.kid),
  ]
  const sealedDocument = [needle('document', file.sealed.slice(0, 48))]
  const words = [
    ...['CANARY-NAME-ONE', 'CANARY-NAME-TWO', 'CANARY-QUESTION', 'CANARY-ANSWER'],
    ...['CANARY-NOTE-WORDS', 'CANARY-DOCUMENT'],
  ].map((name) => ({ name, forms: withHex(name) }))
  const staying = others.flatMap((one) => needlesOf('another', one.envelope))
  const names = stored.map(({ name }) => name)
  const dumped = async () => {
    await typed(`pg_dump -d "${cluster}/intake" -f plain.sql`)
    return [await readFile(join(folder, 'plain.sql'))]
  }
  const [database] = await sql`select oid from pg_database where datname = 'intake'`
  const heap = async (rewriting: string) => {
    await sql.unsafe(rewriting)
    await sql.unsafe('checkpoint')
    return filesIn(join(folder, 'cluster/base', String(database!.oid)))
  }
  const documents = () => filesIn(join(folder, 'documents'))

  // Where the planner keeps its samples.
  const planned = async () => {
    const [{ paths }] = await sql<[{ paths: string[] }]>`
      select array[pg_relation_filepath(oid), pg_relation_filepath(reltoastrelid)] as paths
      from pg_class where oid = 'pg_statistic'::regclass`
    await sql.unsafe('checkpoint')
    return Promise.all(paths.map((path) => readFile(join(folder, 'cluster', path))))
  }

  await sql.unsafe('analyze')
  t.strictSame(foundIn(await dumped(), stored), names, 'the search finds all of it in a dump')
  t.strictSame(foundIn(await heap('vacuum'), stored), names, 'and in the files of the database')
  t.strictSame(foundIn(await documents(), sealedDocument), ['document'])
  const kept = sealedText('envelope hash', byFirm.acknowledgement.envelopeHash)
  t.strictSame(foundIn(await planned(), [...stored, kept]), [kept.name], 'samples of what stays')

  const { erased, left } = await reader.eraseCase(await reader.case(reference))
  t.strictSame([erased.length, left.length], [2, 0])
  t.strictSame(foundIn(await dumped(), stored), [], 'a dump holds none of it, at once')
  t.strictSame(foundIn(await planned(), stored), [], 'nor do the samples of the planner')
  const remnants = foundIn(await heap('vacuum'), stored)
  t.comment(
    `after VACUUM, in pages that are not filled anew: ${remnants.length} of ${stored.length}`,
  )
  const rewritten = await heap('vacuum full')
  t.strictSame(foundIn(rewritten, [...stored, ...words]), [], 'rewritten files hold none')
  t.strictSame(
    foundIn(rewritten, staying),
    staying.map(({ name }) => name),
    'and all of somebody else',
  )
  const written = await filesIn(join(folder, 'cluster/pg_wal'))
  t.comment(`in the WAL, until it is recycled: ${foundIn(written, stored).length}`)
  t.strictSame(foundIn(written, words), [], 'sealed there too')

  // The step that removes files looks when it starts.
  service.child.kill('SIGTERM')
  await service.ended
  const again = await serve()
  while (foundIn(await documents(), sealedDocument).length > 0) await setTimeout(50)
  again.child.kill('SIGTERM')
  await again.ended
  const printed = Buffer.from(service.output() + again.output())
  t.match(printed.toString(), /"url"|"path"|"route"/, 'what it printed of each request is searched')
  t.strictSame(foundIn([printed], [...stored, ...sealedDocument, ...words]), [])
  const dump = (await dumped())[0]!
  t.strictSame(foundIn([dump], [...stored, ...words]), [])
  for (const { referralId } of erased) {
    const [tombstone] = await sql`
      select r.state, length(r.envelope_hash) as hash, e.rule from referral r
      join erasure e on e.referral_id = r.id where r.id = ${referralId}`
    t.match(tombstone, { state: 'erased', hash: 32, rule: 'person' })
    t.ok(dump.includes(referralId), 'the tombstone and the log are there')
  }
  await requireBalanced(sql)
})
