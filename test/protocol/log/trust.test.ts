// Who signed and who witnessed: cosignatures, policies and proofs that are kept.
import fc from 'fast-check'
import t from 'tap'
import { openCheckpoint, signCheckpoint } from '../../../src/protocol/log/checkpoint.ts'
import {
  cosignedMessage,
  encodeCosignature,
  parseCosignature,
} from '../../../src/protocol/log/cosignature.ts'
import { parseVerifierKey, verifierKey } from '../../../src/protocol/log/key.ts'
import { parseNote, signatureLine } from '../../../src/protocol/log/note.ts'
import { parsePolicy, policyKeys, witnessing } from '../../../src/protocol/log/policy.ts'
import { openProof, parseProofFile, writeProofFile } from '../../../src/protocol/log/prooffile.ts'
import { treeReader } from '../../../src/protocol/log/reader.ts'
import { hasher, holds, logOf, sha256, signer, someEntries } from './world.ts'

const origin = 'intake.example.org/v1/audit/logs/1'
const log = signer(origin)
const names = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3']
const witnesses = new Map(names.map((name) => [name, signer(`example.org/${name}`, 4)]))
const vkeys = (name: string) => verifierKey(witnesses.get(name)!.key)

/** The checkpoint with the cosignatures of some witnesses. */
function cosigned(checkpoint: string, by: string[], seconds = 1679315147): string {
  const { text } = parseNote(checkpoint)
  const lines = by.map((name) => {
    const { key, sign } = witnesses.get(name)!
    const signature = sign(cosignedMessage(text, seconds))
    return signatureLine({ ...key, signature: encodeCosignature({ seconds, signature }) })
  })
  return checkpoint + lines.join('')
}

// The example of c2sp.org/tlog-policy, with keys and URLs.
const policyText = [
  '# A policy with two levels of groups',
  `log ${verifierKey(log.key)} https://${origin}/`,
  '',
  ...['X1', 'X2', 'X3'].map((name) => `witness ${name} ${vkeys(name)}`),
  '  group \tX-witnesses 2 X1 X2 X3',
  ...['Y1', 'Y2', 'Y3'].map((name) => `witness ${name} ${vkeys(name)} https://${name}.example.org`),
  'group Y-witnesses any Y1 Y2 Y3',
  'group X-and-Y all X-witnesses Y-witnesses ',
  'quorum X-and-Y',
  '',
].join('\n')

const entries = someEntries(300)
const { read, state } = logOf(entries)
const checkpoint = signCheckpoint(log.key, log.sign, state)

t.test(
  'a cosignature signs the time and the whole text, in the form of the standard',
  async (t) => {
    const text =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'
    t.equal(
      Buffer.from(cosignedMessage(text, 1679315147)).toString(),
      `cosignature/v1\ntime 1679315147\n${text}`,
    )
    // The line of the witness in the example of c2sp.org/tlog-cosignature.
    const line =
      'jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+' +
      'mbIUBkBIfZ+qnA=='
    const bytes = new Uint8Array(Buffer.from(line, 'base64').subarray(4))
    const read = parseCosignature(bytes)
    t.equal(read?.seconds, 1679315147)
    t.strictSame(read && encodeCosignature(read), bytes)
    t.equal(parseCosignature(bytes.slice(1)), undefined)
    t.equal(parseCosignature(bytes.slice().fill(0xff, 0, 8)), undefined)
  },
)

t.test('a quorum is there exactly if the groups of the example have enough', async (t) => {
  const policy = parsePolicy(sha256, policyText)
  t.equal(policy.logs[0]?.url, `https://${origin}/`)
  t.equal(policy.witnesses.get('Y2')?.url, 'https://Y2.example.org')
  fc.assert(
    fc.property(fc.subarray(names), (by) => {
      const { verified } = openCheckpoint(cosigned(checkpoint, by), policyKeys(policy), holds)
      const count = (letter: string) => by.filter((name) => name.startsWith(letter)).length
      t.strictSame(witnessing(policy, verified), {
        by: by.map((name) => ({ name, seconds: 1679315147 })),
        isQuorum: count('X') >= 2 && count('Y') >= 1,
      })
    }),
  )
  const none = parsePolicy(sha256, 'quorum none\n')
  t.strictSame(witnessing(none, []), { by: [], isQuorum: true })
})

t.test('a cosignature of another text, time or key does not count', async (t) => {
  const policy = parsePolicy(sha256, policyText)
  const open = (file: string) => openCheckpoint(file, policyKeys(policy), holds)
  const line = cosigned(checkpoint, ['X1']).slice(checkpoint.length)
  const other = signCheckpoint(log.key, log.sign, { ...state, size: state.size + 1 })
  t.throws(() => open(other + line), { code: 'signature-wrong' })
  const { key, sign } = witnesses.get('X2')!
  const timeless = { ...key, signature: sign(Buffer.from(parseNote(checkpoint).text)) }
  t.throws(() => open(checkpoint + signatureLine(timeless)), { code: 'signature-wrong' })
  t.throws(() => open(cosigned(checkpoint, ['X1']).replace(/(?<=\n\n)[^\n]*\n/, '')), {
    code: 'unsigned',
  })
})

t.test('a policy is refused with its line if it does not say one thing', async (t) => {
  const log1 = `log ${verifierKey(log.key)}`
  const [x1, x2] = [`witness X1 ${vkeys('X1')}`, `witness X2 ${vkeys('X2')}`]
  const cases: [lines: string[], fault: string][] = [
    [[x1], 'the policy has no quorum'],
    [['quorum none', 'quorum none'], 'line 2 .* second quorum'],
    [['quorum X1', x1], 'line 1 .* not defined above'],
    [['quorum'], 'line 1 .* is not: quorum'],
    [['Quorum none'], 'line 1 .* keyword'],
    [[log1, log1, 'quorum none'], 'line 2 .* a log again'],
    [[x1, `witness X2 ${vkeys('X1')}`], 'line 2 .* a witness again'],
    [[x1, `witness X1 ${vkeys('X2')}`], 'line 2 .* a name again'],
    [[`witness none ${vkeys('X1')}`], 'line 1 .* a name again'],
    [[`log ${vkeys('X1')}`], 'line 1 .* type 4, not 1'],
    [[`witness X1 ${verifierKey(log.key)}`], 'line 1 .* type 1, not 4'],
    [[x1, x2, 'group G 3 X1 X2'], 'line 3 .* none or more'],
    [[x1, 'group G 0 X1'], 'line 2 .* none or more'],
    [[x1, 'group G some X1'], 'line 2 .* none or more'],
    [[x1, 'group G any'], 'line 2 .* is not: group'],
    [[x1, 'group G any X1 X1'], 'line 2 .* of a group again'],
    [[x1, 'group G any X1', 'group H any X1'], 'line 3 .* of a group again'],
    [[x1, 'group G any G'], 'line 2 .* not defined above'],
    [[x1, 'group G any none'], 'line 2 .* not defined above'],
    [[x1, 'group X1 any X1'], 'line 2 .* a name again'],
    [['# bell \u0007', 'quorum none'], 'control characters'],
    [['witness X1'], 'line 1 .* is not: witness'],
    [['log'], 'line 1 .* is not: log'],
  ]
  for (const [lines, fault] of cases) {
    const message = new RegExp(fault)
    const file = `${lines.join('\n')}\n`
    t.throws(() => parsePolicy(sha256, file), { code: 'policy-malformed', message }, fault)
  }
  t.throws(() => parsePolicy(sha256, 'quorum none'), { code: 'policy-malformed' })
  t.throws(() => parsePolicy(sha256, 'log nobody\nquorum none\n'), { code: 'key-malformed' })
  t.throws(() => parseVerifierKey(sha256, 'nobody'), { code: 'key-malformed' })
})

t.test('a kept proof holds for its entry alone, and no changed byte of it does', async (t) => {
  const keys = { keys: [log.key], verify: holds }
  const index = 257
  const proof = await treeReader(hasher, read, state.size).inclusion(index)
  const file = writeProofFile({ index, proof, checkpoint })
  t.equal(file.split('\n')[1], 'index 257')
  t.strictSame(parseProofFile(file), { index, proof, checkpoint })
  t.match(openProof(hasher, parseProofFile(file), entries[index]!, keys), { origin, size: 300 })
  t.throws(() => openProof(hasher, parseProofFile(file), entries[256]!, keys), {
    code: 'inclusion-wrong',
    place: { index },
  })
  const bytes = Buffer.from(file)
  for (let offset = 0; offset < bytes.length; offset++) {
    const spoiled = Uint8Array.from(bytes)
    spoiled[offset]! ^= 1
    t.throws(
      () => openProof(hasher, parseProofFile(spoiled), entries[index]!, keys),
      { name: 'LogFault' },
      `${offset}`,
    )
  }
  const extra = Uint8Array.of(1, 2, 3)
  const written = writeProofFile({ extra, index: 0, proof: [], checkpoint })
  t.ok(written.startsWith('c2sp.org/tlog-proof@v1\nextra AQID\nindex 0\n\nintake.example.org/'))
  t.strictSame(parseProofFile(written), { extra, index: 0, proof: [], checkpoint })
})

t.test('a proof file is refused unless it is whole', async (t) => {
  const head = 'c2sp.org/tlog-proof@v1\n'
  const hash = `${Buffer.alloc(32).toString('base64')}\n`
  const malformed = [
    ...['', head, `${head}\n${checkpoint}`, `${head}index 01\n\n`, `${head}index 1\nAAAA\n\n`],
    ...[`${head}index -1\n\n`, `${head}extra !\nindex 1\n\n`, `${head}index 1\nextra AQID\n\n`],
    ...[`${head}index 1\n${hash.repeat(54)}\n`, 'c2sp.org/tlog-proof@v2\nindex 1\n\n'],
  ]
  for (const file of malformed) {
    t.throws(() => parseProofFile(file), { code: 'proof-malformed' }, JSON.stringify(file))
  }
  t.throws(() => parseProofFile(Uint8Array.of(0xff)), { code: 'proof-malformed' })
})
