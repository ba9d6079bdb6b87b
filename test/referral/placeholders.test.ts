// Goal: what stands for nothing is known as such, in any case, spacing and punctuation, and what is a
// name is not. Method: the handed samples, others of their kind, names that look alike; and the
// published list, read by a second implementation that has nothing else.

// Thrown, and not told to tap: so fast-check shrinks what fails, and prints its seed.
import { equal } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import t from 'tap'
import { isPlaceholderWord, standsForNothing } from '../../src/referral/placeholders.ts'

const published = JSON.parse(
  readFileSync(new URL('../../openapi/placeholders.json', import.meta.url), 'utf8'),
)
const samples = parse(
  readFileSync(new URL('../vectors/faults/placeholders.csv', import.meta.url), 'utf8'),
  { columns: true },
) as Record<'given' | 'family' | 'reference' | 'telephone' | 'keys', string>[]

t.test('of the handed samples exactly Mohammed, Ali and Hussein are names', (t) => {
  const names = samples.flatMap(({ given, family }) => [given, family])
  const real = ['Mohammed', 'Ali', 'Hussein']
  for (const name of names) t.equal(standsForNothing(name), !real.includes(name), name)
  for (const { telephone } of samples) if (telephone) t.ok(standsForNothing(telephone), telephone)
  t.ok(standsForNothing('N/A'))
  t.ok(standsForNothing('none'))
  t.end()
})

const nothing = [
  ...['Unknown', 'UNKNOWN', ' unknown. ', '(unknown)', '"Unknown"', '“unknown”', 'unknown unknown'],
  ...['Unknown Male', 'unknown – male', 'Female, unknown', 'baby UNKNOWN', 'name unknown'],
  ...['N/A', 'n.a.', 'NA', 'N / A', 'n-a', 'n\\a', 'none', 'Nil', 'NONE.', 'n o n e'],
  ...['not known', 'Not-Known', 'notknown', 'NOT  KNOWN', "don't know", 'don’t know'],
  ...['TBC', 't.b.c.', 'tba', 'FNU', 'LNU', 'F.N.U.', 'fnu lnu', 'Fnu_Lnu'],
  ...['refused', 'Refused to give', 'withheld', 'declined', 'Declined to say', 'anonymous'],
  ...['baby', 'Baby of', 'Baby of Fatima', 'male', 'FEMALE', 'Man', 'woman'],
  ...['x', 'xxx', 'XXXXX', 'xx xx', '-', '--', '?', '???', '…', '.', '/', ' ', '', '\u200b'],
  ...['0', '00000000', '0000-0000', '1111', '+000 00 00', '99 99'],
  ...['مجهول', 'unbekannt', 'ｕｎｋｎｏｗｎ', 'un\u00adknown'],
]
for (const value of nothing) t.ok(standsForNothing(value), JSON.stringify(value))

// Names of people, some of which hold a word of the list.
const something = [
  ...[
    'Mohammed',
    'Noor',
    'Nonso',
    'Noneh',
    'Nila',
    'Nana',
    'Manh',
    'Malek',
    'Male Ardit',
    'Tba Li',
  ],
  ...['Man Bahadur', 'Babyson', 'Baby Mathew', 'No Min-jun', 'Ma Le', 'Un Known', 'Xu', 'Xx Chen'],
  ...['Anna', 'Rana', 'Sonof', 'Declan', 'Inconnux', 'محمد', 'غير', '7', '12', '07700900123'],
]
for (const value of something) t.notOk(standsForNothing(value), JSON.stringify(value))

t.test('a word of a longer name is dropped only where it is nobody’s name', (t) => {
  for (const word of ['unknown', 'UNKNOWN', 'Fnu', 'lnu', 'withheld', 'xxx', 'tbc', '(Unknown)']) {
    t.ok(isPlaceholderWord(word), word)
  }
  for (const word of ['male', 'man', 'baby', 'no', 'nil', 'na', 'none', 'x', 'Mohammed', '', '-']) {
    t.notOk(isPlaceholderWord(word), word)
  }
  t.end()
})

/** From the published file alone. */
function readByList(value: string): boolean {
  const words = value
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{Cf}\p{Pi}\p{Pf}'`´ʼ]/gu, '')
    .match(/[\p{L}\p{M}\p{N}]+/gu)
  if (!words) return true
  const joined = words.join('')
  const spaced = words.join(' ')
  const isWord = (word: string) => published.words.includes(word) || /^xx+$/.test(word)
  const alike = joined === '0' || (/^[0-9]{2,}$/.test(joined) && new Set(joined).size === 1)
  if (alike || /^x+$/.test(joined) || published.phrases.includes(spaced)) return true
  const short = published.phrases.filter((phrase: string) => phrase.includes(' '))
  if (short.some((phrase: string) => phrase.split(' ').join('') === spaced)) return true
  const single = words.every((word) => word.length === 1)
  if (single && [...published.phrases, ...published.words].includes(joined)) return true
  if (published.firsts.some((first: string) => `${spaced} `.startsWith(`${first} `))) return true
  const idle = words.filter((word) => !isWord(word))
  return idle.length < words.length && idle.every((word) => published.besideWords.includes(word))
}

t.test('who changes the list gives it another version, for clients hold the same', (t) => {
  const { version, about: _, ...lists } = published
  const listed = createHash('sha256').update(JSON.stringify(lists)).digest('hex')
  t.same([version, listed], [1, '31de292f1f40062b9ac2e8ba31a34416cebc3d721503fc69bf4475f8a0fc19b8'])
  t.end()
})

t.test('a client that has only the published list finds the same', (t) => {
  const piece = fc.oneof(
    fc.constantFrom(...published.phrases, ...published.words, ...published.besideWords),
    fc.constantFrom(...published.firsts, ...something, ...nothing),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  )
  const between = fc.constantFrom(' ', '-', '/', '', '.', '’')
  const text = fc
    .array(fc.tuple(piece, between), { maxLength: 4 })
    .map((parts) => parts.flat().join(''))
  fc.assert(
    fc.property(text, (value) => {
      equal(standsForNothing(value), readByList(value))
    }),
    { numRuns: 1000 },
  )
  t.end()
})
