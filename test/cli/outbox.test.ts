// Goal: what waits in the outbox is sent once and as its draft says now, whatever breaks on the way.
// Method: the outbox's own steps in one process, then `intake` as a person calls it, against the real
// service behind a line that can be cut.
import { once } from 'node:events'
import { mkdir, open, readdir, readFile, readlink, rm, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { createDecide } from '../../src/cli/partner/deciding.ts'
import { standingOf } from '../../src/cli/partner/drafts.ts'
import { enclosable } from '../../src/cli/partner/enclosing.ts'
import { createOutbox, hashOf, Spoilt } from '../../src/cli/partner/outbox.ts'
import { createSending } from '../../src/cli/partner/sending.ts'
import {
  type Acknowledgement,
  type Envelope,
  newId,
  type Referrer,
  ServiceProblem,
} from '../../src/client/index.ts'
import { keepFirst, removeFile, replaceFile, replaceOpened } from '../../src/disk.ts'
import { between } from '../client/between.ts'
import { build } from '../helpers/build.ts'
import { folderOf, intake, partyOf, unbroken } from './run.ts'

const id = '0190c8a0-0000-7000-8000-000000000001'
const envelope = (mark: string) => ({ header: { referralId: id }, mark }) as unknown as Envelope
const acknowledgement = { referralId: id, reference: '12345674' } as Acknowledgement

t.test('two who keep bytes under one id keep those of the first', async (t) => {
  const outbox = createOutbox(await folderOf(t))
  const kept = await Promise.all(
    ['a', 'b', 'c', 'd'].map((mark) => outbox.keep('00', envelope(mark))),
  )
  t.same(new Set(kept.map(({ envelope }) => JSON.stringify(envelope))).size, 1)
  t.same((await outbox.sealed(id))?.envelope, kept[0]?.envelope)
  t.equal(await outbox.idOf('ab'), await outbox.idOf('ab'))
  const ids = await Promise.all(['cd', 'cd', 'cd'].map((sha256) => outbox.idOf(sha256)))
  t.equal(new Set(ids).size, 1)
})

t.test('a file that another removes while it is kept is kept after all', async (t) => {
  const file = join(await folderOf(t), 'kept')
  for (let round = 0; round < 50; round += 1) {
    const both = [keepFirst(file, 'a'), keepFirst(file, 'b')]
    const removed = Promise.race(both).then(() => removeFile(file))
    for (const text of await Promise.all(both)) t.ok(['a', 'b'].includes(text))
    await removed
    await removeFile(file)
  }
})

t.test('the name of a new file, and of each new folder above it, is on the disk', async (t) => {
  const folder = await folderOf(t)
  const handle = await open(folder)
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  const { sync } = prototype
  const synced: string[] = []
  prototype.sync = async function (this: { fd: number }) {
    synced.push(await readlink(`/proc/self/fd/${this.fd}`))
    return sync.call(this)
  }
  t.teardown(() => {
    prototype.sync = sync
  })
  await keepFirst(join(folder, 'home', 'drafts', 'a.json'), 'a')
  t.has(synced, [join(folder, 'home'), folder])
  t.equal(synced.at(-1), join(folder, 'home', 'drafts'), 'last of all')
  synced.length = 0
  t.equal(await keepFirst(join(folder, 'home', 'drafts', 'a.json'), 'b'), 'a')
  t.equal(synced.at(-1), join(folder, 'home', 'drafts'), 'also where another was first')
  synced.length = 0
  await removeFile(join(folder, 'home', 'drafts', 'a.json'))
  t.strictSame(synced, [join(folder, 'home', 'drafts')], 'what is removed stays away')
})

/** A service that keeps the first bytes of an id, and a client that seals differently each time. */
function fakeReferrer() {
  const stored = new Map<string, string>()
  const referrer = {
    seal: async () => envelope(newId()),
    submit: async (sent: Envelope) => {
      const bytes = JSON.stringify(sent)
      const first = stored.get(id) ?? bytes
      stored.set(id, first)
      const refusal = {
        type: '',
        title: 'taken',
        status: 409,
        stored: false,
        retry: 'never',
      } as const
      if (first !== bytes) throw new ServiceProblem({ ...refusal, code: 'referral-id-taken' })
      return acknowledgement
    },
  }
  return { stored, referrer: referrer as unknown as Referrer }
}

/** Lets so many writes reach the disk and no more, as if the power failed then. */
async function dyingAfter(t: Pick<Test, 'teardown'>, folder: string) {
  const handle = await open(folder)
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  const { sync } = prototype
  let left = Number.POSITIVE_INFINITY
  prototype.sync = function (this: object) {
    left -= 1
    return left < 0 ? Promise.reject(new Error('the power failed')) : sync.call(this)
  }
  t.teardown(() => {
    prototype.sync = sync
  })
  return {
    allow: (writes: number) => {
      left = writes
    },
    hasDied: () => left < 0,
  }
}

t.test(
  'a call that dies between any two writes is ended by the next, and nothing is sent twice',
  async (t) => {
    const folder = await folderOf(t)
    const power = await dyingAfter(t, folder)
    const ready = async () => {}
    const never = async () => {
      throw new Error('nothing is to be decided')
    }
    const file = join(folder, 'draft.json')
    const bytes = Buffer.from('{}')
    await writeFile(file, bytes)
    const draft = { sha256: hashOf(bytes), bytes }
    const letter = join(folder, 'letter.pdf')
    await writeFile(letter, '%PDF-1.7')
    const documents = await enclosable([letter], 'other')
    const task = { id, files: [file], places: [file], replaces: [], documents }
    let deaths = 0
    for (let isOver = false; !isOver; deaths += 1) {
      // Named again, or only found in the outbox, by whoever names no file.
      for (const again of [{ ...task, draft }, task]) {
        const home = join(folder, `${deaths} ${'draft' in again}`)
        const { referrer, stored } = fakeReferrer()
        const call = (of: typeof task) =>
          createSending(referrer, createOutbox(home), never, ready).refer(of)
        power.allow(deaths)
        await call({ ...task, ...{ draft } })
        isOver = !power.hasDied()
        power.allow(Number.POSITIVE_INFINITY)
        const outbox = createOutbox(home)
        const before = [stored.size, (await outbox.inventory()).ids.length]
        if ('draft' in again || before[1] === 1) {
          const [[, settled] = []] = await call(again)
          t.match(settled?.status, /^stored(-before)?$/, `after ${deaths} writes: ${before}`)
        } else t.equal(before[0] === 0, !(await outbox.acknowledgementOf(id)), `${deaths}`)
        t.strictSame((await outbox.inventory()).ids, [])
        if (stored.size === 0) continue
        const { documents: named = [], ...kept } = (await outbox.acknowledgementOf(id)) ?? {}
        t.strictSame(kept, acknowledgement)
        // Its document is free to be uploaded, and nothing else is.
        const waiting = named.map(({ documentId }) => `${id}.${documentId}.sealed`)
        t.strictSame([await readdir(join(home, 'documents')), waiting.length], [waiting, 1])
      }
    }
    t.ok(deaths > 8, `${deaths} places to die at`)
  },
)

t.test('a disk that cannot be read is not an empty outbox', async (t) => {
  const home = await folderOf(t)
  t.strictSame((await createOutbox(home).inventory()).ids, [], 'no folder yet')
  await writeFile(join(home, 'outbox'), 'no folder')
  await t.rejects(createOutbox(home).inventory(), { code: 'ENOTDIR' })
  t.match(await intake(['outbox'], { INTAKE_HOME: home }), { code: 1, out: '', err: /ENOTDIR/ })
  const unread = join(home, 'unread')
  const outbox = createOutbox(unread)
  for (const folder of ['outbox', 'acknowledged']) {
    await mkdir(join(unread, folder, `${id}.json`), { recursive: true })
  }
  await t.rejects(outbox.sealed(id), { code: 'EISDIR' })
  await t.rejects(outbox.waits(id), { code: 'EISDIR' })
  await t.rejects(outbox.acknowledgementOf(id), { code: 'EISDIR' })
  t.match(await intake(['outbox'], { INTAKE_HOME: unread }), { code: 1, out: /EISDIR/ })
  const misspelt = join(home, 'hmoe')
  for (const args of [['outbox'], ['outbox', 'drop', id]]) {
    const words = new RegExp(`${misspelt} is not there: name the folder with --home DIR`)
    t.match(await intake([...args, '--home', misspelt]), { code: 2, out: '', err: words })
    t.match(await intake(args, { INTAKE_HOME: misspelt }), { code: 2, out: '', err: words })
  }
  const fresh = await intake(['outbox'], { HOME: home })
  t.match(fresh, { code: 0, out: 'Nothing waits.\n' }, 'a home that nobody named may come later')
})

t.test(
  'what a dying process left of an opened referral goes with the next write of it',
  async (t) => {
    const home = await folderOf(t)
    const file = join(home, 'opened.json')
    const [left, young, other] = [
      `${file}.01935f3a-7c00-7000-8000-0000000000aa.new`,
      `${file}.01935f3a-7c00-7000-8000-0000000000bb.new`,
      join(home, 'else.json.01935f3a-7c00-7000-8000-0000000000cc.new'),
    ] as const
    for (const draft of [left, young, other]) await writeFile(draft, 'a story')
    const before = new Date(Date.now() - 3_600_000)
    for (const draft of [left, other]) await utimes(draft, before, before)
    await replaceFile(file, '{}')
    t.equal((await readdir(home)).length, 4, 'of any other file nothing is looked for')
    await replaceOpened(file, '{}')
    const names = [file, young, other].map((path) => basename(path))
    t.same((await readdir(home)).sort(), names.sort(), 'not what another writes now, or of another')
  },
)

t.test('a note that it was sent is never taken back', async (t) => {
  const outbox = createOutbox(await folderOf(t))
  await outbox.keep('00', envelope('a'))
  await outbox.noteProblem(id, { title: 'no token' })
  await outbox.noteProblem(id, { title: 'away' })
  t.strictSame(await outbox.triedOf(id), { sent: false, problem: { title: 'away' } }, 'the last')
  await outbox.noteSending(id)
  t.strictSame(await outbox.triedOf(id), { sent: true }, 'no problem of an attempt before')
  await outbox.noteProblem(id, { title: 'away again' })
  t.strictSame(await outbox.triedOf(id), { sent: true, problem: { title: 'away again' } })
  t.strictSame(await outbox.drop(id), { waited: true, sent: true })
  t.strictSame(await outbox.drop(id), { waited: false, sent: false })
})

t.test('bytes with one letter changed are spoilt, and are not sent', async (t) => {
  const home = await folderOf(t)
  const outbox = createOutbox(home)
  await outbox.keep('00', envelope('letters'))
  const file = outbox.fileOf(id)
  const text = await readFile(file, 'utf8')
  for (const spoilt of [text.replace('letters', 'lettres'), text.slice(0, -1), '', '[]', 'null']) {
    await writeFile(file, spoilt)
    await t.rejects(outbox.sealed(id), Spoilt)
  }
  await writeFile(file, text)
  t.match(await outbox.sealed(id), { envelope: { mark: 'letters' } })
  await outbox.acknowledge(acknowledgement)
  await writeFile(join(home, 'acknowledged', `${id}.json`), '{"referralId"')
  await t.rejects(outbox.acknowledgementOf(id), Spoilt)
})

t.test('the gravest of what the files of a draft say counts', async (t) => {
  const folder = await folderOf(t)
  const [same, other, none, closed] = ['same', 'other', 'none', 'closed'].map((name) =>
    join(folder, name),
  )
  const consent = (answer: string, more = {}) =>
    JSON.stringify({ referral: { consent: { given: [{ to: 'assessment', answer }], ...more } } })
  await writeFile(same!, 'the draft')
  await writeFile(other!, 'another')
  const draft = hashOf(Buffer.from('the draft'))
  const is = async (...files: string[]) => (await standingOf(files, draft)).is
  t.equal(await is(), 'same', 'read from a pipe')
  t.equal(await is(same!, none!), 'same')
  t.equal(await is(none!, join(same!, 'below')), 'gone')
  t.equal(await is(same!, other!), 'changed')
  t.equal(await is(folder), 'changed')
  await writeFile(closed!, consent('withdrawn'))
  t.equal(await is(other!, same!, closed!), 'refused')
  await writeFile(closed!, consent('refused', { safeguardingNote: 'At risk of her life.' }))
  t.equal(await is(closed!), 'changed', 'consent permits')
  await writeFile(closed!, consent('given'))
  t.equal(await is(closed!), 'changed')
})

t.test('whoever is asked is asked once at a time, until the answer is one', async (t) => {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const decide = createDecide({ input, output })
  const answers = Promise.all([decide('first?'), decide('second?')])
  let text = ''
  output.on('data', (chunk) => (text += chunk))
  const shown = async (words: RegExp) => {
    while (!words.test(text)) await once(output, 'data')
  }
  await shown(/first\?\n.*\[w\]ait\? /)
  input.write('yes\n')
  await shown(/first\?\n.*\[w\]ait\? .*\[w\]ait\? /)
  input.write('D\n')
  await shown(/second\?\n.*\[w\]ait\? /)
  input.end()
  t.strictSame(await answers, ['drop', 'wait'], 'the end of the line is no decision')
  t.equal(await createDecide(undefined)('anybody there?'), 'wait')
})

type Row = { status: string; file: string; referralId: string; problem?: { title: string } }
const rows = (out: string): Row[] => JSON.parse(out).results
const draft = (familyName: string, answer = 'given') =>
  JSON.stringify({
    channel: 'partner_ngo',
    region: 'kent',
    referral: { identity: { familyName }, consent: { given: [{ to: 'assessment', answer }] } },
  })

t.test('with the service', async (t) => {
  const built = await build(t)
  const { world } = built
  let cut = false
  const line = await between(t, built.url, (answer, { method }) => {
    return method === 'PUT' && cut ? undefined : answer
  })
  const stored = (ids: readonly string[]) =>
    built.database.inTransaction({ kind: 'system', request: 'test' }, async (tx) => {
      const found =
        await tx.sql`select id from referral where id = any (${ids as string[]}::uuid[])`
      return found.map(({ id }) => id)
    })
  /** A party, a file of its own for each name, and what a call says of each file. */
  async function scene(t: Parameters<typeof partyOf>[0]) {
    const { clientId, signing } = world.referring.lawFirm
    const party = await partyOf(t, { url: line.url, world, clientId, keys: { signing } })
    const { INTAKE_TOKEN_FILE, ...away } = party.environment
    const at = (name: string) => join(party.folder, 'drafts', name)
    await mkdir(at(''))
    const refer = async (environment: Record<string, string>, ...args: string[]) => {
      const ran = await intake(['refer', ...args, '--json'], environment)
      const said = Object.fromEntries(rows(ran.out).map((row) => [row.file, row]))
      return { ...ran, said, status: (name: string) => said[at(name)]?.status }
    }
    const waits = () => readdir(join(party.environment.INTAKE_HOME!, 'outbox'))
    // Without a token the keyset can be had, and nothing can be sent.
    return { ...party, away, at, refer, waits }
  }

  t.test('what waits is sent as its draft says now', async (t) => {
    const { environment, away, at, refer, waits } = await scene(t)
    const names = ['same.json', 'changed.json', 'named.json', 'gone.json', 'refused.json']
    for (const name of names) await writeFile(at(name), draft(name))
    const first = await refer(away, at(''))
    t.equal(first.code, 1)
    t.strictSame(new Set(rows(first.out).map(({ status }) => status)), new Set(['waiting']))
    const idOf = (name: string) => first.said[at(name)]?.referralId ?? ''

    await writeFile(at('changed.json'), draft('corrected'))
    await writeFile(at('named.json'), draft('corrected and named'))
    await rm(at('gone.json'))
    await writeFile(at('refused.json'), draft('refused.json', 'withdrawn'))
    const listed = await intake(['outbox', '--json'], environment)
    t.equal(listed.code, 0, listed.err)
    t.strictSame(
      JSON.parse(listed.out)
        .waiting.map(({ files, draft }: { files: string[]; draft: string }) => [files[0], draft])
        .sort(),
      [
        [at('changed.json'), 'changed'],
        [at('gone.json'), 'gone'],
        [at('named.json'), 'changed'],
        [at('refused.json'), 'refused'],
        [at('same.json'), 'same'],
      ],
    )
    const words = await intake(['outbox'], environment)
    t.match(words.out, /since {3}\d{4}-\d\d-\d\d \d\d:\d\d UTC\n {2}sent {4}no$/m)
    t.notMatch(words.out, /sent {4}yes/)
    t.match(words.out, /no key to sign in by/, 'why it was not sent')

    const second = unbroken(await intake(['refer', at('named.json')], environment))
    t.equal(second.code, 3, second.err)
    t.match(second.out, new RegExp(`^stored +${at('same.json')} `, 'm'))
    t.match(second.out, new RegExp(`^stored +${at('gone.json')} .*\n +Its draft is gone`, 'm'))
    t.match(second.out, new RegExp(`^dropped +${at('refused.json')}\n +Its draft now says`, 'm'))
    t.match(second.out, new RegExp(`^replaced +${at('named.json')}\n`, 'm'))
    t.match(second.out, new RegExp(`^stored +${at('named.json')} `, 'm'))
    t.match(second.out, new RegExp(`^held +${at('changed.json')}\n +The draft has changed`, 'm'))
    t.match(second.out, `intake outbox drop ${idOf('changed.json')}`)
    t.match(second.out, `intake refer ${at('changed.json')}`)
    t.strictSame(
      new Set(await stored(names.map(idOf))),
      new Set([idOf('same.json'), idOf('gone.json')]),
      'no old bytes of what has changed, or what was withdrawn',
    )
    t.ok((await waits()).includes(`${idOf('changed.json')}.json`))

    const dropped = await intake(['outbox', 'drop', at('changed.json')], environment)
    t.equal(dropped.code, 0, 'without a token nothing was sent')
    t.notMatch(dropped.out, /may have stored/)
    t.strictSame(await waits(), [])
    t.match(
      await intake(['outbox', 'drop', idOf('changed.json'), idOf('same.json')], environment),
      {
        code: 1,
        out: /^unknown [\s\S]*^acknowledged [\s\S]*reference \d{8}/m,
      },
    )
    t.match(await intake(['outbox'], environment), { code: 0, out: 'Nothing waits.\n' })
  })

  t.test('a draft that goes back to what is stored takes back what waits of it', async (t) => {
    const { environment, away, at, refer, waits } = await scene(t)
    const file = at('back.json')
    await writeFile(file, draft('first'))
    t.equal((await refer(environment, file)).status('back.json'), 'stored')
    await writeFile(file, draft('second'))
    t.equal((await refer(away, file)).status('back.json'), 'waiting')
    await writeFile(file, draft('first'))
    const again = await intake(['refer', file], environment)
    t.match(again.out, new RegExp(`^stored-before +${file} `, 'm'))
    t.match(again.out, new RegExp(`^replaced +${file}$`, 'm'))
    t.strictSame(await waits(), [])
    t.match(await intake(['refer'], environment), { code: 0, out: /^Nothing to refer/ })
  })

  t.test('what was sent without an answer can be taken back here alone, and says so', async (t) => {
    const { environment, at, refer, waits } = await scene(t)
    await writeFile(at('a.json'), draft('lost answer'))
    cut = true
    const first = await refer(environment, at('a.json'))
    cut = false
    const { referralId } = first.said[at('a.json')]!
    t.strictSame(await stored([referralId]), [referralId])
    await writeFile(at('a.json'), draft('lost answer', 'refused'))
    const second = await intake(['refer'], environment)
    t.match(second, { code: 3, out: /^dropped [\s\S]*may have stored it[\s\S]*is withdrawn/m })
    t.match(second.out, referralId)
    t.strictSame(await waits(), [])
  })

  t.test('of two calls at once both say stored, and one referral is', async (t) => {
    const { environment, at, refer, waits } = await scene(t)
    for (const name of ['a.json', 'b.json', 'c.json'])
      await writeFile(at(name), draft(`two ${name}`))
    const calls = await Promise.all([1, 2, 3].map(() => refer(environment, at(''))))
    const all = calls.flatMap(({ out }) => rows(out))
    for (const { code, err } of calls) t.equal(code, 0, err)
    for (const { status } of all) t.match(status, /^stored(-before)?$/)
    const ids = [...new Set(all.map(({ referralId }) => referralId))]
    t.equal(ids.length, 3)
    t.equal((await stored(ids)).length, 3)
    t.strictSame(await waits(), [])
  })

  t.test('one spoilt file is put aside and named; the rest is sent', async (t) => {
    const { environment, away, at, refer, waits } = await scene(t)
    for (const name of ['a.json', 'b.json']) await writeFile(at(name), draft(`spoilt ${name}`))
    const first = await refer(away, at(''))
    const spoilt = first.said[at('a.json')]!.referralId
    const file = join(environment.INTAKE_HOME!, 'outbox', `${spoilt}.json`)
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 500))
    t.match(await intake(['outbox'], environment), { code: 1, out: file })
    const second = unbroken(await intake(['refer'], environment))
    t.match(second, { code: 1, out: /is spoilt, and was put aside/ })
    t.match(second.out, new RegExp(`^failed +${file}$`, 'm'))
    t.match(second.out, new RegExp(`^stored +${at('b.json')} `, 'm'))
    const aside = await readdir(join(environment.INTAKE_HOME!, 'spoilt'))
    t.ok(aside.some((name) => name.startsWith(`${spoilt}.json`)))
    t.strictSame(await waits(), [])
    const third = await refer(environment, at('a.json'))
    t.match(third, { code: 0, said: { [at('a.json')]: { referralId: spoilt } } })
  })

  t.test('a draft can come from a pipe, and what waits of it is sent as it was', async (t) => {
    const { environment, away } = await scene(t)
    const first = await intake(['refer', '-'], away, draft('piped'))
    t.match(first, { code: 1, out: /^waiting +standard input$/m })
    t.match(await intake(['outbox'], environment), { code: 0, out: /draft {3}standard input/ })
    t.match(await intake(['refer'], environment), { code: 0, out: /1 of 1 acknowledged/ })
  })

  t.test('a folder says what it passed over, and an empty one is an error', async (t) => {
    const { environment, at } = await scene(t)
    t.match(await intake(['check', at('')], environment), { code: 2, err: /holds no draft/ })
    await mkdir(at('more'))
    await writeFile(at('a.docx'), '')
    const none = await intake(['refer', at('')], environment)
    t.match(none, { code: 2, err: /holds no draft[\s\S]*a\.docx, .*more\// })
    await writeFile(at('a.JSON'), draft('folder'))
    const ran = unbroken(await intake(['refer', at('')], environment))
    t.match(ran, { code: 0, out: /passed over, as no draft: .*a\.docx, .*more\/$/m })
    t.match(await intake(['check', at(''), '--json'], environment), {
      code: 0,
      out: JSON.stringify({ passedOver: [at('a.docx'), `${at('more')}/`] }).slice(1, -1),
    })
  })
})

t.test('the help of each command fits a terminal of eighty columns', async (t) => {
  const overview = (await intake(['--help'])).out
  const names = [...overview.matchAll(/^ {2}(\S+(?: \S+)?)(?: {2,}|$)/gm)].map(([, name]) => name!)
  t.ok(names.includes('outbox drop') && names.includes('match-keys'))
  for (const text of [
    overview,
    ...(await Promise.all(['refer', 'outbox', 'admin client add'].map(helpOf))),
  ]) {
    for (const line of text.split('\n')) t.ok(line.length <= 80, line)
  }
  t.match(overview, /0 done[\s\S]*1 some of it failed[\s\S]*2 wrong call[\s\S]*3 something waits/)
})

async function helpOf(name: string): Promise<string> {
  return (await intake([...name.split(' '), '--help'])).out
}
