// Goal: the codes of a token are those that the recipe names, and serve: spellings of one name share
// one. MinHash and the parts of a birth date are what they are called.
// Method: codes worked out by hand or published by others; published spellings of Arabic and Persian
// names; a plain second MinHash whose hash is held to published vectors.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { doubleMetaphone } from 'double-metaphone'
import fc from 'fast-check'
import murmurhash from 'murmurhash'
import t from 'tap'
import { birthOf } from '../../src/protocol/matching/birth.ts'
import { minHashOf } from '../../src/protocol/matching/minhash.ts'
import { skeletonOf } from '../../src/protocol/matching/skeleton.ts'
import metaphoneWords from '../vectors/double-metaphone-words.json' with { type: 'json' }
import variants from '../vectors/name-variants.json' with { type: 'json' }
import * as second from './matching/matchkeys-second.ts'

t.test('skeletons, worked out by hand', async (t) => {
  const table: Record<string, string> = {
    ...{ mohammed: 'md', muhamad: 'md', ahmed: 'md', hamed: 'hmd', hhamed: 'hmd' },
    ...{ shkreli: 'Skrl', tschechow: 'S', scheherazade: 'Srsd', chechen: 'Sn', czeslaw: 'Ssl' },
    ...{ fitch: 'fS', zhukov: 'Sk', dzhokhar: 'jkr', djamel: 'jml', jamal: 'jml', gamal: 'jml' },
    ...{ philip: 'flp', ghali: 'kl', khaled: 'kld', qasim: 'ksm', quentin: 'kntn', beck: 'bk' },
    ...{ cecil: 'sl', cyrus: 'srs', carlos: 'krls', accad: 'kd', accent: 'ksnt', xavier: 'kr' },
    ...{ thabet: 'tbt', dhiya: 'd', adham: 'dm', walid: 'vld', vahid: 'vd', zaynab: 'snb' },
    ...{ awad: 'vd', ivan: 'vn', david: 'd', hawa: 'h', yahya: '', aya: '', ii: '' },
    ...{ abbas: 'bs', hassan: 'hsn', buzz: 'bs', mccann: 'mkn', mac: 'mk' },
  }
  for (const [token, code] of Object.entries(table)) t.equal(skeletonOf(token), code, token)
})

t.test('the skeleton of any token is that of the second implementation', async (t) => {
  const pieces =
    'tsch tch sch sh ch cz zh dj dzh ph kh gh qu ck q c x ce ci cy th dh g w z h v y aa b'
  const token = fc.oneof(
    fc.array(fc.constantFrom(...pieces.split(' ')), { minLength: 1, maxLength: 8 }),
    fc.array(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'), { minLength: 1, maxLength: 12 }),
  )
  const property = fc.property(token, (letters) => {
    t.equal(skeletonOf(letters.join('')), second.skeletonOf(letters.join('')), letters.join(''))
  })
  fc.assert(property, { numRuns: 2000 })
})

t.test('double metaphone says what is published of it, without a limit of four', async (t) => {
  // Apache Commons Codec and the Python package `metaphone` test these.
  const published: Record<string, string> = {
    ...{ testing: 'TSTNK', quick: 'KK', brown: 'PRN', jumped: 'JMPT', over: 'AFR', lazy: 'LS' },
    ...{ maurice: 'MRS', aubrey: 'APR', cambrillo: 'KMPRL', heidi: 'HT', katherine: 'K0RN' },
    ...{
      thumbail: '0MPL',
      catherine: 'K0RN',
      richard: 'RXRT',
      bob: 'PP',
      eric: 'ARK',
      geoff: 'JF',
    },
    ...{ through: '0R', schwein: 'XN', dave: 'TF', ray: 'R', steven: 'STFN', bryce: 'PRS' },
    ...{ smith: 'SM0', schmidt: 'XMT' },
  }
  for (const [token, code] of Object.entries(published))
    t.equal(doubleMetaphone(token)[0], code, token)
})

t.test(
  'the published words take every branch, and have the codes that the package gives',
  async (t) => {
    const { words, never, version } = metaphoneWords
    t.ok(Object.keys(words).length > 100)
    for (const [word, code] of Object.entries(words)) {
      t.match(word, /^[a-z]+$/)
      t.equal(doubleMetaphone(word)[0], code, word)
    }
    const root = new URL('../../', import.meta.url)
    const installed = readFileSync(
      new URL('node_modules/double-metaphone/package.json', root),
      'utf8',
    )
    t.equal(JSON.parse(installed).version, version)
    // Ç, Ñ, what is no letter, and a space behind a C: none of them stands in a token.
    t.equal(never.length, 4)
    const script = 'test/vectors/generate-double-metaphone.ts'
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], {
      encoding: 'utf8',
    })
    t.equal(status, 0, stderr)
  },
)

t.test('of published spellings of one name, nearly all share a code', async (t) => {
  const same = { metaphone: 0, skeleton: 0, either: 0 }
  let count = 0
  for (const spellings of Object.values(variants)) {
    // One entry has a digit in it, and is no name.
    const names = spellings.filter((name) => /^[a-z]+$/.test(name))
    for (const [index, one] of names.entries()) {
      for (const other of names.slice(index + 1)) {
        const metaphone = doubleMetaphone(one)[0] === doubleMetaphone(other)[0]
        const skeleton = skeletonOf(one) === skeletonOf(other)
        count += 1
        if (metaphone) same.metaphone += 1
        if (skeleton) same.skeleton += 1
        if (metaphone || skeleton) same.either += 1
      }
    }
  }
  t.comment(`of ${count} pairs: ${JSON.stringify(same)}`)
  t.ok(count > 200)
  t.ok(same.either / count > 0.94)
  t.ok(same.either > Math.max(same.metaphone, same.skeleton), 'neither makes the other useless')
})

t.test('MurmurHash3 is that of its published vectors, in both implementations', async (t) => {
  // https://stackoverflow.com/questions/14747343/murmurhash3-test-vectors, those of ASCII text.
  const published: [text: string, seed: number, hash: number][] = [
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['aaaa', 0x9747b28c, 0x5a97808a],
    ['aaa', 0x9747b28c, 0x283e0130],
    ['aa', 0x9747b28c, 0x5d211726],
    ['a', 0x9747b28c, 0x7fa09ea6],
    ['abcd', 0x9747b28c, 0xf0478627],
    ['abc', 0x9747b28c, 0xc84a62dd],
    ['ab', 0x9747b28c, 0x74875592],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ]
  for (const [text, seed, hash] of published) {
    t.equal(murmurhash.v3(text, seed), hash, text)
    t.equal(second.murmur3(text, seed), hash, text)
  }
})

t.test(
  'MinHash does not see the order of tokens, and is that of the second implementation',
  async (t) => {
    const name = fc.uniqueArray(fc.stringMatching(/^[a-z]{2,9}$/), { minLength: 1, maxLength: 6 })
    const property = fc.property(name, (tokens) => {
      t.equal(minHashOf(tokens), second.minimaOf(tokens).join('.'))
      t.equal(minHashOf(tokens), minHashOf(tokens.toReversed()))
    })
    fc.assert(property)
    t.match(minHashOf(['ab'.repeat(200_000)]), /^\d+\.\d+\.\d+$/, 'however long')
    t.not(minHashOf(['ab', 'cd']), minHashOf(['abcd']), 'where a token ends is seen')
  },
)

t.test('MinHash of two names is equal about as often as their bigrams are the same', async (t) => {
  // The chance that three minima agree is the third power of the Jaccard similarity.
  const bigrams = (token: string) => {
    const letters = `_${token}_`
    return new Set(Array.from({ length: letters.length - 1 }, (_, at) => letters.slice(at, at + 2)))
  }
  let expected = 0
  let found = 0
  const slips = fc.sample(fc.stringMatching(/^[a-z]{15}$/), { seed: 1, numRuns: 2000 })
  for (const [index, letters] of slips.entries()) {
    const token = letters.slice(0, 14)
    const at = index % 14
    const typo = token.slice(0, at) + letters.slice(14) + token.slice(at + 1)
    const [a, b] = [bigrams(token), bigrams(typo)]
    const both = [...a].filter((bigram) => b.has(bigram)).length
    expected += (both / (a.size + b.size - both)) ** 3
    if (minHashOf([token]) === minHashOf([typo])) found += 1
  }
  t.comment(`${found} of 2000 are equal, and ${expected.toFixed(0)} were to be expected`)
  t.ok(found > expected * 0.8 && found < expected * 1.2)
})

t.test('a birth date in the forms that the keys hold', async (t) => {
  const day = { D: '1990-03-12', MD: '03-12', SD: '00112399', first: false }
  t.same(birthOf({ date: '1990-03-12' }), { year: '1990', day })
  t.same(birthOf({ date: '1990-12-03' }), { year: '1990', day })
  t.same(birthOf({ date: '2000-01-01' })?.day, {
    ...{ D: '2000-01-01', MD: '01-01', SD: '00000112', first: true },
  })
  t.equal(birthOf({ date: '1990-01-11' })?.day?.first, false)
  t.equal(birthOf({ date: '1990-11-01' })?.day?.first, false)
  t.same(birthOf({ date: '2000-02-29' })?.day?.MD, '02-29')
  const none = ['1900-02-29', '1990-13-01', '1990-00-10', '1990-04-31', '990-01-01', '0990-01-01']
  for (const date of [...none, '1990-1-1', '1990-01-01T00:00:00Z', '', '१९९०-०१-०१', '1990/01/01'])
    t.equal(birthOf({ date }), undefined, date)
  t.same(birthOf({ date: '1990-13-01', year: 1990 }), { year: '1990' })
  t.same(birthOf({ year: 1990 }), { year: '1990' })
  for (const year of [0, 990, 10000, 1990.5, -1990, Number.NaN, Number.POSITIVE_INFINITY])
    t.equal(birthOf({ year }), undefined, String(year))
  t.equal(birthOf(undefined), undefined)
  t.equal(birthOf({}), undefined)
})
