/**
 * Goal: of what referrals say a person reads what is needed first, in whatever room there is, and is told of all that has none.
 * Method: small referrals, and line by line what stands there; screenful.test.ts has anything at all in whole screens.
 */
import t from 'tap'
import { briefOf, type Side } from '../../src/cli/recipient/brief.ts'

const names = ['AAAA', 'BBBB', 'CCCC', 'DDDD', 'EEEE', 'FFFF']
const words = (count: number, word = 'word') => Array(count).fill(word).join(' ')

/** Of so many lines, what stands there, and how much does not. */
function brief(linesMax: number, ...compartments: object[]) {
  const sides = compartments.map((each, at) => ({ name: names[at], compartments: each }))
  const { lines, left } = briefOf(sides as unknown as Side[], linesMax)
  return { lines: lines.map((line) => line.replaceAll(/ {2,}/g, '  ').trim()), left }
}
const said = (left: number, ...lines: string[]) => ({ left, lines })

const place = (id: string, from?: string) => ({ place: `irc-${id}`, ...(from && { from }) })
const [first, second] = [place('harmondsworth', '2026-10-02'), place('brook-house', '2026-11-25')]
const beside = 'Not the same in  AAAA  BBBB'

t.test('what is needed first has the room, in the order in which it is needed', (t) => {
  // Of all that is listed as needed, each as long as a line.
  const asked = {
    identity: ['familyName', 'givenNames', 'dateOfBirth', 'gender'],
    contact: ['phone', 'extension'],
    detention: ['places', 'acdt', 'segregation'],
    clinical: [
      ...['suicidalThoughts', 'selfHarm', 'foodRefusalSince', 'fluidRefusalSince'],
      ...['medicationStopped', 'conditions', 'pregnancy', 'requested', 'torture', 'trafficking'],
      ...['mentalHealth'],
    ],
    legal: ['removal', 'hearings', 'bail'],
    interpreting: ['languages', 'safeToLeaveMessage'],
    narrative: ['story'],
    consent: ['safeguardingNote'],
  }
  const value = (key: string) => `${key}${'x'.repeat(40 - key.length)}`
  const all = Object.fromEntries(
    Object.entries(asked).map(([name, keys]) => {
      return [name, Object.fromEntries(keys.map((key) => [key, value(key)]))]
    }),
  )
  const count = Object.values(asked).flat().length
  const order: string[] = []
  for (let linesMax = 1; linesMax <= count; linesMax += 1) {
    const { lines, left } = brief(linesMax, all)
    const shown = lines.map((line) => /([a-zA-Z]+?)x+$/.exec(line)?.[1] ?? '')
    order.push(...shown.filter((key) => !order.includes(key)))
    t.same([order.length, shown.length, left], [linesMax, linesMax, count - linesMax])
  }
  t.same(order, [
    ...['familyName', 'givenNames', 'dateOfBirth', 'places', 'suicidalThoughts', 'selfHarm'],
    ...['foodRefusalSince', 'fluidRefusalSince', 'medicationStopped', 'conditions', 'pregnancy'],
    ...['requested', 'story', 'languages', 'removal', 'phone', 'extension', 'hearings', 'bail'],
    ...['acdt', 'segregation', 'torture', 'trafficking', 'mentalHealth', 'safeToLeaveMessage'],
    ...['safeguardingNote', 'gender'],
  ])
  t.same(brief(0, all), said(count))
  t.end()
})

t.test('what is long has two lines at first, a story that nobody else tells four', (t) => {
  const extension = 'Contact  Extension: 12'
  const contact = { extension: '12' }
  const told = { narrative: { story: words(80) }, contact }
  const [begin, more] = [`Narrative  Story: ${words(11)}`, `| ${words(12)}`]
  t.same(brief(1, told), said(2, `${begin}…`))
  t.same(brief(4, told), said(2, begin, more, more, `${more}…`))
  t.same(brief(5, told), said(1, extension, begin, more, more, `${more}…`))
  t.same(brief(6, told), said(1, extension, begin, more, more, more, `${more}…`))
  const whole = said(0, extension, begin, more, more, more, more, more, `| ${words(9)}`)
  t.same(brief(8, told), whole)
  t.same(brief(99, told), whole)
  t.same(brief(3, told, told), said(1, extension, begin, `${more}…`))
  const conditions = { clinical: { conditions: [words(80)] }, contact }
  const clinical = `Clinical  Conditions: ${words(10)}`
  t.same(brief(3, conditions), said(1, extension, clinical, `${more}…`))
  t.same(brief(1, conditions), said(2, `${clinical}…`))
  t.end()
})

t.test('who somebody is comes first where it differs, and what differs before a story', (t) => {
  const one = {
    identity: { familyName: 'Okonkwo', gender: 'unlisted', nationalities: ['NG'] },
    detention: { places: [place('harmondsworth')] },
    clinical: { conditions: ['Asthma'], weight: '60' },
    narrative: { story: 'Told.' },
    contact: { extension: '12', phone: '+441' },
  }
  const other = {
    ...one,
    identity: { ...one.identity, nationalities: ['GH'] },
    detention: { places: [place('brook-house')] },
    clinical: { conditions: ['Asthma'], weight: '61' },
    contact: { extension: '13', phone: '+441' },
  }
  const identity = 'Identity  Family name: Okonkwo · Gender: unlisted'
  const nations = '≠ Nationalities  Nigeria  Ghana'
  const places = '≠ Places  Harmondsworth, Heathrow  Brook House, Gatwick'
  const clinical = 'Clinical  Conditions: Asthma'
  const extension = '≠ Extension  12  13'
  const story = 'Narrative  Story: Told.'
  t.same(brief(3, one, other), said(6, identity, beside, nations))
  t.same(brief(4, one, other), said(5, identity, beside, nations, places))
  t.same(brief(6, one, other), said(3, identity, clinical, beside, nations, extension, places))
  t.same(
    brief(7, one, other),
    said(2, identity, clinical, story, beside, nations, extension, places),
  )
  const phone = 'Contact  Phone: +441'
  const rest = [beside, nations, extension, places]
  t.same(brief(8, one, other), said(1, identity, phone, clinical, story, ...rest))
  const weight = '≠ "weight"  60  61'
  t.same(brief(9, one, other), said(0, identity, phone, clinical, story, ...rest, weight))
  t.end()
})

t.test('what nobody knows comes last, and contradicts nobody who knows', (t) => {
  const condition = 'x'.repeat(40)
  const known = { clinical: { conditions: [condition] }, detention: { acdt: 'open' } }
  const unknown = { ...known, clinical: { ...known.clinical, pregnancy: 'unknown' } }
  const [clinical, acdt] = [`Clinical  Conditions: ${condition}`, 'Detention  ACDT plan: open']
  t.same(brief(2, unknown, known), said(1, acdt, clinical))
  t.same(brief(3, unknown, known), said(0, acdt, clinical, 'Not known: pregnancy (AAAA)'))
  const [yes, no, nothing] = ['yes', 'unknown', undefined].map((torture) => {
    return { clinical: { torture, pregnancy: 'unknown' } }
  }) as [object, object, object]
  t.same(brief(9, yes, no), said(0, 'Clinical  Yes: torture (AAAA) · Not known: pregnancy'))
  t.same(brief(9, yes, yes, nothing), said(0, 'Clinical  Yes: torture · Not known: pregnancy'))
  t.end()
})

t.test('of several stays the last is shown, and the others are counted', (t) => {
  const [both, one] = [
    { detention: { places: [first, second] } },
    { detention: { places: [first] } },
  ]
  t.same(brief(9, one), said(0, 'Detention  Places: Harmondsworth, Heathrow, from 2026-10-02'))
  t.same(brief(9, both), said(1, 'Detention  Places: Brook House, Gatwick, from 2026-11-25'))
  const places = [place('harmondsworth'), place('brook-house')]
  const [moved, there] = [{ detention: { places } }, { detention: { places: [places[0]] } }]
  const line = '≠ Places  Brook House, Gatwick  Harmondsworth, Heathrow'
  t.same(brief(9, moved, there), said(1, beside, line))
  t.end()
})

t.test('what is too long to stand side by side is told by each name', (t) => {
  const tell = (story: string) => ({ narrative: { story } })
  t.same(
    brief(9, tell(words(20)), tell('short')),
    said(0, `Narrative  Story (AAAA): ${words(9)}`, `| ${words(11)}`, 'Story (BBBB): short'),
  )
  const [a, b, c] = [words(14, 'one'), words(14, 'two'), words(14, 'six')] as [
    string,
    string,
    string,
  ]
  const at65 = (text: string) => tell(`${text} ${'x'.repeat(64 - text.length)}`)
  t.equal(brief(9, at65(a), at65(b)).lines[0], beside, 'of 65 columns, as a line has')
  t.equal(brief(9, at65(a), at65(b)).left, 1, 'what was cut there is counted')
  const at66 = (text: string) => tell(`${text} ${'x'.repeat(65 - text.length)}`)
  t.match(brief(9, at66(a), at66(b)), { left: 0, lines: [/^Narrative {2}Story \(AAAA\): one/] })
  // As many as give one answer share it; of many names not all have room.
  const { lines } = brief(9, ...[a, b, b, c, c, c].map((text) => tell(`${text} ${words(5)}`)))
  t.same(
    lines.flatMap((line) => /Story \([^)]*\)/.exec(line) ?? []),
    ['Story (AAAA)', 'Story (BBBB, CCCC)', 'Story (DDDD, EEEE, FFFF)'],
  )
  const long = names.map((name) => name.repeat(3))
  const sides = long.map((name) => ({ name, compartments: {} }) as unknown as Side)
  const told = sides.map((side, at) => ({
    ...side,
    compartments: tell(at < 4 ? words(20) : words(20, 'else')),
  })) as unknown as Side[]
  const label = `Story (${long.slice(0, 3).join(', ').slice(0, 38)}…): word`
  t.ok(briefOf(told, 9).lines[0]?.includes(label), label)
  t.end()
})

t.test('a stranger’s question and answer stay in their line', (t) => {
  const question = { clinical: { ['q'.repeat(60)]: 'as it is' } }
  // The mark of what is cut is taken for two columns, as some terminals have it.
  const label = `"${'q'.repeat(37)}…`
  t.same(brief(9, question), said(0, `Clinical  ${label}: as it is`))
  t.same(brief(9, question, {}), said(0, `Clinical  ${label} (AAAA): as it is`))
  const hostile = { narrative: { story: `a\u001b[2J\n\n  b ${words(15)}` } }
  const { lines } = brief(9, hostile, { narrative: { story: words(20) } })
  t.match(lines[0], /^Narrative {2}Story \(AAAA\): a\\u\{1b\}\[2J b word/)
  // What is spelt out takes the room that it is spelt in.
  const spelt = brief(3, { narrative: { story: words(60, '\u001bword') } })
  t.same([spelt.left, spelt.lines.length], [1, 3])
  t.match(spelt.lines[2], /^\| \\u\{1b\}word .*…$/)
  t.end()
})

t.test('an answer is cut where its lines end, and is whole where it fits', (t) => {
  // The first line has its question, each other a mark.
  for (const [lines, fitting] of [
    [1, 11],
    [2, 23],
    [3, 35],
  ] as const) {
    const [fits, over] = [fitting, fitting + 1].map((count) => {
      return brief(lines, { narrative: { story: words(count) } })
    }) as [ReturnType<typeof brief>, ReturnType<typeof brief>]
    t.same([fits.left, fits.lines.length], [0, lines])
    t.same([over.left, over.lines.length], [1, lines])
    t.same(over.lines, [...fits.lines.slice(0, -1), `${fits.lines.at(-1)}…`])
  }
  t.end()
})
