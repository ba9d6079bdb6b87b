/**
 * Goal: witnesses sign what the log signed, see every checkpoint proven against the last, and stop a log that
 * was set back.
 * Method: a witness after C2SP tlog-witness and tlog-cosignature, of the test's own.
 */
import t, { type Test } from 'tap'
import { createPublicationProofs } from '../../src/audit/proofs.ts'
import { readCheckpoint } from '../../src/audit/published.ts'
import { createSequencer, type LogStanding } from '../../src/audit/sequencer.ts'
import { append, appendAll } from '../../src/audit/service.ts'
import { createWitnessing, type Post } from '../../src/audit/witnessing.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { openCheckpoint } from '../../src/protocol/log/checkpoint.ts'
import { cosignedMessage, encodeCosignature } from '../../src/protocol/log/cosignature.ts'
import { treeHasher } from '../../src/protocol/log/hash.ts'
import { logKeyType, noteKey, witnessKeyType } from '../../src/protocol/log/key.ts'
import { parseNote, signatureLine } from '../../src/protocol/log/note.ts'
import { consistencyHolds } from '../../src/protocol/log/proof.ts'
import { parseProofFile } from '../../src/protocol/log/prooffile.ts'
import { sign, verify } from '../../src/protocol/signature.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { stage } from '../helpers/stage.ts'

const hasher = treeHasher(sha256)
const system = { kind: 'system', request: newId() } as const

/** Moves on the clock by which this process waits, and back when `t` ends. */
function twoMinutes(t: Test): () => void {
  const real = performance.now
  let shift = 0
  performance.now = () => real.call(performance) + shift
  t.teardown(() => {
    performance.now = real
  })
  return () => {
    shift += 120_000
  }
}

async function witnessed(t: Test) {
  const { database, world, sql } = await stage(t)
  const { publicKey } = world.logKey
  const logKey = noteKey(sha256, {
    ...{ name: `${world.origin}/v1/audit/logs/1`, type: logKeyType, publicKey },
  })
  const pair = generateSigningKey()
  const key = noteKey(sha256, {
    ...{ name: 'witness.test', type: witnessKeyType, publicKey: pair.publicKey },
  })
  /** What the witness signed last. */
  const seen = { size: 0, root: new Uint8Array(), asked: 0, isThere: true }
  /** What it answers instead of what the standard says. */
  const says: ((shown: string) => { status: number; text: string })[] = []
  /** What happens before it reads the requests that come next. */
  const meanwhile: (() => Promise<void>)[] = []
  const post: Post = async (url, body) => {
    t.equal(url, 'https://witness.test/w/add-checkpoint')
    seen.asked += 1
    await meanwhile.shift()?.()
    if (!seen.isThere) throw new Error('no route to the witness')
    const blank = body.indexOf('\n\n')
    const said = says.shift()
    if (said) return said(body.slice(blank + 2))
    const [first = '', ...lines] = body.slice(0, blank).split('\n')
    const later = openCheckpoint(body.slice(blank + 2), [logKey], verify)
    const old = first.replace(/^old /, '')
    if (Number(old) !== seen.size) return { status: 409, text: `${seen.size}\n` }
    const proof = lines.map((line) => Buffer.from(line, 'base64'))
    const isSame = seen.size === later.size && Buffer.from(seen.root).equals(later.root)
    const holds =
      seen.size === 0 || isSame || consistencyHolds(hasher, { earlier: seen, later, proof })
    if (!holds) return { status: 422, text: '' }
    Object.assign(seen, { size: later.size, root: later.root })
    return { status: 200, text: cosigned(later.note.text) }
  }
  /** The line of a signature that holds. */
  const cosigned = (text: string, seconds = Math.floor(Date.now() / 1000)) => {
    const signature = sign(pair.secretKey, cosignedMessage(text, seconds))
    const bytes = encodeCosignature({ seconds, signature })
    return signatureLine({ name: key.name, id: key.id, signature: bytes })
  }
  const refused: (Error & { witness: string })[] = []
  const start = () => {
    const witnessing = createWitnessing(database, {
      ...{ witnesses: [{ key, url: 'https://witness.test/w/' }], post },
      onRefused: (error, witness) => refused.push(Object.assign(error, { witness })),
    })
    let standing: LogStanding | undefined
    const sequencer = createSequencer(database, {
      ...{ origin: world.origin, keys: [world.logKey], witnesses: witnessing },
      kept: { read: async () => undefined, write: async () => {} },
      onStanding: (told) => {
        standing = told
      },
    })
    return { witnessing, sequencer, standing: () => standing }
  }
  const add = (count: number) =>
    database.inTransaction(system, (tx) =>
      appendAll(
        tx,
        Array.from({ length: count }, () => ({ action: 'request.received' }) as const),
      ),
    )
  const checkpoint = () => database.inTransaction(system, (tx) => readCheckpoint(tx, 1))
  return {
    ...{ database, sql, key, logKey, seen, says, cosigned, meanwhile, refused },
    ...{ start, add, checkpoint },
  }
}

t.test(
  'a witness signs, is asked no more within the hour, and at once after a keyset',
  async (t) => {
    const { database, sql, key, logKey, seen, says, start, add, checkpoint } = await witnessed(t)
    const first = start()
    await first.witnessing.run()
    t.equal(seen.asked, 0, 'there is no checkpoint yet')
    await add(300)
    await first.sequencer.run()
    // A replica that starts now: it asks before it signs.
    const second = start()
    await second.witnessing.run()
    t.equal(seen.asked, 1)
    const opened = openCheckpoint(await checkpoint(), [logKey, key], verify)
    t.same(
      opened.verified.map(({ key: { name } }) => name),
      [logKey.name, key.name],
      'its line stands below the checkpoint',
    )
    await add(5)
    await second.sequencer.run()
    t.equal(openCheckpoint(await checkpoint(), [logKey, key], verify).verified.length, 1)

    const third = start()
    await third.witnessing.run()
    t.equal(seen.asked, 2, 'grown, and asked once after a start, with a proof from what it signed')
    t.equal(seen.size, opened.size + 5)

    // The clock has stepped back since the keyset before.
    const step = (by: string) => sql`
      update audit_entry set at = at + ${by}::interval
      where action = 'keyset.published' and object_id = '1'`
    await step('1 day')
    await database.inTransaction(system, (tx) =>
      append(tx, { action: 'keyset.published', object: { kind: 'keyset', id: '2' } }),
    )
    await third.sequencer.run()
    const later = twoMinutes(t)
    later()
    await third.witnessing.run()
    t.equal(seen.asked, 3, 'at once, although it signed within the hour')
    await step('-1 day')
    await add(1)
    await third.sequencer.run()
    later()
    await third.witnessing.run()
    t.equal(seen.asked, 3, 'not for another entry')
    const proven = await createPublicationProofs(database)('keyset.published', '2')
    const proof = parseProofFile(proven!.proof)
    t.equal(openCheckpoint(proof.checkpoint, [logKey, key], verify).verified.length, 2)

    // It signed within the hour, and is misquoted: then it is asked again all the same.
    says.push(() => ({ status: 422, text: '' }))
    const fourth = start()
    await fourth.witnessing.run()
    await fourth.sequencer.run()
    t.match(fourth.standing()?.halted, /another tree/)
    later()
    await fourth.witnessing.run()
    await fourth.sequencer.run()
    t.equal(fourth.standing()?.halted, undefined)
    await requireBalanced(sql)
  },
)

t.test('a witness that has signed more stops the log, before anything is signed', async (t) => {
  const { sql, seen, says, start, add } = await witnessed(t)
  await add(3)
  const early = start()
  await early.sequencer.run()
  t.same(await sql`select from audit_index`, [], 'it waits until the witness was asked')
  await early.witnessing.run()
  await early.sequencer.run()
  const size = async () => Number((await sql`select size from audit_log`)[0]?.size)
  const before = await size()
  const told = start()
  await add(1)
  seen.size = 1000
  await told.witnessing.run()
  await told.sequencer.run()
  t.match(told.standing()?.halted, /witness\.test has signed 1000 entries/)
  t.equal(await size(), before)

  Object.assign(seen, { size: before, root: new Uint8Array(32) })
  const other = start()
  await other.witnessing.run()
  await other.sequencer.run()
  t.match(other.standing()?.halted, /witness\.test has signed another tree/)

  // So says, by the standard, one whose tree is as large and another: its size again.
  const conflict = () => ({ status: 409, text: `${before}\n` })
  says.push(conflict, conflict)
  const same = start()
  await same.witnessing.run()
  await same.sequencer.run()
  t.match(same.standing()?.halted, /witness\.test has signed another tree/)

  // It was some proxy's word: a minute later the witness signs, and what it said is over.
  const later = twoMinutes(t)
  later()
  Object.assign(seen, { size: 0, root: new Uint8Array() })
  await other.witnessing.run()
  await other.sequencer.run()
  t.equal(other.standing()?.halted, undefined)
  t.equal(await size(), before + 1)
})

t.test('two replicas that show it the log at once stop nothing', async (t) => {
  const { sql, seen, meanwhile, refused, start, add } = await witnessed(t)
  const one = start()
  await one.witnessing.run()
  await add(3)
  await one.sequencer.run()
  /** Another replica, started now, that sequences two more entries and shows them. */
  const more = async () => {
    await add(2)
    await one.sequencer.run()
    await start().witnessing.run()
  }
  await more()
  const { size } = seen
  await add(2)
  await one.sequencer.run()
  const isHalted = async ({ witnessing, sequencer, standing }: typeof one) => {
    await witnessing.run()
    await sequencer.run()
    return standing()?.halted
  }
  // It reads the head, and the witness knows more than that when it comes.
  meanwhile.push(more)
  t.equal(await isHalted(start()), undefined)
  t.equal(seen.size, size + 4)

  // It is told what the witness knows, and comes again when that has changed.
  await sql`delete from audit_cosignature`
  await add(2)
  await one.sequencer.run()
  meanwhile.push(async () => {}, more)
  t.equal(await isHalted(start()), undefined)
  t.equal(seen.size, size + 8)
  t.same(refused, [])
})

t.test('one that does not answer is told of, and holds nothing up', async (t) => {
  const { sql, seen, says, refused, start, add } = await witnessed(t)
  await add(3)
  const early = start()
  await early.witnessing.run()
  await early.sequencer.run()
  seen.isThere = false
  const { witnessing, sequencer } = start()
  await witnessing.run()
  t.match(refused, [{ cause: { message: 'no route to the witness' }, witness: 'witness.test' }])
  seen.isThere = true
  says.push(() => ({ status: 409, text: '<p>Conflict</p>' }))
  await start().witnessing.run()
  t.match(refused[1], { code: '409', witness: 'witness.test' })
  await add(2)
  await sequencer.run()
  t.same(await sql`select from audit_pending`, [])
  t.same(await sql`select from audit_cosignature`, [])
})

t.test('what is no size is none, and a line beside the checkpoint is not kept', async (t) => {
  const { sql, seen, says, cosigned, refused, start, add } = await witnessed(t)
  await add(3)
  const early = start()
  await early.witnessing.run()
  await early.sequencer.run()

  const sizes = ['-1', '1e1', '0x2', '9007199254740993']
  const lies = [
    ...sizes.map((text) => () => ({ status: 409, text })),
    // Its signature holds, over more than the text that the log signed.
    (shown: string) => ({ status: 200, text: `\n${cosigned(shown)}` }),
    // At a time that no calendar has.
    (shown: string) => {
      const { text } = parseNote(shown)
      return { status: 200, text: cosigned(text, Number.MAX_SAFE_INTEGER) }
    },
  ]
  for (const lie of lies) {
    says.push(lie)
    const { witnessing, sequencer, standing } = start()
    await witnessing.run()
    await add(1)
    await sequencer.run()
    t.equal(standing()?.halted, undefined)
  }
  t.same([seen.asked, refused.length], [lies.length, lies.length])
  t.same(await sql`select line from audit_cosignature`, [])
})
