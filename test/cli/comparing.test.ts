import t from 'tap'
import { comparisonOf } from '../../src/cli/recipient/comparing.ts'
import { dueLine, instantOf } from '../../src/cli/recipient/wording.ts'
import type { Opened } from '../../src/client/index.ts'
import { planted } from './forged.ts'

const opened = (identity: object, others: object = {}) =>
  ({ opened: true, compartments: { identity, ...others } }) as unknown as Opened

t.test('three referrals stand side by side, whatever names they bear', (t) => {
  const long = 'Wolfeschlegelsteinhausenbergerdorff'.repeat(4)
  const lines = comparisonOf(
    [
      opened({
        familyName: 'Okonkwo',
        givenNames: long,
        otherNames: ['b', 'a'],
        nickname: planted,
      }),
      opened({ familyName: 'OKONKWO ', givenNames: 'محمود عبد الرحمن', otherNames: ['a', 'b'] }),
      opened(
        { familyName: 'Okonkwo', givenNames: '欧阳娜娜'.repeat(30) },
        { narrative: { story: 'x' } },
      ),
    ],
    ['57200004', '12345678', '87654321'],
  )
  t.same(lines, [
    '                        57200004          12345678          87654321',
    '≠ Given names',
    `    57200004  ${long.slice(0, 63)}…`,
    '    12345678  محمود عبد الرحمن',
    `    87654321  ${'欧阳娜娜'.repeat(30).slice(0, 31)}…`,
    '= Family name           Okonkwo           OKONKWO           Okonkwo',
    '= Other names           a, b              a, b              -',
    'The rest: 0 agree, 0 contradict, 2 on one side only.',
  ])
  const many = Object.fromEntries(Array.from({ length: 99 }, (_, at) => [`name${at}`, planted]))
  const forged = comparisonOf([opened(many), opened(many)], ['1', '2'])
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
  t.notMatch(forged.join('\n'), /[\u001b\u202e\u2028]/)
  t.same(
    forged.filter((line) => line.length > 80),
    [],
  )
  t.ok(forged.length <= 24 * 2, 'no more than can be read')
  t.match(forged.at(-1), 'The rest: 85 agree, 0 contradict, 0 on one side only.')
  t.end()
})

t.test('lists that have something in common agree in part, and contradict otherwise', (t) => {
  const file = { type: 'home_office_file', value: 'A1' }
  const number = { type: 'uan', value: '54' }
  const marksOf = (...lists: object[][]) =>
    comparisonOf(
      lists.map((identifiers) => opened({ identifiers })),
      lists.map((_, at) => String(at)),
    ).flatMap((line) => /^([=≈≠]) Identifiers/.exec(line)?.[1] ?? [])
  t.same(marksOf([file, number], [number, file]), ['='])
  t.same(marksOf([file, number], [file]), ['≈'])
  t.same(marksOf([file], [number]), ['≠'])
  t.same(marksOf([file, number], [file], [number]), ['≠'], 'nothing that all have')
  t.end()
})

t.test('a time is that of London, also when clocks change', (t) => {
  t.equal(instantOf('until', '2027-06-30 17:00'), '2027-06-30T16:00:00.000Z')
  t.equal(instantOf('until', '2026-12-01T17:00'), '2026-12-01T17:00:00.000Z')
  t.equal(instantOf('until', '2026-12-01T17:00:00+02:00'), '2026-12-01T15:00:00.000Z')
  // On 28 March no clock shows it, on 31 October it comes twice.
  t.throws(() => instantOf('until', '2027-03-28 01:30'), /--until is a time/)
  t.equal(instantOf('until', '2027-10-31 01:30'), '2027-10-31T00:30:00.000Z')
  for (const given of ['soon', '2027-02-30 10:00', '17:00']) {
    t.throws(() => instantOf('until', given), /--until is a time/, given)
  }
  const now = new Date('2026-07-01T11:00:00Z')
  t.equal(dueLine('2026-07-01T12:05:00Z', now), 'Due 2026-07-01 13:05:00, in 1 h 5 min')
  t.equal(dueLine('2026-06-30T11:00:00Z', now), 'Overdue since 2026-06-30 12:00:00, by 24 h')
  t.end()
})
