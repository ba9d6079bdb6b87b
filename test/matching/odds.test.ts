import fc from 'fast-check'
import t from 'tap'
import { type Evidence, judge, oddsOf, verdictOf, wordsOf } from '../../src/matching/odds.ts'
import { rowOf } from '../../src/matching/rows.ts'
import { mayMerge } from '../../src/matching/rule.ts'
import { type Weights, weights } from '../../src/matching/weights.ts'
import { matchKeyTypes } from '../../src/protocol/matching/keytypes.ts'
import { matchKeys, type Person } from '../../src/protocol/matching/matchkeys.ts'
import { evidenceBetween } from '../helpers/between.ts'

const types = [...matchKeyTypes]

/** How one type stands: missing on either side or both, different, or so many values equal. */
type Standing = 'neither' | 'left' | 'right' | 'differs' | 1 | 2 | 3

const standing = fc.constantFrom<Standing>('neither', 'left', 'right', 'differs', 1, 2, 3)
const standings = fc.tuple(...types.map(() => standing))

function evidenceOf(all: readonly Standing[]): Evidence {
  const having = (wanted: (standing: Standing) => boolean) =>
    new Set(types.filter((_, index) => wanted(all[index]!)))
  const agreeing = new Map(
    types.flatMap((type, index) => {
      const found = all[index]
      return typeof found === 'number' ? [[type, found] as const] : []
    }),
  )
  return {
    ...{ agreeing, uncrowded: agreeing, uncommon: new Set<string>(), parts: 2 },
    left: having((found) => found !== 'neither' && found !== 'right'),
    right: having((found) => found !== 'neither' && found !== 'left'),
  }
}

/** Nothing but these agrees, and there is nothing else to compare: the most that they can be worth. */
function onlyAgreeing(...agreeing: readonly string[]): Evidence {
  const present = new Set(agreeing)
  const counts = new Map(agreeing.map((type) => [type, 1]))
  const shared = { agreeing: counts, uncrowded: counts, uncommon: new Set<string>() }
  return { ...shared, parts: 2, left: present, right: present }
}

/** The same where of these types a crowd shares whatever agrees. */
function crowd(evidence: Evidence, ...crowded: readonly string[]): Evidence {
  const rest = [...evidence.agreeing].filter(([type]) => !crowded.includes(type))
  return { ...evidence, uncrowded: new Map(rest) }
}

const verdict = (evidence: Evidence) => judge(evidence).verdict

t.test('one agreement more never makes a pair less likely', async () => {
  fc.assert(
    fc.property(standings, fc.nat(types.length - 1), (all, index) => {
      const before = oddsOf(evidenceOf(all)).probability
      const agreed = all.map((found, at) => {
        if (at !== index) return found
        return typeof found === 'number' ? 3 : 1
      })
      return oddsOf(evidenceOf(agreed)).probability >= before
    }),
  )
})

t.test('which side is which makes no difference', async () => {
  fc.assert(
    fc.property(standings, (all) => {
      const evidence = evidenceOf(all)
      const turned = { ...evidence, left: evidence.right, right: evidence.left }
      return (
        oddsOf(turned).score === oddsOf(evidence).score && verdict(turned) === verdict(evidence)
      )
    }),
  )
})

t.test('the bits account for the whole score, and the score for the probability', async () => {
  fc.assert(
    fc.property(standings, (all) => {
      const { score, probability, bits } = oddsOf(evidenceOf(all))
      const sum = bits.reduce((total, { bits }) => total + bits, weights.intercept)
      const whole = probability * (1 + 2 ** -score)
      return Math.abs(sum - score) < 1e-9 && Math.abs(whole - 1) < 1e-9
    }),
  )
})

t.test('a score is a sum that can be done by hand', async (t) => {
  const table: Weights = {
    intercept: -10,
    tokens: 0.25,
    types: {
      REF: { agrees: 8, missing: 1 },
      T_D: { agrees: 3, missing: 0.5 },
      N: { agrees: 2, missing: 0 },
    },
  }
  const evidence: Evidence = {
    agreeing: new Map([
      ['T_D', 2],
      ['of a newer recipe', 1],
    ]),
    left: new Set(['REF_uan', 'T_D', 'N']),
    right: new Set(['T_D']),
    ...{ uncrowded: new Map(), uncommon: new Set(), parts: 2 },
  }
  const odds = oddsOf(evidence, table)
  t.equal(odds.score, -10 + 1 + 3 + 0.25, 'a missing reference, the date with two tokens')
  t.same(odds.bits, [
    { type: 'REF', because: 'missing', bits: 1 },
    { type: 'T_D', because: 'agrees', bits: 3 },
    { type: 'TOKENS', because: 'tokens', bits: 0.25 },
  ])
  t.equal(odds.probability.toFixed(6), '0.018242', '1 / (1 + 2^5.75)')
})

const oddsAt = (probability: number) => ({ probability, score: 0, bits: [] })

t.test('the thresholds are at 0.9 and at 0.05, and belong to what is above', async (t) => {
  const evidence = onlyAgreeing('N', 'T_D')
  const at = (probability: number) => verdictOf(evidence, oddsAt(probability), oddsAt(probability))
  t.equal(at(0.9), 'match')
  t.equal(at(0.899999), 'possible')
  t.equal(at(0.05), 'possible')
  t.equal(at(0.049999), 'none')
})

/** What the rule says beside a score that is as high as can be. */
const ruled = (evidence: Evidence) => verdictOf(evidence, oddsAt(1), oddsAt(1))

/** Two by their plain keys, as the service would see them. */
function between(one: Person, other: Person): Evidence {
  return evidenceBetween(matchKeys(one), matchKeys(other))
}

const person = (name: string, date?: string, more: Person = {}): Person => {
  const [familyName = '', ...given] = name.split(' ').reverse()
  const givenNames = given.reverse().join(' ')
  return { givenNames, familyName, ...(date !== undefined && { dateOfBirth: { date } }), ...more }
}
/** A table by which whatever agrees is likely. */
const sure: Weights = { ...weights, intercept: 20 }

const phones = ['+447700900123']
const reference = (value: string) => ({ identifiers: [{ type: 'port_reference', value }] }) as const

t.test('a reference or a telephone, or both, are never more than possible', async (t) => {
  for (const alone of [
    ...[['REF_uan'], ['PHONE'], ['FILE'], ['REF_uan', 'PHONE'], ['REF_uan', 'PHONE', 'I_D']],
  ]) {
    t.equal(ruled(onlyAgreeing(...alone)), 'possible', alone.join())
  }
})

t.test('one part of the name with the birth date is not enough: twins have both', async (t) => {
  const twins = ['T_D', 'TP_D', 'TK_SD', 'I_D']
  t.ok(oddsOf(onlyAgreeing(...twins)).probability > 0.9, 'however likely the score calls it')
  t.equal(verdict(onlyAgreeing(...twins)), 'possible')
  t.equal(verdict(onlyAgreeing(...twins, 'PHONE')), 'match')
  t.equal(verdict(onlyAgreeing(...twins, 'REF_uan')), 'match')
  const two = new Map(twins.map((type) => [type, 2]))
  t.equal(verdict({ ...onlyAgreeing(...twins), agreeing: two, uncrowded: two }), 'match')
})

t.test(
  'a whole name is not enough, nor with the year or the day: it may be a frequent one',
  async (t) => {
    const name = ['N', 'P', 'PP_Y', 'KK_Y', 'MH3_Y', 'P_MD']
    t.equal(ruled(onlyAgreeing(...name)), 'possible')
    t.equal(ruled(onlyAgreeing(...name, 'T_D01', 'TP_D01', 'I_D01')), 'possible', '1 January')
    for (const third of ['REF_uan', 'PHONE', 'FILE', 'T_D', 'I_D']) {
      t.equal(ruled(onlyAgreeing(...name, third)), 'match', third)
    }
  },
)

t.test('one name with the birth date is one part, also in two spellings', async (t) => {
  const both = (name: string, other: string, date: string) =>
    verdict(between(person(name, date), person(other, date)))
  t.equal(both('Mohammad', 'Mohamed', '1990-05-07'), 'possible')
  t.equal(both('Mohammad', 'Mohammad', '1990-01-01'), 'possible')
  t.equal(both('Ali Aly', 'Ali Ely', '1990-05-07'), 'possible')
  t.equal(both('Mohammad Aly', 'Mohamed Ali', '1990-05-07'), 'match')
})

t.test('the digits of a date in another order are a fact beside the year alone', async (t) => {
  const born = (one: string, other: string) => {
    const [left, right] = [person('Mohammad Ali', one), person('Mohammad Ali', other)]
    return ruled(between(left, right))
  }
  t.equal(born('1989-03-21', '1998-03-21'), 'possible')
  t.equal(born('1989-03-21', '1989-02-13'), 'match')
  t.equal(born('1989-01-01', '1998-01-01'), 'possible')
})

t.test(
  '1 January is no fact beside one part of the name, for whole families have it',
  async (t) => {
    for (const shared of ['REF_uan', 'PHONE']) {
      t.equal(
        ruled(onlyAgreeing(shared, 'T_D01', 'TP_D01', 'TK_SD01', 'I_D01')),
        'possible',
        shared,
      )
    }
  },
)

t.test('a telephone is no fact beside birth dates of which no year is the same', async (t) => {
  const client = (date?: string) => person('Mohammad Ali', date, { phones })
  const both = (one: string, other?: string) => ruled(between(client(one), client(other)))
  t.equal(both('1990-05-07', '1972-11-23'), 'possible')
  t.equal(both('1990-05-07', '1972-05-07'), 'match', 'of one whole name, the day and month')
  const other = person('Mohamed Aly', '1972-05-07', { phones })
  t.equal(ruled(between(client('1990-05-07'), other)), 'possible', 'of one that sounds alike')
  t.equal(both('1990-01-01', '1985-01-01'), 'possible', 'as papers say')
  t.equal(both('1989-03-21', '1998-12-30'), 'possible', 'the same digits')
  t.equal(both('1990-05-07', '1990-11-23'), 'match', 'one year')
  t.equal(both('1990-05-07'), 'match', 'one of them not known')
  const first = { PHONE: 1, I_D01: 1, PP_Y: 1 }
  t.equal(ruled(agreeingIn(first)), 'possible', '1 January, and not spelt alike')
  t.equal(ruled(agreeingIn({ ...first, N: 1 })), 'match')
  t.equal(ruled(agreeingIn({ ...first, T_D01: 2 })), 'match')
})

t.test('what a crowd shares merges nobody, by rule or by score, and is asked about', async (t) => {
  const [one, other] = ['Hassan Ali Mahmoud', 'Omar Ali Mahmoud'].map((name) => {
    return person(name, '1990-01-01', { phones })
  })
  const alike = between(one!, other!)
  t.equal(verdict(alike), 'match')
  const { verdict: said, odds, sure } = judge(crowd(alike, 'PHONE'))
  t.equal(said, 'possible')
  t.ok(sure.probability < 0.9)
  t.equal(odds.probability, oddsOf(alike).probability)
  const known = (name: string) => person(name, '1990-05-07', { phones, ...reference('D/4711') })
  const same = between(known('Mohammad Ali'), known('Mohamed Aly'))
  t.equal(verdict(crowd(same, 'N', 'P', 'PHONE', 'REF_port')), 'match', 'where enough is left')
})

t.test('the rule goes by what no crowd shares, however likely the rest is', async (t) => {
  const twins = crowd(onlyAgreeing('T_D', 'TP_D', 'TK_SD', 'I_D', 'PHONE'), 'PHONE')
  const { verdict: said, sure } = judge(twins)
  t.ok(sure.probability >= 0.9)
  t.equal(said, 'possible')
})

t.test('what names have in common by chance is a part beside equal initials alone', async (t) => {
  for (const likeness of ['MH3_Y', 'KK_Y']) {
    const evidence = onlyAgreeing('T_D', 'TP_D', 'TK_SD', likeness)
    const having = (...more: readonly string[]) => new Set([...evidence.left, ...more])
    const both = { ...evidence, left: having('P', 'I_D'), right: having('P', 'I_D') }
    t.equal(ruled(both), 'possible', likeness)
    const agreeing = new Map([...both.agreeing, ['I_D', 1] as const])
    t.equal(ruled({ ...both, agreeing, uncrowded: agreeing }), 'match', likeness)
  }
  const one = onlyAgreeing('T_D', 'I_D', 'MH3_Y')
  t.equal(ruled(one), 'possible', 'a single name has no other part')
})

/** The same where the whole name is that of many others. */
const frequent = (evidence: Evidence): Evidence => ({ ...evidence, uncommon: new Set() })

t.test('1 January is a fact beside three parts, or a whole name of hardly anybody', async (t) => {
  const both = (one: string, other = one) =>
    between(person(one, '1990-01-01'), person(other, '1990-01-01'))
  t.equal(ruled(frequent(both('Rebwar Ahmed'))), 'possible')
  t.equal(ruled(frequent(both('Rebwar Ahmed Karim'))), 'match')
  t.equal(ruled(both('Rebwar Ahmed')), 'match')
  t.equal(ruled(both('Yonas Tesfay', 'Yonnas Tesfay')), 'match', 'or much alike')
  t.equal(ruled(both('Thi Lan Nguyen', 'Thi Linh Nguyen')), 'possible', 'not if it only sounds so')
  t.equal(ruled(both('Rebwar Ahmed', 'Rebwar Ahmed Karim')), 'possible', 'nor a part of it')
  const unlike = between(person('Rebwar Ahmed', '1990-01-01'), person('Rebwar Ahmed', '1990-07-05'))
  t.equal(ruled(unlike), 'possible', 'nor where only one side has it')
  const year = (one: string, other: string) => {
    return ruled(between(person('Rebwar Ahmed Karim', one), person('Rebwar Ahmed Karim', other)))
  }
  t.equal(year('1990-01-01', '1990-07-05'), 'match', 'of one only the year is known')
  t.equal(year('1990-03-11', '1990-07-05'), 'possible', 'two days are two')
})

/** Of each type so many values agree, and there is nothing else to compare. */
function agreeingIn(counts: Readonly<Record<string, number>>, parts = 2): Evidence {
  const agreeing = new Map(Object.entries(counts))
  return { ...onlyAgreeing(...agreeing.keys()), agreeing, uncrowded: agreeing, parts }
}

t.test('each way in which two parts of a name agree is enough by itself', async (t) => {
  const enough: Record<string, number>[] = [
    ...[{ N: 1 }, { P: 1 }, { PP_Y: 1 }, { TP_D: 2 }, { TP_D01: 2 }],
    ...[
      { KK_Y: 1, I_D01: 1 },
      { TK_SD01: 2, I_D01: 1 },
      { TK_SD: 2, I_D: 1 },
      { KK_Y: 1, I_D: 1 },
    ],
  ]
  const tooLittle: Record<string, number>[] = [
    ...[{ N1: 1 }, { P1: 1 }, { TP_D01: 1 }, { KK_Y: 1 }, { TK_SD01: 2 }, { TK_SD01: 1, I_D01: 1 }],
  ]
  for (const name of enough) {
    t.equal(ruled(agreeingIn({ ...name, REF_uan: 1 })), 'match', Object.keys(name).join())
  }
  for (const name of tooLittle) {
    t.equal(ruled(agreeingIn({ ...name, REF_uan: 1 })), 'possible', Object.keys(name).join())
  }
})

t.test('an uncommon name is spelt alike by its letters, or by initials and spelling', async (t) => {
  const first = (more: Record<string, number>) => {
    const evidence = agreeingIn({ P: 1, TP_D01: 2, ...more })
    return ruled({ ...evidence, uncommon: new Set(['P']) })
  }
  t.equal(first({}), 'possible')
  t.equal(first({ N: 1 }), 'match')
  t.equal(first({ MH3_Y: 1 }), 'possible')
  t.equal(first({ I_D01: 1 }), 'possible')
  t.equal(first({ MH3_Y: 1, I_D01: 1 }), 'match')
})

t.test('two pairs of sounds are no three parts: two dates have two of one pair', async (t) => {
  t.equal(ruled(agreeingIn({ PP_Y: 2, I_D01: 1 })), 'possible')
  t.equal(ruled(agreeingIn({ PP_Y: 3, I_D01: 1 })), 'match')
})

t.test('the day and month are a fact beside a name of three parts', async (t) => {
  const years = (name: string, other = name, day = '05-07') =>
    ruled(between(person(name, `1990-${day}`), person(other, `1972-${day}`)))
  t.equal(years('Rebwar Ahmed'), 'possible')
  t.equal(years('Rebwar Ahmed Karim'), 'match')
  t.equal(years('Rebwar Ahmed Karim', 'Rebwar Ahmet Karim'), 'match', 'also by sound')
  t.equal(
    years('Gurpreet Singh Kaur'),
    'possible',
    'words that half a tradition bears are no parts',
  )
  t.equal(years('Rebwar Ahmed Karim', undefined, '01-01'), 'possible', '1 January is nobody’s day')
  t.ok(mayMerge(agreeingIn({ P: 1, P_MD: 1 }, 3)))
  const given = { left: new Set(['T_D01', 'P_MD']), right: new Set(['T_D01', 'P_MD']) }
  t.notOk(mayMerge({ ...agreeingIn({ P: 1, P_MD: 1 }, 3), ...given }), 'nor by this rule')
})

t.test('how many parts a name has is told by its keys, also with two birth dates', async (t) => {
  const parts = (name: string, date?: string, otherDates: readonly string[] = []) => {
    const dateOfBirth = { ...(date && { date }), otherDates }
    const one = { ...person(name), dateOfBirth }
    return between(one, one).parts
  }
  t.equal(parts('Rebwar Ahmed', '1990-05-07'), 2)
  t.equal(parts('Rebwar Ahmed Karim', '1990-05-07'), 3)
  t.equal(parts('Rebwar', '1990-05-07'), 0, 'nor of one word')
  t.equal(parts('Rebwar Ahmed', '1990-05-07', ['1991-05-07', '1990-01-01']), 2)
  t.equal(parts('Rebwar Ahmed Karim'), 0, 'without a date it cannot be told')
  const [long, short] = ['Rebwar Ahmed Karim', 'Rebwar Ahmed'].map((it) => person(it, '1990-05-07'))
  t.equal(between(long!, short!).parts, 2, 'of the side with fewer')
})

t.test('a contradiction turns a merge into a question', async (t) => {
  const file = (value: string) => ({ identifiers: [{ type: 'home_office_file', value }] })
  const judged = (one: Person, other: Person) => ruled(between(one, other))
  const known = (date: string, number: string, name = 'Rebwar Ahmed') => {
    return person(name, date, file(number))
  }
  // (a) Of two known dates nothing is equal.
  t.equal(judged(known('1990-05-07', 'A1234567'), known('1972-11-23', 'A1234567')), 'possible')
  t.equal(judged(known('1970-01-01', 'A1234567'), known('1994-01-01', 'A1234567')), 'possible')
  t.equal(
    judged(known('1990-05-07', 'A1234567'), person('Rebwar Ahmed', '', file('A1234567'))),
    'match',
  )
  t.equal(
    judged(known('1990-05-07', 'A1234567'), known('1990-11-23', 'A1234567')),
    'match',
    'a year',
  )
  t.equal(
    judged(known('1990-05-07', 'A1234567'), known('1991-05-07', 'A1234567')),
    'match',
    'a day',
  )
  // (b) Two numbers of one kind, beside 1 January or in one file.
  const three = 'Rebwar Ahmed Karim'
  const first = (number: string) => known('1997-01-01', number, three)
  t.equal(judged(first('A2345671'), first('B9876541')), 'possible')
  t.equal(judged(first('A2345671'), person(three, '1997-01-01')), 'match', 'one has none')
  t.equal(
    judged(known('1997-05-07', 'A2345671'), known('1997-05-07', 'B9876541')),
    'match',
    'a date',
  )
  t.equal(judged(known('1997-05-07', 'A2345671/1'), known('1997-05-07', 'A2345671/2')), 'possible')
  t.equal(judged(known('1997-05-07', 'A2345671'), known('1997-05-07', 'A2345671/2')), 'match')
})

t.test(
  'the name alone, or likeness by chance, asks nobody where both dates are known',
  async (t) => {
    const dated = ['N', 'P', 'T_D', 'MH3_Y', 'KK_Y']
    const agree = (...types: readonly string[]) => {
      return { ...onlyAgreeing(...types), left: new Set(dated), right: new Set(dated) }
    }
    for (const types of [['N', 'P'], ['P'], ['MH3_Y'], ['KK_Y'], ['KK_Y', 'MH3_Y']]) {
      t.equal(judge(agree(...types), sure).verdict, 'none', types.join())
      const isName = types.every((type) => !type.endsWith('_Y'))
      const undated = judge({ ...agree(...types), left: new Set(types) }, sure).verdict
      if (isName) t.equal(undated, 'possible', 'of one the date is not known')
    }
    t.equal(judge(agree('P', 'MH3_Y'), sure).verdict, 'possible', 'the name with the year does')
    t.equal(judge(agree('P', 'PHONE'), sure).verdict, 'possible')
  },
)

t.test('a crowd never merges whom the same without it would not', async () => {
  const order = ['none', 'possible', 'match']
  fc.assert(
    fc.property(standings, fc.subarray(types), (all, crowded) => {
      const evidence = evidenceOf(all)
      const [before, after] = [judge(evidence), judge(crowd(evidence, ...crowded))]
      return (
        order.indexOf(after.verdict) <= order.indexOf(before.verdict) &&
        after.sure.score <= before.sure.score &&
        after.odds.score === before.odds.score
      )
    }),
  )
})

t.test(
  'whatever merges bears three facts that stand for themselves, one of them a name',
  async (t) => {
    const token = /^(T_D|TP_D|TK_SD|N1|P1)$/
    const year = /^(T_D|TP_D|I_D|T_D01|TP_D01|I_D01|PP_Y|KK_Y|MH3_Y)$/
    // One reference stands for all. One value of each agrees, so that none stands for two parts.
    const compared = types.filter((type) => !/^REF_(?!uan)/.test(type))
    let matches = 0
    for (let set = 0; set < 2 ** compared.length; set += 1) {
      const agreeing = compared.filter((_, index) => (set >> index) & 1)
      if (ruled(onlyAgreeing(...agreeing)) !== 'match') continue
      matches += 1
      const has = (wanted: RegExp) => agreeing.some((type) => wanted.test(type))
      const chance = has(/^KK_Y$/) || (has(/^MH3_Y$/) && has(/^P$/))
      const isLong = has(/^(N|P|PP_Y)$/) || (chance && has(/^I_D(01)?$/))
      const names = isLong ? 2 : has(token) ? 1 : 0
      const born = has(/^(T|TP|I)_D$/) || (has(/^TK_SD$/) && has(year))
      const isBirthday = has(/^P_MD$/) && has(/^N$/) && !has(/01$/)
      const isKnown = has(/^(TK_SD|TK_SD01|P_MD)$/)
      const phone = has(/^(PHONE|FILE)$/) && (has(year) || isBirthday || !isKnown)
      const others = [born, has(/^REF_uan$/), phone].filter(Boolean).length
      if (names === 0 || names + others < 3) t.fail(agreeing.join())
    }
    t.ok(matches > 1000, 'and much does merge')
  },
)

t.test(
  'the table weighs every type, agreeing no less than missing, and neither below 0',
  async (t) => {
    t.same(Object.keys(weights.types), [...new Set(types.map(rowOf))])
    for (const [type, { agrees, missing }] of Object.entries(weights.types)) {
      t.ok(agrees >= missing && missing >= 0, type)
    }
    t.ok(weights.tokens >= 0)
    t.ok(weights.intercept < 0, 'that two share some value does not make them one')
  },
)

t.test('people read words for every observation, and none twice', async (t) => {
  const because = ['agrees', 'missing'] as const
  const said = Object.keys(weights.types).flatMap((type) =>
    because.map((it) => wordsOf({ type, because: it, bits: 1 })),
  )
  const all = [...said, wordsOf({ type: 'TOKENS', because: 'tokens', bits: 1 })]
  t.equal(new Set(all).size, all.length)
  for (const words of all) t.notMatch(words, /_|[A-Z]{2}|undefined/)
})
