import fc from 'fast-check'
import t from 'tap'
import { type IdentifierType, identifierTypes } from '../../src/referral/codes/identity.ts'
import { normalise } from '../../src/referral/identifiers.ts'

// Of each form values that fit, and some that just do not.
const table: Record<IdentifierType, { fits: [string, string][]; fails: string[] }> = {
  uan: {
    fits: [
      ['1234-5678-9012-3456', '1234-5678-9012-3456'],
      [' 1234-5678 -9012-3456 ', '1234-5678-9012-3456'],
    ],
    fails: ['1234-5678-9012-345', '1234-5678-9012-34567', '1234567890123456', ''],
  },
  gwf: {
    fits: [['gwf 012 345 678', 'GWF012345678']],
    fails: ['GWF01234567', 'GWF0123456789', '012345678'],
  },
  cid: {
    fits: [
      ['7', '000000007'],
      ['123456789', '123456789'],
    ],
    fails: ['', '1234567890', '12a', '１２'],
  },
  home_office_file: {
    fits: [
      ['a123456', 'A123456'],
      ['B12345678/123', 'B12345678/123'],
    ],
    fails: ['A12345', 'A123456789', '123456', 'A123456/', 'A123456/1234', 'AB123456'],
  },
  port_reference: {
    fits: [
      ['lhr / 12 x', 'LHR/12X'],
      ['é'.repeat(40), 'É'.repeat(40)],
    ],
    fails: ['', ' ', 'x'.repeat(41)],
  },
  prison_number: { fits: [['a1234bc', 'A1234BC']], fails: ['A123BC', 'A1234B', '1234ABC'] },
  appeal: {
    fits: [
      ['pa/01234/2026', 'PA/01234/2026'],
      ['IA/29999/2000', 'IA/29999/2000'],
    ],
    fails: ['XX/01234/2026', 'PA/31234/2026', 'PA/1234/2026', 'PA/01234/1999'],
  },
  upper_tribunal: {
    fits: [['ui-2026-000123', 'UI-2026-000123']],
    fails: ['UI-2026-00123', 'U-2026-000123'],
  },
  bail: {
    fits: [
      ['hh/12345', 'HH/12345'],
      ['1234-5678-9012-3456', '1234-5678-9012-3456'],
    ],
    fails: ['H/12345', 'HH/1234', 'HHH/12345'],
  },
}

for (const [type, { fits, fails }] of Object.entries(table)) {
  t.test(`${type} is known by one spelling, and by its form alone`, (t) => {
    for (const [written, normal] of fits) t.equal(normalise(type, written), normal, written)
    for (const written of fails) t.equal(normalise(type, written), undefined, written)
    t.end()
  })
}

t.equal(normalise('passport', 'A1234567'), undefined, 'a type that is not known has no spelling')
t.equal(normalise('__proto__', 'x'), undefined, 'nor has what every object inherits')

t.test('normalising twice changes nothing', (t) => {
  const types = fc.constantFrom(...(Object.keys(identifierTypes) as IdentifierType[]))
  const written = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 45 }),
    fc.stringMatching(/^ ?[0-9]{1,10} ?$/),
    fc.constantFrom(...Object.values(table).flatMap(({ fits }) => fits.map(([value]) => value))),
  )
  fc.assert(
    fc.property(types, written, (type, value) => {
      const once = normalise(type, value)
      if (once !== undefined) t.equal(normalise(type, once), once)
    }),
  )
  t.end()
})
