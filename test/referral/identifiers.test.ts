// Goal: a number is known by one spelling however it was typed; one of odd form stops nothing and
// finds nobody. Method: the handed samples, values on both sides of each form, and the published
// forms, read by a second implementation that has nothing else.

// Thrown, and not told to tap: so fast-check shrinks what fails, and prints its seed.
import { deepStrictEqual, equal } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import t from 'tap'
import { type IdentifierType, identifierTypes } from '../../src/referral/codes/identity.ts'
import { checkDraft } from '../../src/referral/draft.ts'
import {
  identifierForms,
  identifierKey,
  readIdentifier,
  storedIdentifier,
} from '../../src/referral/identifiers.ts'
import { standsForNothing } from '../../src/referral/placeholders.ts'

const published = JSON.parse(
  readFileSync(new URL('../../openapi/identifiers.json', import.meta.url), 'utf8'),
)
const samples = parse(
  readFileSync(new URL('../vectors/faults/identifiers.csv', import.meta.url), 'utf8'),
  { columns: true, relax_column_count: true },
) as Record<'type' | 'typed' | 'stored' | 'key', string>[]

const draftOf = (identifiers: unknown) => ({
  channel: 'partner_ngo',
  region: 'unknown',
  referral: { identity: { familyName: 'Okonjo', identifiers } },
})

for (const { type, typed, stored, key } of samples) {
  t.test(`${type} ${typed}`, (t) => {
    const checked = checkDraft(draftOf([{ type, value: typed }]))
    t.equal(checked.refusal, undefined, 'it stops no referral')
    const { referral, warnings } = checked as Extract<typeof checked, { draft: unknown }>
    const [sealed] = referral.identity.identifiers ?? []
    t.equal(sealed?.value ?? '(left out)', stored, 'what is sealed')
    const made = identifierKey(type, typed)
    const expected = key.includes('REF_file') ? 'home_office_file|M1234567/2' : key
    t.equal(made ? `${made.type}|${made.value}` : 'none', expected, 'what it is compared by')
    const said = warnings.map(({ pointer }) => pointer)
    const odd = key === 'none' ? ['/referral/identity/identifiers/0/value'] : []
    t.strictSame(said, odd, 'whoever types is told of one that finds nobody, and of no other')
    t.end()
  })
}

// Of each form values that fit, values that are odd, and values that are none.
const table: Record<
  IdentifierType,
  { fits: [string, string][]; odd: string[]; nothing: string[] }
> = {
  uan: {
    fits: [
      ['1234-5678-9012-3456', '1234-5678-9012-3456'],
      [' 1234-5678 -9012-3456 ', '1234-5678-9012-3456'],
      ['UAN: 1234 5678 9012 3456', '1234-5678-9012-3456'],
      ['1234.5678.9012.3456', '1234-5678-9012-3456'],
      ['1234/5678/9012/3456', '1234-5678-9012-3456'],
      ['1234—5678―9012−3456', '1234-5678-9012-3456'],
      ['1234\u00ad5678\u200b9012\ufeff3456', '1234-5678-9012-3456'],
      ['１２３４－５６７８－９０１２－３４５６', '1234-5678-9012-3456'],
      ['١٢٣٤-٥٦٧٨-٩٠١٢-٣٤٥٦', '1234-5678-9012-3456'],
      ['۱۲۳۴ ۵۶۷۸ ۹۰۱۲ ۳۴۵۶', '1234-5678-9012-3456'],
    ],
    odd: ['1234-5678-9012-345', '1234-5678-9012-34567', '1234-5678-9012-345?', 'x234567890123456'],
    nothing: ['', '0000-0000-0000-0000', '1111111111111111', 'with solicitor', 'N/A', '-'],
  },
  gwf: {
    fits: [
      ['gwf 012 345 678', 'GWF012345678'],
      ['GWF-012345678', 'GWF012345678'],
    ],
    odd: ['GWF01234567', 'GWF0123456789', '012345678'],
    nothing: ['GWF', 'GWF000000000', 'gwf 999 999 999'],
  },
  cid: {
    fits: [
      ['7', '000000007'],
      ['123456789', '123456789'],
      ['CID 12-345', '000012345'],
      ['１２', '000000012'],
    ],
    odd: ['1234567890', '12a'],
    nothing: ['', '0', '000000', '1111', 'cid', 'tbc'],
  },
  home_office_file: {
    fits: [
      ['a123456', 'A123456'],
      ['B12345678/123', 'B12345678/123'],
      ['M-1234567', 'M1234567'],
      ['m1234567-2', 'M1234567/2'],
      ['M 123 4567 ⁄ 2', 'M1234567/2'],
      ['M1234567\\2', 'M1234567/2'],
    ],
    odd: ['A12345', 'A123456789', '123456', 'A123456/', 'A123456/1234', 'AB123456', 'A123-4567'],
    nothing: ['0000000', 'M0000000', 'M0000000/2', 'M1111111', 'M', 'refused'],
  },
  port_reference: {
    fits: [
      ['lhr / 12 x', 'LHR/12X'],
      ['é'.repeat(40), 'É'.repeat(40)],
      ['Dover', 'DOVER'],
    ],
    odd: ['x1'.repeat(21)],
    nothing: ['', ' ', 'N/A', 'none', 'Not known', '0000', '?'],
  },
  prison_number: {
    fits: [
      ['a1234bc', 'A1234BC'],
      ['A 1234 BC', 'A1234BC'],
      ['A1111BC', 'A1111BC'],
    ],
    odd: ['A123BC', 'A1234B', '1234ABC', '12345'],
    nothing: ['A0000AA', 'none', 'prisoner'],
  },
  appeal: {
    fits: [
      ['pa/01234/2026', 'PA/01234/2026'],
      ['IA/29999/2000', 'IA/29999/2000'],
      ['PA 50123 2024', 'PA/50123/2024'],
      ['PA-50123-2024', 'PA/50123/2024'],
      ['PA∕50123∕2024', 'PA/50123/2024'],
      ['DE/00001/2014', 'DE/00001/2014'],
    ],
    odd: ['XX/01234/2026', 'PA/1234/2026', 'PA/01234/1999', 'PA/501234/2024'],
    nothing: ['PA/00000/2024', 'pending', 'PA'],
  },
  upper_tribunal: {
    fits: [
      ['ui-2026-000123', 'UI-2026-000123'],
      ['UI/2026/000123', 'UI-2026-000123'],
    ],
    odd: ['UI-2026-00123', 'U-2026-000123'],
    nothing: ['UI-2026-000000', 'UI'],
  },
  bail: {
    fits: [
      ['hh/12345', 'HH/12345'],
      ['HH 12345', 'HH/12345'],
      ['1234-5678-9012-3456', '1234-5678-9012-3456'],
    ],
    odd: ['H/12345', 'HH/1234', 'HHH/12345'],
    nothing: ['HH/00000', 'granted', '0000000000000000'],
  },
}

for (const [type, { fits, odd, nothing }] of Object.entries(table)) {
  t.test(`${type} is known by one spelling, and by its form alone`, (t) => {
    for (const [typed, value] of fits) {
      t.strictSame(readIdentifier(type, typed), { kind: 'normal', value }, typed)
    }
    for (const typed of odd) {
      t.strictSame(readIdentifier(type, ` ${typed} `), { kind: 'odd', value: typed }, typed)
      t.equal(storedIdentifier(type, ` ${typed} `), typed, 'kept as typed')
      t.equal(identifierKey(type, typed), undefined, 'makes no match key')
    }
    for (const typed of nothing) {
      t.strictSame(readIdentifier(type, typed), { kind: 'nothing' }, typed)
      t.equal(storedIdentifier(type, typed), undefined, 'is left out')
      t.equal(identifierKey(type, typed), undefined, 'makes no match key')
    }
    t.end()
  })
}

t.test('a free text stays as it was typed, and is compared without its spaces', (t) => {
  t.equal(storedIdentifier('port_reference', ' Dover, lorry 12 '), 'Dover, lorry 12')
  t.strictSame(identifierKey('port_reference', 'dover, lorry 12'), {
    type: 'port_reference',
    value: 'DOVER,LORRY12',
  })
  t.end()
})

t.test('the form of a uan makes it one, whatever it was called', (t) => {
  const uan = { type: 'uan', value: '1234-5678-9012-3456' }
  for (const type of [...Object.keys(identifierTypes), 'passport', '__proto__']) {
    t.strictSame(identifierKey(type, '1234 5678 9012 3456'), uan, type)
  }
  t.equal(identifierKey('passport', 'A1234567'), undefined, 'a type not known makes no other key')
  t.strictSame(readIdentifier('__proto__', ' x1 '), { kind: 'odd', value: 'x1' })
  t.end()
})

t.test('where all that was given stands for nothing, no list is sealed', (t) => {
  const checked = checkDraft(draftOf([{ type: 'gwf', value: 'unknown' }]))
  t.notOk(checked.refusal)
  t.equal('referral' in checked && 'identifiers' in checked.referral.identity, false)
  t.strictSame('warnings' in checked && checked.warnings, [
    {
      pointer: '/referral/identity/identifiers/0/value',
      detail: 'stands for nothing: it is left out of what is sealed.',
    },
  ])
  t.end()
})

const types = fc.constantFrom(...(Object.keys(identifierTypes) as IdentifierType[]))
const typed = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 45 }),
  fc.stringMatching(/^ ?[0-9]{1,17} ?$/),
  fc.stringMatching(/^[A-Za-z]{1,3}[-/ ]?[0-9]{4,9}([-/ ][0-9]{1,4})?$/),
  fc.constantFrom(...Object.values(table).flatMap(({ fits }) => fits.map(([value]) => value))),
)

t.test('normalising twice changes nothing, and what is sealed makes the same key', (t) => {
  fc.assert(
    fc.property(types, typed, (type, value) => {
      const read = readIdentifier(type, value)
      if (read.kind === 'normal') deepStrictEqual(readIdentifier(type, read.value), read)
      const stored = storedIdentifier(type, value)
      if (stored === undefined) return
      equal(storedIdentifier(type, stored), stored)
      deepStrictEqual(identifierKey(type, stored), identifierKey(type, value))
    }),
    { numRuns: 2_000 },
  )
  t.end()
})

t.test('a letter whose capital comes in parts is written in one way', (t) => {
  const [composed, inParts] = ['\u1fe2', '\u03ab\u0300']
  t.same(readIdentifier('port_reference', composed), { kind: 'normal', value: inParts })
  t.same(identifierKey('port_reference', composed), identifierKey('port_reference', inParts))
  t.end()
})

/** From the published file alone, with a placeholder list that another test holds. */
function readByForms(type: IdentifierType, value: string): string | undefined {
  if (standsForNothing(value)) return undefined
  const { free, drops, reads, digits = 0, form } = published.types[type]
  let text = ''
  for (const character of value.normalize('NFKC')) {
    if (/\s|\p{Cf}/u.test(character)) continue
    const at = published.zeros
      .map((zero: string) => (character.codePointAt(0) ?? 0) - (zero.codePointAt(0) ?? 0))
      .find((distance: number) => distance >= 0 && distance < 10)
    if (at !== undefined) text += at
    else if (/\p{Pd}/u.test(character) || '−⁃˗'.includes(character)) text += '-'
    else text += '⁄∕\\'.includes(character) ? '/' : character
  }
  text = text.toUpperCase().normalize('NFKC')
  if (!free && !/[0-9]/.test(text)) return undefined
  if (drops) text = text.split(new RegExp(drops, 'u')).join('')
  for (const { pattern, writes } of reads) {
    const found = text.match(new RegExp(pattern, 'u'))
    if (!found) continue
    const filled = writes.replace(/\$([0-9])/g, (_: string, group: string) => found[Number(group)])
    const normal = '0'.repeat(Math.max(digits - filled.length, 0)) + filled
    const fit = normal.match(new RegExp(form, 'u'))
    if (!fit) return undefined
    const number = (fit.slice(1).find(Boolean) ?? '').replaceAll('-', '')
    const alike = new Set(number).size === 1 && (number.startsWith('0') || number.length > 5)
    return alike && !free ? undefined : normal
  }
  return undefined
}

t.test('a client that has only the published forms reads the same', (t) => {
  const all = Object.values(table).flatMap(({ fits, odd, nothing }) => {
    return [...fits.map(([value]) => value), ...odd, ...nothing]
  })
  for (const type of Object.keys(identifierTypes) as IdentifierType[]) {
    for (const value of all) {
      const read = readIdentifier(type, value)
      const normal = read.kind === 'normal' ? read.value : undefined
      t.equal(normal, readByForms(type, value), `${type} ${JSON.stringify(value)}`)
    }
  }
  fc.assert(
    fc.property(types, typed, (type, value) => {
      const read = readIdentifier(type, value)
      t.equal(read.kind === 'normal' ? read.value : undefined, readByForms(type, value))
    }),
  )
  t.end()
})

t.test('the published schema says the form of each type', (t) => {
  const file = new URL('../../openapi/referral.schema.json', import.meta.url)
  const schema = JSON.parse(readFileSync(file, 'utf8'))
  const { description } = schema.properties.identity.properties.identifiers.items.properties.value
  for (const [type, { says, form }] of Object.entries(identifierForms)) {
    t.ok(description.includes(`${type}: ${says}, ${form}`), type)
  }
  t.end()
})
