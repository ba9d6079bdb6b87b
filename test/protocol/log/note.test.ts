// Signed notes and checkpoints against published ones, and what must be refused.
import fc from 'fast-check'
import t from 'tap'
import {
  checkpointText,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../../src/protocol/log/checkpoint.ts'
import { isKeyName, parseVerifierKey, verifierKey } from '../../../src/protocol/log/key.ts'
import { openNote, parseNote, signText, writeNote } from '../../../src/protocol/log/note.ts'
import { holds, sha256, signer } from './world.ts'

// The example of golang.org/x/mod/sumdb/note, and that of c2sp.org/signed-note.
const published = [
  {
    vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    note:
      'If you think cryptography is the answer to your problem,\n' +
      "then you don't know what your problem is.\n\n" +
      '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ' +
      'SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
  },
  {
    vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    note:
      'This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6' +
      'TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
  },
]

t.test('published notes hold under their published keys, and no changed byte does', async (t) => {
  for (const { vkey, note } of published) {
    const key = parseVerifierKey(sha256, vkey)
    t.equal(verifierKey(key), vkey)
    const parsed = parseNote(note)
    t.strictSame(openNote(parsed, [key], holds), [{ key }])
    t.equal(writeNote(parsed), note)
    const bytes = Buffer.from(note)
    for (let offset = 0; offset < bytes.length; offset++) {
      const spoiled = Uint8Array.from(bytes)
      spoiled[offset]! ^= 1
      t.throws(() => openNote(parseNote(spoiled), [key], holds), { name: 'LogFault' }, `${offset}`)
    }
  }
})

t.test('a note is refused unless it is whole', async (t) => {
  const line = '\u2014 a AAAAAAA=\n'
  const malformed = [
    ...['', 'text\n', 'text\n\n', `text\n${line}`, `text\n\n${line}\n`, `text\n\n${line.trim()}`],
    ...[`a\tb\n\n${line}`, `text\n\n- a AAAAAAA=\n`, 'text\n\n\u2014 a+b AAAAAAA=\n'],
    ...['text\n\n\u2014 a AAAA\n', 'text\n\n\u2014 a  AAAAAAA=\n', 'text\n\n\u2014 a AAAAAAB=\n'],
    ...['text\n\n\u2014 a\u00a0b AAAAAAA=\n', `text\n\n${line.repeat(101)}`],
    `${'x'.repeat(1_000_000)}\n\n${line}`,
  ]
  for (const note of malformed) {
    t.throws(() => parseNote(note), { code: 'note-malformed' }, JSON.stringify(note.slice(0, 40)))
  }
  t.throws(() => parseNote(Uint8Array.of(0xff, 10, 10)), { code: 'note-malformed' })
  t.equal(parseNote(`text\n\n${line.repeat(100)}`).signatures.length, 100)
  t.throws(() => writeNote({ text: 'a\tb\n', signatures: [] }), { code: 'note-malformed' })
})

t.test('notes come back as they were written', async (t) => {
  const one = signer('example.org/one')
  const two = signer('example.org/two')
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: 'grapheme' }).filter((line) => !/\p{Cc}|\p{Cs}/u.test(line)),
        {
          minLength: 1,
        },
      ),
      (lines) => {
        const text = lines.map((line) => `${line}\n`).join('')
        const signatures = [one, two].map(({ key, sign }) => signText(key, sign, text))
        const note = parseNote(writeNote({ text, signatures }))
        t.strictSame(note, { text, signatures })
        t.equal(openNote(note, [two.key, one.key], holds).length, 2)
      },
    ),
    { numRuns: 30 },
  )
})

t.test('unknown keys are passed over, known ones must hold', async (t) => {
  const known = signer('example.org/known')
  const stranger = signer('example.org/known')
  const text = 'text\n'
  const good = signText(known.key, known.sign, text)
  const other = signText(stranger.key, stranger.sign, text)
  const open = (...signatures: (typeof good)[]) =>
    openNote({ text, signatures }, [known.key], holds)
  t.equal(open(other, good, good).length, 1)
  t.throws(() => open(other), { code: 'unsigned' })
  const forged = { ...other, id: known.key.id }
  t.throws(() => open(forged, good), { code: 'signature-wrong' })
})

t.test('a key is refused if a note could not show its name or its id is another', async (t) => {
  for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\tb', 'a\u2003b', 'a\ud800']) {
    t.notOk(isKeyName(name), JSON.stringify(name))
  }
  const [{ vkey }] = published as [(typeof published)[0]]
  const malformed = [
    ...['', 'PeterNeumann', vkey.replace('c74f20a3', 'c74f20a4'), vkey.replace('c7', 'C7')],
    ...[vkey.slice(0, -4), `${vkey} `, vkey.replace('+ARpc', '+BRpc'), vkey.replace('Peter', '')],
    vkey.replace('+ARpc', '+AhpC'),
  ]
  for (const text of malformed) {
    t.throws(() => parseVerifierKey(sha256, text), { code: 'key-malformed' }, text)
  }
})

t.test('a checkpoint says origin, size and root, and only its log signs it', async (t) => {
  const origin = 'intake.example.org/v1/audit/logs/1'
  const log = signer(origin)
  const root = sha256(Buffer.from('root'))
  const file = signCheckpoint(log.key, log.sign, { size: 20852163, root })
  t.match(openCheckpoint(file, [log.key], holds), { origin, size: 20852163, extensions: [] })
  t.strictSame(openCheckpoint(Buffer.from(file), [log.key], holds).root, root)
  const stranger = signer('example.org/other')
  const text = checkpointText({ origin, size: 1, root, extensions: [] })
  const foreign = writeNote({ text, signatures: [signText(stranger.key, stranger.sign, text)] })
  t.throws(() => openCheckpoint(foreign, [stranger.key], holds), { code: 'origin-wrong' })
  t.throws(() => openCheckpoint(foreign, [log.key], holds), { code: 'unsigned' })
})

t.test('the text of a checkpoint has one spelling', async (t) => {
  const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='
  const text = `example.com/behind-the-sofa\n20852163\n${root}\n`
  t.equal(checkpointText(parseCheckpoint(text)), text)
  t.strictSame(parseCheckpoint(`${text}extension\n`).extensions, ['extension'])
  const malformed = [
    ...['', 'a\n1\n', `\n1\n${root}\n`, `a\n01\n${root}\n`, `a\n-1\n${root}\n`, `a\n1\n${root}`],
    ...[`a\n1\n${root}\n\nb\n`, `a\n1\nAAAA\n`, `a\n1.5\n${root}\n`, `a\n1e3\n${root}\n`],
    ...[`a\n9007199254740992\n${root}\n`, `a\n1\n${root.slice(0, -2)}J=\n`, `a\n\n${root}\n`],
  ]
  for (const spelling of malformed) {
    t.throws(() => parseCheckpoint(spelling), { code: 'checkpoint-malformed' }, spelling)
  }
})
