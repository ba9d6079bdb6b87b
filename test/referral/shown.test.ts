import fc from 'fast-check'
import t from 'tap'
import { Label } from '../../src/protocol/label.ts'
import { hiddenRanges, visiblePattern } from '../../src/referral/hidden.ts'
import { schemaProblems } from '../../src/referral/problems.ts'
import { guarded, jsonText, quoted, shown } from '../../src/referral/shown.ts'

/** Of this process's own Unicode, and what Unicode has set aside for more of the same. */
const expected = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u
const setAside = [0x2065, 0xfff0, 0xfff8, 0xe0002, 0xe0fff]

t.test('hidden are the characters of six categories, but the two that are spelling', async (t) => {
  const hidden = new RegExp(`[${hiddenRanges}]`, 'u')
  const differing: string[] = []
  for (let code = 0; code <= 0x10ffff; code += 1) {
    const character = String.fromCodePoint(code)
    const isSpelling = code === 0x200c || code === 0x200d
    const isAssigned = !/\p{Cn}/u.test(character)
    if (!isAssigned) continue
    if (hidden.test(character) === (expected.test(character) && !isSpelling)) continue
    differing.push(code.toString(16))
  }
  t.same(differing, [])
  for (const code of setAside) t.ok(hidden.test(String.fromCodePoint(code)), code.toString(16))
  // Arrows, sixteen variation selectors and an unassigned letter of the first plane.
  for (const code of [0x2192, 0xfe0f, 0xe0100, 0x05ff]) {
    t.notOk(hidden.test(String.fromCodePoint(code)), code.toString(16))
  }
})

const label = (text: string) => schemaProblems(Label(80), text)

t.test('a label is one line of what can be seen, in any script', async (t) => {
  for (const name of [
    'Clinic',
    'Ōtautahi Law & Co.',
    'مرکز درمان\u200Cها',
    'क्\u200Dष',
    '医務室',
    'é',
  ]) {
    t.same(label(name), [], name)
  }
  const planted = ['\n', '\r', '\u0085', '\u2028', '\u2029', '\u001b', '\u202e', '\u2066', '\u00ad']
  planted.push(
    '\u200b',
    '\ufeff',
    '\ufff9',
    '\u{e0041}',
    '\ud800',
    '\udc00',
    '\ue000',
    '\t',
    '\u061c',
  )
  for (const character of planted) {
    t.match(label(`A${character}B`), [{ detail: /in one line, none of them hidden/ }])
    t.equal(label(`A${character}`).length, 1, 'at its end too')
  }
  t.equal(label('').length, 1)
  t.equal(label('x'.repeat(81)).length, 1)
  t.same(label('𐐷'.repeat(80)), [], 'in characters, not in halves of them')
})

const text = fc.string({ unit: 'binary', maxLength: 40 })
const breaks = /[\p{Cc}\p{Zl}\p{Zp}]/u

t.test('a part stays within its line, and says what was there', async (t) => {
  t.equal(shown('a\nb\u202ec\u{e0041}\ud800'), 'a\\u{a}b\\u{202e}c\\u{e0041}\\u{d800}')
  t.equal(shown('می\u200Cخواهم é 医'), 'می\u200Cخواهم é 医')
  t.equal(shown({ toString: 'x\u001b' }), '{"toString":"x\\u001b"}', 'whatever stands in its place')
  t.equal(shown(undefined), '')
  fc.assert(
    fc.property(
      text,
      (part) =>
        !breaks.test(shown(part)) && new RegExp(visiblePattern, 'u').test(`.${shown(part)}`),
    ),
  )
})

t.test('each line of a text is behind a mark, whatever ends it', async (t) => {
  t.same(quoted('a\nb\r\nc\rd\u2028e\u2029f\u0085g'), [
    '| a',
    '| b',
    '| c',
    '| d',
    '| e',
    '| f\\u{85}g',
  ])
  const filled = `${'x'.repeat(80)}    Note 7, by Casework`
  t.same(quoted(filled), [`| ${'x'.repeat(72)}`, '| xxxxxxxx    Note 7, by Casework'])
  t.same(quoted(`${'word '.repeat(15)}end`), [`| ${'word '.repeat(14)}`, '| word end'])
  t.same(quoted('医'.repeat(40)), [`| ${'医'.repeat(36)}`, '| 医医医医'])
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (written) => {
      const lines = quoted(written)
      const whole = written.split(/\r\n|[\n\r\u2028\u2029]/).map((line) => shown(line))
      return (
        lines.every((line) => /^\| [^\p{Cc}]*$/u.test(line) && [...line].length <= 74) &&
        lines.map((line) => line.slice(2)).join('') === whole.join('')
      )
    }),
  )
})

t.test('JSON is escaped and says the same', async (t) => {
  const nested = fc.dictionary(text, fc.oneof(text, fc.array(text)))
  fc.assert(
    fc.property(nested, (value) => {
      for (const indent of [0, 2]) {
        const written = jsonText(value, indent)
        t.equal(written, guarded(written))
        t.equal(JSON.stringify(JSON.parse(written)), JSON.stringify(value))
      }
    }),
  )
  t.equal(jsonText({ a: '\u{e0041}\u202e' }), '{"a":"\\udb40\\udc41\\u202e"}')
  t.equal(jsonText(undefined), 'null')
})
