// Goal: whatever is JSON is shown, with a problem exactly where it is not canonical.
// Method: a table of what clients in other languages write; then random values, spelt at random.
import fc from 'fast-check'
import t from 'tap'
import { readPlaintext } from '../../../src/protocol/envelope/plaintext.ts'
import { codeOf } from '../world.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const read = (text: string) => readPlaintext(bytes(text), '/legal')
const pointersOf = (text: string) => read(text).problems.map(({ pointer }) => pointer)

t.test('what is canonical has no problem', async (t) => {
  for (const text of ['{}', '[]', 'null', '{"a":[1,-7,true],"b":{"c":"é"}}', '"x"', '0']) {
    t.strictSame(read(text), { value: JSON.parse(text), problems: [] }, text)
  }
})

t.test('what another language writes is shown, and named where it differs', async (t) => {
  const rows: [text: string, pointers: string[], value: unknown][] = [
    ['{"b":1,"a":2}', ['/legal'], { b: 1, a: 2 }],
    ['{ "a": 1 }', ['/legal'], { a: 1 }],
    ['{"a":1}\n', ['/legal'], { a: 1 }],
    ['{"a":"\\u00e9"}', ['/legal/a'], { a: 'é' }],
    ['{"a":"\\/"}', ['/legal/a'], { a: '/' }],
    ['{"a":"e\u0301"}', ['/legal/a'], { a: 'e\u0301' }],
    ['{"a":["x","\u1e9b\u0323"]}', [], { a: ['x', '\u1e9b\u0323'] }],
    ['{"e\u0301/~":1}', ['/legal'], { 'e\u0301/~': 1 }],
    ['{"x/~y":1.5}', ['/legal/x~1~0y'], { 'x/~y': 1.5 }],
    ['{"a":1.0}', ['/legal/a'], { a: 1 }],
    ['{"a":-0}', ['/legal/a'], { a: -0 }],
    ['{"a":1e3}', ['/legal/a'], { a: 1000 }],
    ['{"a":[0,1.5]}', ['/legal/a/1'], { a: [0, 1.5] }],
    ['{"a":9007199254740993}', ['/legal/a'], { a: '9007199254740993' }],
    ['{"a":1e400}', ['/legal/a'], { a: '1e400' }],
    ['{"a":0.1000000000000000055}', ['/legal/a'], { a: '0.1000000000000000055' }],
    ['{"a":"\\ud800"}', ['/legal/a'], { a: '\ud800' }],
    ['\ufeff{"a":1}', ['/legal'], { a: 1 }],
    ['{"a":1.5,"b":"e\u0301"}', ['/legal/a', '/legal/b'], { a: 1.5, b: 'e\u0301' }],
    ['{"a":"\\"}]{","b": 1.5}', ['/legal/b', '/legal'], { a: '"}]{', b: 1.5 }],
  ]
  for (const [text, pointers, value] of rows) {
    t.strictSame(pointersOf(text), pointers, text)
    t.strictSame(read(text).value, value, text)
  }
})

t.test('what is not JSON, or says two things under one name, is refused', async (t) => {
  const rows = ['', '{', '{"a":1,}', "{'a':1}", '{"a":1}{"b":2}', 'NaN', '{"a":01}', '\ufeff']
  for (const text of rows)
    t.equal(
      codeOf(() => read(text)),
      'malformed-request',
      text,
    )
  for (const text of ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '[{"b":{"a":1, "c":2, "a":3}}]']) {
    t.equal(
      codeOf(() => read(text)),
      'malformed-request',
      text,
    )
  }
  const notUtf8 = Uint8Array.of(0x22, 0xff, 0x22)
  t.equal(
    codeOf(() => readPlaintext(notUtf8, '')),
    'malformed-request',
  )
  t.strictSame(pointersOf('{"__proto__":1.5}'), ['/legal/__proto__'])
  t.ok(Object.hasOwn(read('{"__proto__":1.5}').value as object, '__proto__'))
})

t.test('deep nesting is named from 32 levels on, and refused past what can be shown', async (t) => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  t.strictSame(read(nested(32)).problems, [])
  t.equal(read(nested(33)).problems.length, 1)
  t.equal(
    codeOf(() => read(nested(1000))),
    undefined,
  )
  t.equal(
    codeOf(() => read(nested(1001))),
    'malformed-request',
  )
  t.equal(
    codeOf(() => read(nested(60_000))),
    'malformed-request',
  )
})

t.test('problems are at most a hundred', async (t) => {
  t.equal(read(`[${'1.5,'.repeat(500)}1]`).problems.length, 100)
})

t.test('any JSON is shown as the platform reads it', async (t) => {
  const spaces = fc.constantFrom('', ' ', '\n')
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), spaces, (value, space) => {
      const text = JSON.stringify(value, null, space)
      // A number of many digits is given as its text: there is none here, JSON.stringify rounds.
      t.strictSame(read(text).value, JSON.parse(text), text)
    }),
    { numRuns: 500 },
  )
})
