import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { sealKeyFile } from '../../src/client/index.ts'
import { matchKeyTypes } from '../../src/protocol/matching/keytypes.ts'
import { openMatchingKey } from '../../src/protocol/matching/matchingkey.ts'
import { readPayload } from '../../src/protocol/trust/jws.ts'
import type { Keyset } from '../../src/protocol/trust/keyset.ts'
import { firstOfMany, nextAfter, roots } from '../client/keysets.ts'
import { nameOf } from '../helpers/holder.ts'
import { folderOf, intake } from './run.ts'

const passphrase = 'correct horse battery'

t.test('a matching key is its holder’s alone, sealed, and never overwritten', async (t) => {
  const file = join(await folderOf(t), 'matching.key')
  const make = ['matching-key', 'generate', '--out', file]
  const made = await intake([...make, '--json'], { INTAKE_PASSPHRASE: passphrase })
  t.equal(made.code, 0, made.err)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  const text = await readFile(file, 'utf8')
  const key = openMatchingKey(text, passphrase)
  const half = { publicKey: nameOf(key), suite: 'ristretto255-SHA512' }
  t.same(JSON.parse(made.out), half)
  t.same(JSON.parse(await readFile(file.replace('.key', '.pub'), 'utf8')), half)
  const secret = Buffer.from(key.secretKey).toString('base64url')
  t.notOk([text, made.out, made.err].some((shown) => shown.includes(secret)))
  const again = await intake(make, { INTAKE_PASSPHRASE: passphrase })
  t.match(again, { code: 1, out: '', err: /exists, and is not overwritten/ })
})

t.test(
  'a change of the matching key, from the first epoch to the end of the old one',
  async (t) => {
    const folder = await folderOf(t)
    const file = (name: string) => join(folder, name)
    const root = file('root.key')
    await writeFile(root, sealKeyFile({ signing: roots[0] }, undefined), { mode: 0o600 })
    const generate = async (name: string) => {
      const make = ['matching-key', 'generate', '--out', file(`${name}.key`), '--no-passphrase']
      const made = await intake([...make, '--json'])
      return JSON.parse(made.out).publicKey as string
    }
    const entry = async (...args: string[]) => {
      const ran = await intake(['matching-key', 'entry', ...args])
      t.equal(ran.code, 0, ran.err)
      return JSON.parse(ran.out) as Pick<Keyset, 'matching'>
    }
    /** What the root is shown, and the signed keyset. */
    const sign = async (keyset: Keyset, previous?: string) => {
      await writeFile(file('draft.json'), JSON.stringify(keyset))
      const flags = ['--key', root, '--yes', ...(previous ? ['--previous', previous] : [])]
      const ran = await intake(['keyset', 'sign', file('draft.json'), ...flags])
      t.equal(ran.code, 0, ran.err)
      const signed = file(`keyset-${keyset.version}.jws`)
      await writeFile(signed, ran.out)
      return { shown: ran.err, signed, keyset: readPayload<Keyset>(ran.out.trim()) }
    }

    const one = await generate('one')
    const first = await sign({
      ...firstOfMany(),
      ...(await entry('--public-key', file('one.pub'))),
    })
    t.match(first.keyset.matching, [
      { epoch: 1, holders: [one], publicKey: one, types: [...matchKeyTypes] },
    ])
    t.ok(
      first.shown.includes(`Adds the matching epoch 1 (held whole, ${one}; match-keys/2: REF_uan `),
    )

    const [two, three] = [await generate('two'), await generate('three')]
    const holders = ['two.pub', 'three.pub'].flatMap((name) => ['--public-key', file(name)])
    const held = [...holders, '--type', 'REF_uan', '--type', 'PHONE']
    const changed = await entry(...held, '--beside', first.signed, '--memory-kib', '64')
    t.match(changed.matching, [
      { epoch: 1, holders: [one] },
      { epoch: 2, holders: [two, three], types: ['REF_uan', 'PHONE'], argon2id: { memoryKiB: 64 } },
    ])
    const next = await sign(nextAfter(first.keyset, changed), first.signed)
    t.ok(next.shown.includes(`Adds the matching epoch 2 (held in two parts, ${two} and ${three}; `))
    t.notOk(next.shown.includes('epoch 1'), 'and nothing of what stays')

    const ended = await entry('--beside', next.signed)
    t.match(ended.matching, [{ epoch: 2 }])
    t.equal(ended.matching.length, 1)
    const last = await sign(nextAfter(next.keyset, ended), next.signed)
    t.ok(last.shown.includes('Removes the matching epoch 1: what was blinded under it'))
  },
)

t.test('an entry that no keyset could list is not written', async (t) => {
  const folder = await folderOf(t)
  const file = join(folder, 'changes.json')
  const half = async (name: string, publicKey: string) => {
    const text = JSON.stringify({ publicKey, suite: 'ristretto255-SHA512' })
    await writeFile(join(folder, name), text)
    return ['--public-key', join(folder, name)]
  }
  const none = await half('none.pub', 'A'.repeat(43))
  const key = await half('key.pub', Buffer.from(roots[0].publicKey).toString('base64url'))
  const run = (...args: string[]) => intake(['matching-key', 'entry', '--out', file, ...args])
  t.match(await run(), { code: 2, err: /--public-key/ })
  t.match(await run(...none), { code: 1, err: /element-invalid/ })
  t.match(await run(...key, '--type', 'NAME'), { code: 2, err: /--type is one of REF/ })
  t.match(await run(...key, '--epoch', '0'), { code: 2, err: /--epoch/ })
  await t.rejects(stat(file))
})
