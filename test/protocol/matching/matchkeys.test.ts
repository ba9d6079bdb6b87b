// Goal: recipe match-keys/2 stays what it is, and does what it is for: what people write differently
// about one person makes the same keys.
// Method: keys worked out by hand; the published vectors, by our code and by the second
// implementation; properties over people at random; opened referrals that fit no schema.
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { Check } from 'typebox/schema'
import { readBlock } from '../../../scripts/block.ts'
import { matchKeyTypes } from '../../../src/protocol/matching/keytypes.ts'
import { matchKeys, type Person, personOf } from '../../../src/protocol/matching/matchkeys.ts'
import { isCommon } from '../../../src/protocol/matching/names.ts'
import { telephonesIn } from '../../../src/protocol/matching/telephones.ts'
import { MatchingEpoch } from '../../../src/protocol/trust/keyset.ts'
import vectors from '../../vectors/match-keys-2.json' with { type: 'json' }
import { people } from '../../vectors/people.ts'
import { spellings } from '../../vectors/spellings.ts'
import * as second from './matchkeys-second.ts'

const kindTypes: Readonly<Record<string, string>> = { upper_tribunal: 'ut' }

/** A table of test/vectors/faults. */
function table(name: string): Record<string, string>[] {
  const text = readFileSync(new URL(`../../vectors/faults/${name}.csv`, import.meta.url), 'utf8')
  return parse(text, { columns: true })
}

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
  t.equal(people.length, 210)
  const lengths = new Set(vectors.people.map(({ keys }) => keys.length))
  t.ok(lengths.has(0) && lengths.has(40), 'among them one without keys, and one with too many')
  for (const type of matchKeyTypes) {
    const holders = vectors.people.filter(({ keys }) => keys.some((key) => key.type === type))
    t.ok(holders.length >= 2, `${type} is held by ${holders.length}`)
  }
  for (const [index, vector] of vectors.people.entries()) agrees(t, vector, `person ${index}`)
})

type Vector = (typeof vectors.people)[number] | (typeof vectors.spellings)[number]['own']

/** Our keys and those of the second implementation are the vector's, step by step. */
function agrees(t: Test, vector: Vector, name: string): void {
  const person: Person = vector.person
  const codes = new Map(vector.tokens.map(({ token, p }) => [token, p]))
  const given = {
    letters: vectors.letters,
    metaphoneOf: (token: string) => codes.get(token) ?? '?',
  }
  const usual = { keys: vector.keys, used: vectors.types }
  const fewer = 'fewerKeys' in vector && { keys: vector.fewerKeys!, used: vectors.fewerTypes }
  for (const { keys, used } of fewer ? [usual, fewer] : [usual]) {
    t.same(matchKeys(person, used), keys, name)
    t.same(second.keysOf(person, given, vectors.types, used), keys, `${name}, again`)
  }
  const { givenNames, familyName, otherNames = [] } = person
  const names = [givenNames, familyName, ...otherNames].filter((it) => it !== undefined)
  const tokens = second.tokensOf(names, vectors.letters)
  t.same(
    tokens,
    vector.tokens.map(({ token }) => token),
    `tokens of ${name}`,
  )
  t.same(
    tokens.map(second.skeletonOf),
    vector.tokens.map(({ k }) => k),
  )
  t.same(tokens.length > 0 ? second.minimaOf(tokens) : [], vector.minima)
  for (const [at, phone] of (person.phones ?? []).entries()) {
    const digits = 'digits' in vector ? vector.digits?.[at] : undefined
    t.same(second.digitsOf(phone).sort(), digits, phone)
  }
}

t.test('people in two spellings, of every script, share keys', async (t) => {
  t.equal(vectors.spellings.length, 63)
  t.same(
    vectors.spellings.map(({ script }) => script),
    spellings.map(({ script }) => script),
    'they are about the people beside them',
  )
  for (const { script, own, other } of vectors.spellings) {
    const name = `${script}: ${other.person.givenNames} ${other.person.familyName}`
    agrees(t, own, `${name}, own`)
    agrees(t, other, name)
    const texts = own.keys.map(({ type, value }) => `${type} ${value}`)
    const shared = other.keys.filter(({ type, value }) => texts.includes(`${type} ${value}`))
    const types = new Set(shared.map(({ type }) => type))
    if (script.startsWith('Latin')) t.ok(types.has('N') && types.has('T_D'), name)
    t.ok(
      ['TP_D', 'TK_SD', 'I_D'].some((type) => types.has(type)),
      `${name}: ${[...types]}`,
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

/** How many values of a type one birth date gives at most; of the numbers eight. */
const most: Readonly<Record<string, number>> = {
  ...{ FILE: 4, PHONE: 4, PP_Y: 15, KK_Y: 15, N: 1, N1: 1, P: 1, P1: 1, P_MD: 1, I_D: 1 },
  ...{ I_D01: 1, MH3_Y: 1, T_D: 6, T_D01: 6, TP_D: 6, TP_D01: 6, TK_SD: 6, TK_SD01: 6 },
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
    t.ok(keys.filter(({ type }) => type.startsWith('REF_')).length <= 8)
    for (const type of new Set(keys.map((key) => key.type))) {
      t.ok(matchKeyTypes.includes(type))
      t.ok(keys.filter((key) => key.type === type).length <= (most[type] ?? 8), type)
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
  // No word of the lists, which mean something beside each other: none of them has a double q.
  const six = fc.uniqueArray(fc.stringMatching(/^[b-z][a-z]{0,6}qq$/), {
    ...{ minLength: 1, maxLength: 6 },
  })
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
  t.same(written({ identifiers: [{ type: 'cid', value: '7' }] }), ['REF_cid 000000007'])
  t.same(written({ phones: ['07700 900123'] }), ['PHONE 447700900123'])
  const property = fc.property(anyone, (person) =>
    matchKeys(person).every(({ type, value }) => {
      const [names = '', birth] = value.split('|')
      if (/^(REF_|FILE|PHONE)/.test(type)) return true
      if (/^[NP]1?$/.test(type)) return names.split(' ').length > 1
      return names !== '' && /^[0-9-]{4,10}$/.test(birth ?? '')
    }),
  )
  fc.assert(property)
})

t.test('references are compared in one spelling, by their form, each kind by itself', async (t) => {
  const of = (type: string, value: string) => written({ identifiers: [{ type, value }] })
  t.same(of('home_office_file', 'm1234567 / 2'), ['REF_file M1234567/2', 'FILE M1234567'])
  t.same(of('home_office_file', 'm1234567'), ['REF_file0 M1234567', 'FILE M1234567'])
  for (const type of ['uan', 'bail', 'port_reference', 'a newer type'])
    t.same(of(type, ' 1234-5678 -9012-3456'), ['REF_uan 1234-5678-9012-3456'], type)
  t.same(of('uan', '1234567890123456'), ['REF_uan 1234-5678-9012-3456'])
  t.same(of('uan', '1234–5678–9012–3456'), ['REF_uan 1234-5678-9012-3456'])
  t.same(of('a newer type', 'GWF012345678'), [])
  t.same(of('toString', '1'), [])
  const kinds = {
    ...{ gwf: 'GWF012345678', cid: '7', port_reference: 'A7', prison_number: 'A1234BC' },
    ...{ appeal: 'PA/50123/2024', upper_tribunal: 'UI-2024-001299', bail: 'HX/20417' },
  }
  const types = Object.entries(kinds).map(([type, value]) => of(type, value)[0]?.split(' ')[0])
  t.same(types, [
    ...['REF_gwf', 'REF_cid', 'REF_port', 'REF_prison', 'REF_appeal', 'REF_ut', 'REF_bail'],
  ])
  const twice = [
    { type: 'uan', value: '1234-5678-9012-3456' },
    { type: 'bail', value: '1234-5678-9012-3456' },
  ]
  t.equal(matchKeys({ identifiers: twice }).length, 1)
})

t.test('numbers as people type them make the keys that stand beside them', async (t) => {
  for (const { type, typed, key } of table('identifiers')) {
    const keys = written({ identifiers: [{ type: type!, value: typed! }] })
    const [kind = '', value = ''] = key!.split('|')
    if (key === 'none') t.same(keys, [], typed!)
    else if (kind.startsWith('REF_file')) t.same(keys, ['REF_file M1234567/2', 'FILE M1234567'])
    else t.same(keys, [`REF_${kindTypes[kind] ?? kind} ${value}`], typed!)
  }
})

t.test('what stands for nothing makes no key', async (t) => {
  for (const { given, family, reference, telephone, keys } of table('placeholders')) {
    const [type = '', ...value] = reference!.split(' ')
    const identifiers = [{ type, value: value.join(' ') }]
    const made = matchKeys({
      ...{ givenNames: given!, familyName: family!, dateOfBirth: { date: '1990-05-06' } },
      ...{ identifiers, phones: [telephone!] },
    })
    const like = {
      ...{ none: {}, 'as the single name Mohammed': { givenNames: 'Mohammed' } },
      'as the single name Hussein': { familyName: 'Hussein' },
      'as without a telephone': { givenNames: 'Mohammed', familyName: 'Ali' },
      'as without a reference': { givenNames: 'Mohammed', familyName: 'Ali' },
    }[keys!]
    t.same(made, matchKeys({ ...like, dateOfBirth: { date: '1990-05-06' } }), `${given} ${family}`)
  }
  const nobody = { givenNames: 'Not known', familyName: 'Unknown', phones: ['n/a', '0'] }
  t.same(matchKeys({ ...nobody, identifiers: [{ type: 'cid', value: '000' }] }), [])
})

t.test('what stands in for a telephone is read once, however long it is', (t) => {
  // Read anew from each character, any of them takes minutes.
  for (const piece of ['+', '(', '+(']) t.same(telephonesIn(piece.repeat(400_000)), [], piece)
  for (const piece of ['0 ', ' 0', '1/']) t.same(telephonesIn(piece.repeat(150_000)), [], piece)
  t.same(telephonesIn(`${'- '.repeat(150_000)}07700 900123`), ['447700900123'])
  t.end()
})

t.test('telephones as people type them make the keys that stand beside them', async (t) => {
  const of = (...phones: string[]) => valuesOf({ phones }, 'PHONE')
  for (const { typed, key } of table('telephones')) {
    if (/^[0-9]+$/.test(key!)) t.same(of(typed!), [key!], typed!)
    else if (key === 'none') t.same(of(typed!), [], typed!)
  }
  t.same(of('01293 555555 ext 204'), ['441293555555x204'])
  t.same(of('01293 555555 ext 305'), ['441293555555x305'])
  t.same(of('01293 555555'), ['441293555555'], 'the exchange is another number again')
  for (const typed of [
    '01293 555555 x204',
    '(01293) 555555, extension 204',
    '01293555555 Extn. 204',
  ])
    t.same(of(typed), ['441293555555x204'], typed)
  const two = ['447700900123', '447700900456']
  for (const typed of [
    ...['07700900123 / 07700900456', '07700 900123, 07700 900456', '07700900123 or 07700900456'],
    ...['07700 900123 07700 900456', '+447700900123+447700900456', '07700900123/07700900456'],
    ...['mum 07700 900123 (dad: 07700 900456)', '(07700) 900123; (07700) 900456'],
  ])
    t.same(of(typed), two, typed)
  const spellings = [
    ...['07700 900123', '+44 7700 900123', '0044 7700900123', '(07700) 900-123', '07700.900.123'],
    ...['+44 (0)7700 900123', '0044 (0) 7700 900123', '(+44) 7700 900123', '07700/900123'],
    ...[
      '07700 900123 (brother)',
      'his brother, 07700900123',
      '٠٧٧٠٠ ٩٠٠١٢٣',
      '０７７００９００１２３',
    ],
  ]
  for (const phone of spellings) t.same(of(phone), ['447700900123'], phone)
  t.same(of(...spellings), ['447700900123'])
  t.same(of('+355 67 212 3456', '+251 91 123 4567'), ['251911234567', '355672123456'])
  const none = [
    '',
    'none',
    '12',
    '+',
    '0770',
    '00000000000',
    '+44 0000000000',
    '11111111111',
    'n/a',
  ]
  for (const phone of none) t.same(of(phone), [], phone)
})

t.test('of two birth dates there are the keys of each', async (t) => {
  const of = (date: string, ...otherDates: string[]) =>
    written({ givenNames: 'Selam Haile', dateOfBirth: { date, otherDates } })
  const [one, other] = [of('1990-05-06'), of('1988-01-01')]
  t.same(new Set(of('1990-05-06', '1988-01-01')), new Set([...one, ...other]))
  t.same(of('1990-05-06', '1988-01-01'), of('1988-01-01', '1990-05-06'), 'whichever is whose')
  t.same(of('1990-05-06', '1990-05-06', '1990-02-30'), one, 'one twice, or in no calendar, is none')
  t.ok(of('1990-05-06', '1991-06-07', '1992-07-08', '1993-08-09').every((key) => !/1993/.test(key)))
})

t.test('a word that half a tradition bears makes keys beside another, never alone', async (t) => {
  const born = { dateOfBirth: { date: '1990-05-06' } }
  const keys = matchKeys({ givenNames: 'Gurpreet', familyName: 'Singh', ...born })
  const types = new Set(keys.map(({ type }) => type))
  t.same(types, new Set(['N1', 'P1', 'T_D', 'TP_D', 'TK_SD', 'P_MD', 'I_D', 'MH3_Y']))
  for (const { type, value } of keys) {
    if (/^(T_D|TP_D|TK_SD)$/.test(type)) t.notMatch(value, /singh|SNK|snj/, 'only of Gurpreet')
  }
  t.same(matchKeys({ familyName: 'Singh', ...born }), [])
  t.same(
    new Set(matchKeys({ givenNames: 'Md', familyName: 'Singh', ...born }).map(({ type }) => type)),
    new Set(['N1', 'P1', 'I_D', 'MH3_Y']),
  )
  const two = matchKeys({ givenNames: 'Gurpreet Singh', familyName: 'Dhillon', ...born })
  t.ok(two.some(({ type }) => type === 'N') && two.some(({ type }) => type === 'PP_Y'))
  t.equal(two.filter(({ type }) => type === 'T_D').length, 2)
  t.notOk(isCommon('gurpreet'))
})

t.test('equal neighbours in the code of a sound are one', async (t) => {
  t.same(valuesOf({ givenNames: 'Sukhchain Abdulallah' }, 'P'), ['APTL SKXN'])
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
  t.same(Object.fromEntries(types.map((type) => [type, types.filter((x) => x === type).length])), {
    REF_cid: 8,
    PHONE: 4,
    N: 1,
    P: 1,
    T_D: 6,
    TP_D: 6,
    TK_SD: 6,
    PP_Y: 8,
  })
  t.equal(valuesOf(person, 'REF_cid')[0], '000000009')
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
    dateOfBirth: {
      ...{ date: '1990-05-06', year: 1990, disputed: 'yes' as const },
      otherDates: ['1991-01-01'],
    },
    identifiers: [{ type: 'cid' as const, value: '7' }],
  }
  const contact = { phone: '07700 900123', others: [{ phone: '07700 900456' }] }
  t.same(personOf({ identity, contact }), {
    givenNames: 'Selam',
    otherNames: ['Selam Haile'],
    dateOfBirth: { date: '1990-05-06', year: 1990, otherDates: ['1991-01-01'] },
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
  const found = matchKeys(personOf({ identity, contact: 'by post' }), ['REF_cid', 'N'])
  t.same(found, [
    { type: 'REF_cid', value: '000000008' },
    { type: 'N', value: 'hagos haile selam' },
  ])
  const texts = personOf({ identity: { dateOfBirth: { date: 1990, year: '1990' } }, contact: {} })
  t.same(texts.dateOfBirth, { otherDates: [] }, 'a year is a number, and a day a text')
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
    // It is 120,000 letters when written out: more than a call takes arguments.
    const keys = matchKeys({
      familyName,
      givenNames: 'Zuleika',
      dateOfBirth: { date: '1990-03-14' },
    })
    t.ok(keys.some(({ type }) => type === 'MH3_Y'))
    t.ok(keys.every(({ value }) => value.length < 200))
  },
)
