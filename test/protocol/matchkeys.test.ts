// Goal: recipe match-keys/1 stays what it is, and does what it is for: what people write differently
// about one person makes the same keys.
// Method: keys worked out by hand; the published vectors, by our code and by the second
// implementation; properties over people at random; opened referrals that fit no schema.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { Check } from 'typebox/schema'
import { readBlock } from '../../docs/block.ts'
import { MatchingEpoch } from '../../src/protocol/keyset.ts'
import { matchKeys, matchKeyTypes, type Person, personOf } from '../../src/protocol/matchkeys.ts'
import { transliterate } from '../../src/protocol/names.ts'
import vectors from '../vectors/match-keys-1.json' with { type: 'json' }
import { people } from '../vectors/people.ts'
import * as second from './matchkeys-second.ts'

const written = (person: Person, types?: readonly string[]) =>
  matchKeys(person, types).map(({ type, value }) => `${type} ${value}`)
const valuesOf = (person: Person, ...types: string[]) =>
  matchKeys(person, types).map(({ value }) => value)

t.test('every key of one person, worked out by hand in the document', async (t) => {
  const person = {
    familyName: 'al-Hassan',
    givenNames: 'Yusuf',
    dateOfBirth: { date: '1990-12-03' },
    identifiers: [{ type: 'bail', value: '1234-5678-9012-3456' }],
    phones: ['07700 900123'],
  }
  const document = readFileSync('docs/PROTOCOL.md', 'utf8')
  const lines = readBlock(document, 'match keys').split('\n').slice(1, -1)
  t.equal(lines.length, 15)
  t.same(
    matchKeys(person).map(({ type, value }) => `${type.padEnd(7)} ${value}`),
    lines,
  )
})

t.test('the vectors', async (t) => {
  t.same(vectors.types, matchKeyTypes)
  t.same(
    vectors.people.map(({ person }) => person),
    people,
    'they are about the people beside them',
  )
  t.equal(people.length, 200)
  const lengths = new Set(vectors.people.map(({ keys }) => keys.length))
  t.ok(lengths.has(0) && lengths.has(40), 'among them one without keys, and one with too many')
  for (const type of matchKeyTypes) {
    const holders = vectors.people.filter(({ keys }) => keys.some((key) => key.type === type))
    t.ok(holders.length >= 3, `${type} is held by ${holders.length}`)
  }
  for (const [index, vector] of vectors.people.entries()) {
    const person: Person = vector.person
    const { latin, tokens, minima, digits } = vector
    const codes = new Map(tokens.map(({ token, p }) => [token, p]))
    const given = { latin, metaphoneOf: (token: string) => codes.get(token)! }
    const usual = { keys: vector.keys, used: vectors.types }
    const fewer = vector.fewerKeys && { keys: vector.fewerKeys, used: vectors.fewerTypes }
    for (const { keys, used } of fewer ? [usual, fewer] : [usual]) {
      t.same(matchKeys(person, used), keys, `person ${index}`)
      t.same(second.keysOf(person, given, vectors.types, used), keys, `person ${index}, again`)
    }
    const { givenNames, familyName, otherNames = [] } = person
    const names = [givenNames, familyName, ...otherNames].filter((name) => name !== undefined)
    t.same(latin, names.map(transliterate), `letters of ${index}`)
    t.same(
      second.tokensOf(latin),
      tokens.map(({ token }) => token),
      `tokens of ${index}`,
    )
    t.same(
      tokens.map(({ token }) => second.skeletonOf(token)),
      tokens.map(({ k }) => k),
    )
    t.same(tokens.length > 0 ? second.minimaOf(second.tokensOf(latin)) : [], minima)
    t.same(
      (person.phones ?? []).map(second.digitsOf),
      digits.map((found) => found ?? ''),
    )
  }
})

t.test('a keyset can list every type', async (t) => {
  t.ok(Check(MatchingEpoch.properties.types, matchKeyTypes))
})

// Names that hold some of everything: particles, marks, other scripts, apostrophes, rubbish.
const word = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z]{1,8}$/) },
  fc.constantFrom('al', 'bin', 'Syed', "O'Neill", 'Nguyễn', 'محمد', 'ገብረ', 'Straße', '王', 'ʿAlī'),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const few = fc.array(word, { minLength: 1, maxLength: 3 })
const day = fc
  .date({ min: new Date('1930-01-01'), max: new Date('2020-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const anyone: fc.Arbitrary<Person> = fc.record(
  {
    familyName: fc.oneof(
      few.map((words) => words.join(' ')),
      fc.string({ unit: 'binary' }),
    ),
    givenNames: fc.array(word, { maxLength: 9 }).map((words) => words.join('-')),
    otherNames: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 4 }),
    dateOfBirth: fc.oneof(
      day.map((date) => ({ date })),
      fc.record({ date: fc.string(), year: fc.oneof(fc.integer(), fc.double()) }),
    ),
    identifiers: fc.array(
      fc.record({
        type: fc.constantFrom('uan', 'cid', 'port_reference', 'bail', 'toString', ''),
        value: fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{1,9}$/)),
      }),
      { maxLength: 20 },
    ),
    phones: fc.array(fc.oneof(fc.string(), fc.stringMatching(/^\+44 7[0-9]{9}$/)), {
      maxLength: 9,
    }),
  },
  { requiredKeys: [] },
)

/** How many values of a type there can be; six of those that are not here. */
const most: Readonly<Record<string, number>> = {
  ...{ REF: 8, PHONE: 4, PP_Y: 15, KK_Y: 15 },
  ...{ N: 1, P: 1, P_MD: 1, I_D: 1, I_D01: 1, MH3_Y: 1 },
}

t.test('whoever it is, the keys are within their limits and in their order', async (t) => {
  const property = fc.property(anyone, (person) => {
    const keys = matchKeys(person)
    const ordered = keys.toSorted((a, b) => {
      const [i, j] = [a, b].map(({ type }) => matchKeyTypes.indexOf(type)) as [number, number]
      return i - j || (a.value < b.value ? -1 : 1)
    })
    t.same(keys, ordered)
    t.equal(new Set(keys.map((key) => JSON.stringify(key))).size, keys.length, 'none twice')
    t.ok(keys.length <= 40)
    for (const type of new Set(keys.map((key) => key.type))) {
      t.ok(matchKeyTypes.includes(type))
      t.ok(keys.filter((key) => key.type === type).length <= (most[type] ?? 6), type)
    }
  })
  fc.assert(property)
})

t.test('asking again, and asking for each type alone, gives the same keys', async (t) => {
  const property = fc.property(anyone, (person) => {
    const copy: Person = structuredClone(person)
    const keys = matchKeys(person)
    t.same(person, copy, 'the person is not changed')
    const each = matchKeyTypes.flatMap((type) => matchKeys(person, [type]))
    return JSON.stringify([keys, keys]) === JSON.stringify([matchKeys(copy), each.slice(0, 40)])
  })
  fc.assert(property)
})

t.test('the order of names, and which is the family name, make no difference', async (t) => {
  const six = fc.uniqueArray(fc.stringMatching(/^[b-z][a-z]{1,7}$/), { minLength: 1, maxLength: 6 })
  const property = fc.property(six, day, fc.infiniteStream(fc.nat()), (names, date, draws) => {
    const draw = (below: number) => draws.next().value % below
    const shuffled = [...names]
    for (let at = shuffled.length - 1; at > 0; at -= 1) {
      const other = draw(at + 1)
      ;[shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!]
    }
    const [a, b] = [draw(names.length + 1), draw(names.length + 1)]
    const dateOfBirth = { date }
    const one = {
      givenNames: names.slice(0, a).join(' '),
      familyName: names.slice(a).join('-'),
      dateOfBirth,
    }
    const other = {
      familyName: shuffled.slice(0, b).join(' '),
      otherNames: shuffled.slice(b),
      dateOfBirth,
    }
    t.same(matchKeys(one), matchKeys(other))
  })
  fc.assert(property)
})

t.test('day and month exchanged leave D and MD as they were', async (t) => {
  const types = matchKeyTypes.filter((type) => !type.startsWith('REF'))
  const property = fc.property(
    few,
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 12 }),
    (names, a, b) => {
      const [m, d] = [a, b].map((part) => String(part).padStart(2, '0'))
      const of = (date: string) =>
        matchKeys({ givenNames: names.join(' '), dateOfBirth: { date } }, types)
      t.same(of(`1984-${m}-${d}`), of(`1984-${d}-${m}`))
    },
  )
  fc.assert(property)
})

t.test('digits in another order leave SD as it was', async (t) => {
  const of = (date: string) =>
    valuesOf({ givenNames: 'Selam Haile', dateOfBirth: { date } }, 'TK_SD', 'TK_SD01')
  t.same(of('1984-03-12'), ['hl|01123489', 'slm|01123489'])
  for (const date of ['1948-03-12', '1984-02-13', '1984-12-03', '1894-13-02', '1984-10-23'])
    t.same(of(date), date === '1894-13-02' ? [] : ['hl|01123489', 'slm|01123489'], date)
  t.not(of('1984-03-13')[0], of('1984-03-12')[0], 'another digit does not')
})

t.test('1 January has types of its own, and no other day has', async (t) => {
  const of = (date: string) =>
    new Set(matchKeys({ givenNames: 'Abebe Kebede', dateOfBirth: { date } }).map((k) => k.type))
  const first = of('1990-01-01')
  const other = of('1990-01-10')
  for (const type of ['T_D', 'TP_D', 'TK_SD', 'I_D']) {
    t.ok(first.has(`${type}01`) && !first.has(type), type)
    t.ok(other.has(type) && !other.has(`${type}01`), type)
  }
  for (const type of ['N', 'P', 'PP_Y', 'KK_Y', 'P_MD', 'MH3_Y']) t.ok(first.has(type), type)
})

t.test('the year alone makes none of the types that hold a day', async (t) => {
  const types = (dateOfBirth: NonNullable<Person['dateOfBirth']>) =>
    matchKeys({ givenNames: 'Abebe Kebede', dateOfBirth }).map(({ type }) => type)
  const withYear = ['N', 'P', 'PP_Y', 'KK_Y', 'MH3_Y']
  t.same(types({ year: 1990 }), withYear)
  t.same(types({ date: '1990-02-30', year: 1990 }), withYear, 'a day that is in no calendar')
  t.same(types({ date: '1990-02-30' }), ['N', 'P'])
  t.same(types({}), ['N', 'P'])
  t.same(
    matchKeys({ givenNames: 'Abebe Kebede', dateOfBirth: { date: '1990-05-06', year: 1991 } }),
    matchKeys({ givenNames: 'Abebe Kebede', dateOfBirth: { date: '1990-05-06' } }),
    'the year of the date counts',
  )
})

t.test('one fact alone makes no key, save a reference and a telephone', async (t) => {
  t.same(matchKeys({ dateOfBirth: { date: '1990-05-06' } }), [])
  t.same(matchKeys({ familyName: 'Okonkwo' }), [])
  t.same(
    matchKeys({ familyName: 'Mohamed', givenNames: 'Mohammad' }, ['P']),
    [],
    'two of one sound',
  )
  t.same(matchKeys({ familyName: '—', dateOfBirth: { date: '1990-05-06' } }), [])
  const vowels = { familyName: 'Aya', dateOfBirth: { date: '1990-05-06' } }
  t.same(valuesOf(vowels, 'TK_SD', 'KK_Y'), [], 'a name without a consonant is no code')
  t.same(written({ identifiers: [{ type: 'cid', value: '7' }] }), ['REF cid|000000007'])
  t.same(written({ phones: ['07700 900123'] }), ['PHONE 447700900123'])
  const property = fc.property(anyone, (person) =>
    matchKeys(person).every(({ type, value }) => {
      const [names = '', birth] = value.split('|')
      if (type === 'REF' || type === 'PHONE') return true
      if (type === 'N' || type === 'P') return names.split(' ').length > 1
      return names !== '' && /^[0-9-]{4,10}$/.test(birth ?? '')
    }),
  )
  fc.assert(property)
})

t.test('references are compared in one spelling, and by their form', async (t) => {
  const of = (type: string, value: string) => valuesOf({ identifiers: [{ type, value }] }, 'REF')
  t.same(of('home_office_file', 'm1234567 / 2'), ['home_office_file|M1234567/2'])
  for (const type of ['uan', 'bail', 'port_reference', 'a newer type'])
    t.same(of(type, ' 1234-5678 -9012-3456'), ['uan|1234-5678-9012-3456'], type)
  t.same(of('uan', '123456789012345'), [], 'it is not of the form')
  t.same(of('a newer type', 'GWF012345678'), [])
  t.same(of('toString', '1'), [])
  const twice = [
    { type: 'uan', value: '1234-5678-9012-3456' },
    { type: 'bail', value: '1234-5678-9012-3456' },
  ]
  t.equal(matchKeys({ identifiers: twice }).length, 1)
})

t.test('telephones are compared as dialled from abroad', async (t) => {
  const of = (...phones: string[]) => valuesOf({ phones }, 'PHONE')
  const spellings = ['07700 900123', '+44 7700 900123', '0044 7700900123', '(07700) 900-123']
  for (const phone of spellings) t.same(of(phone), ['447700900123'], phone)
  t.same(of(...spellings), ['447700900123'])
  t.same(of('+355 67 212 3456', '+251 91 123 4567'), ['251911234567', '355672123456'])
  for (const none of ['', 'none', '12', '+', '0770']) t.same(of(none), [], none)
})

t.test('of too many the first are kept, by the order of types', async (t) => {
  const identifiers = Array.from({ length: 12 }, (_, n) => ({ type: 'cid', value: `${20 - n}` }))
  const phones = Array.from({ length: 6 }, (_, n) => `07700 90000${9 - n}`)
  const person = {
    givenNames: 'bab cac dad faf lal mam nan',
    dateOfBirth: { date: '1990-05-06' },
    identifiers,
    phones,
  }
  const types = matchKeys(person).map(({ type }) => type)
  t.same(
    Object.fromEntries(matchKeyTypes.map((type) => [type, types.filter((x) => x === type).length])),
    {
      ...{ REF: 8, PHONE: 4, N: 1, P: 1, T_D: 6, T_D01: 0, TP_D: 6, TP_D01: 0, TK_SD: 6 },
      ...{ TK_SD01: 0, PP_Y: 8, KK_Y: 0, P_MD: 0, I_D: 0, I_D01: 0, MH3_Y: 0 },
    },
  )
  t.equal(valuesOf(person, 'REF')[0], 'cid|000000009')
  t.equal(valuesOf(person, 'PHONE').at(-1), '447700900007')
  t.equal(valuesOf(person, 'KK_Y').length, 15)
  t.match(valuesOf(person, 'MH3_Y'), [/\|1990$/], 'types left out give their places to others')
  t.same(matchKeys(person, []), [])
  t.same(matchKeys(person, ['A_NEWER']), [])
})

t.test('of a referral only the answers are names', async (t) => {
  const identity = {
    familyName: 'not_asked',
    givenNames: 'Selam',
    otherNames: ['Selam Haile'],
    nameInOwnScript: 'ሰላም',
    dateOfBirth: { date: '1990-05-06', year: 1990, disputed: 'yes' as const },
    identifiers: [{ type: 'cid' as const, value: '7' }],
  }
  const contact = { phone: '07700 900123', others: [{ phone: '07700 900456' }] }
  t.same(personOf({ identity, contact }), {
    givenNames: 'Selam',
    otherNames: ['Selam Haile'],
    dateOfBirth: { date: '1990-05-06', year: 1990 },
    identifiers: [{ type: 'cid', value: '7' }],
    phones: ['07700 900123'],
  })
  t.same(matchKeys(personOf({ identity: { givenNames: 'unknown' }, contact: {} })), [])
})

t.test('an opened referral of any form is read as far as it can be', async (t) => {
  const identity = {
    familyName: 7,
    givenNames: 'Selam Haile',
    otherNames: [null, 'Hagos'],
    dateOfBirth: { date: ['1990-05-06'], year: 1990 },
    identifiers: [{ type: 'cid', value: 7 }, null, { type: 'cid', value: '8' }],
  }
  const found = matchKeys(personOf({ identity, contact: 'by post' }), ['REF', 'N'])
  t.same(found, [
    { type: 'REF', value: 'cid|000000008' },
    { type: 'N', value: 'hagos haile selam' },
  ])
  const texts = personOf({ identity: { dateOfBirth: { date: 1990, year: '1990' } }, contact: {} })
  t.same(texts.dateOfBirth, {}, 'a year is a number, and a day a text')
  const field = () => fc.oneof(fc.jsonValue(), fc.string())
  const anything = fc.record(
    {
      ...{ familyName: field(), givenNames: field(), otherNames: field(), identifiers: field() },
      dateOfBirth: fc.oneof(field(), fc.record({ date: field(), year: field() })),
    },
    { requiredKeys: [] },
  )
  const property = fc.property(
    fc.oneof(anything, fc.jsonValue()),
    fc.jsonValue(),
    (identity, contact) => {
      matchKeys(personOf({ identity, contact }))
    },
  )
  fc.assert(property)
})

t.test(
  'a name without end, as a partner can seal it by hand, makes keys like any other',
  async (t) => {
    const familyName = '\u{16834}'.repeat(15_000)
    t.ok(transliterate(familyName).length > 120_000, 'more letters than a call takes arguments')
    const keys = matchKeys({
      familyName,
      givenNames: 'Zuleika',
      dateOfBirth: { date: '1990-03-14' },
    })
    t.ok(keys.some(({ type }) => type === 'MH3_Y'))
    t.ok(keys.every(({ value }) => value.length < 200))
  },
)
