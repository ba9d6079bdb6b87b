/**
 * Invented referrals of people in detention, to see whether the weights hold where nobody fitted
 * them: other people, other seeds and other rates of error than the training set. It is not fitted
 * on, and shares no code with what made that set. The rates are assumptions, not measurements.
 */
import { readFileSync } from 'node:fs'
import type { TrueRecord } from './records.ts'

/** How often each thing happens to one record, from 0 to 1. */
export type Rates = {
  /** A token in another spelling of the same name. */
  readonly respelt: number
  /** A slip of the keyboard, for each token. */
  readonly typo: number
  readonly dropped: number
  readonly swapped: number
  readonly birthMissing: number
  readonly birthInvented: number
  readonly birthSlip: number
  readonly reference: number
  readonly referenceSlip: number
  readonly phone: number
  /** A telephone that others on the wing use too. */
  readonly phoneShared: number
  /** Another person of the same family: family name, reference and telephone are the same. */
  readonly relative: number
  /** Somebody who was given 1 January for good. */
  readonly givenFirst?: number
  /** A part of a name that is a frequent one. */
  readonly frequent?: number
}

/** About what the training set has, and nobody shares a telephone or a reference. */
export const usualRates: Rates = {
  respelt: 0.18,
  typo: 0.04,
  dropped: 0.12,
  swapped: 0.15,
  birthMissing: 0.07,
  birthInvented: 0.08,
  birthSlip: 0.06,
  reference: 0.5,
  referenceSlip: 0.05,
  phone: 0.35,
  phoneShared: 0,
  relative: 0,
}

/** As usual, with telephones of the wing, and relatives under one reference. */
export const sharedRates: Rates = { ...usualRates, phoneShared: 0.15, relative: 0.05 }

/** As shared, of people who are easily taken for each other: frequent names, and more of 1 January. */
export const alikeRates: Rates = { ...sharedRates, givenFirst: 0.25, frequent: 0.7 }

/** Everything that goes wrong goes wrong more often. */
export const harshRates: Rates = {
  ...sharedRates,
  respelt: 0.3,
  typo: 0.06,
  dropped: 0.2,
  swapped: 0.25,
  birthMissing: 0.12,
  birthInvented: 0.15,
  birthSlip: 0.1,
  reference: 0.35,
  referenceSlip: 0.08,
  phone: 0.3,
}

type Invented = {
  readonly id: string
  readonly names: readonly Spellings[]
  readonly spelt: readonly string[]
  readonly birth: string
  readonly reference: string
  readonly phone: string
}

type Spellings = readonly string[]

type Draw = {
  (): number
  below(count: number): number
  chance(rate: number): boolean
  /** One of `all`, the first ones more often, as names are in life. */
  common<T>(all: readonly T[]): T
}

/** Records of about `people` people, in the order in which they came. */
export function inventDetention(people: number, rates: Rates, seed: number): TrueRecord[] {
  const draw = drawFrom(seed)
  const invented: Invented[] = []
  for (let index = 0; index < people; index += 1) {
    const relative = draw.chance(rates.relative) ? invented.at(-1) : undefined
    invented.push(invent(`${seed}-${index}`, rates, draw, relative))
  }
  const wingPhones = Array.from({ length: 1 + people / 200 }, () => phone(draw))
  const records = invented.flatMap((person) => {
    const fate = draw()
    const count = fate < 0.6 ? 1 : fate < 0.84 ? 2 : fate < 0.94 ? 3 : 4
    return Array.from({ length: count }, () => recordOf(person, rates, wingPhones, draw))
  })
  return records
    .map((record) => ({ record, at: draw() }))
    .sort((a, b) => a.at - b.at)
    .map(({ record }) => record)
}

function invent(
  id: string,
  { givenFirst = 0.12, frequent = 0.45 }: Rates,
  draw: Draw,
  relative: Invented | undefined,
): Invented {
  const pool = draw.common(pools)
  const count = draw.chance(0.6) ? 2 : draw.chance(0.75) ? 3 : 4
  const names = Array.from({ length: count }, () =>
    draw.chance(frequent) ? draw.common(pool) : [coined(draw)],
  )
  const own = names.map((name) => name[draw.below(name.length)] ?? '')
  const family = relative && ([relative.names.at(-1) ?? [], relative.spelt.at(-1) ?? ''] as const)
  const date = Date.UTC(1962 + draw.below(46), 0, 1 + draw.below(365))
  const birth = new Date(date).toISOString().slice(0, 10)
  return {
    id,
    names: family ? [...names.slice(0, -1), family[0]] : names,
    spelt: family ? [...own.slice(0, -1), family[1]] : own,
    birth: draw.chance(givenFirst) ? `${birth.slice(0, 4)}-01-01` : birth,
    reference: relative?.reference ?? `${digits(7, draw)}/${1 + draw.below(9)}`,
    phone: relative?.phone ?? phone(draw),
  }
}

/** A name that hardly anybody else has. */
function coined(draw: Draw): string {
  const length = draw.chance(0.6) ? 2 : 3
  return Array.from({ length }, () => syllables[draw.below(syllables.length)]).join('')
}

function recordOf(
  person: Invented,
  rates: Rates,
  wingPhones: readonly string[],
  draw: Draw,
): TrueRecord {
  let tokens = person.spelt.map((spelt, index) => {
    const others = person.names[index] ?? []
    const chosen = draw.chance(rates.respelt) ? respelt(spelt, others, draw) : spelt
    return draw.chance(rates.typo) ? slip(chosen, letters, draw) : chosen
  })
  if (tokens.length > 2 && draw.chance(rates.dropped)) {
    const gone = draw.below(tokens.length)
    tokens = tokens.filter((_, index) => index !== gone)
  }
  if (draw.chance(rates.swapped)) tokens.push(tokens.shift() ?? '')
  const familyCount = tokens.length > 2 && draw.chance(0.4) ? 2 : 1
  const date = draw.chance(rates.birthMissing) ? undefined : birthOf(person.birth, rates, draw)
  const spoilt = (text: string, rate: number) =>
    draw.chance(rate) ? slip(text, numerals, draw) : text
  return {
    truth: person.id,
    person: {
      givenNames: tokens.slice(0, -familyCount).join(' '),
      familyName: tokens.slice(-familyCount).join(' '),
      ...(date && { dateOfBirth: { date } }),
      ...(draw.chance(rates.reference) && {
        identifiers: [
          { type: 'port_reference', value: spoilt(person.reference, rates.referenceSlip) },
        ],
      }),
      ...(draw.chance(rates.phone) && {
        phones: [
          draw.chance(rates.phoneShared)
            ? (wingPhones[draw.below(wingPhones.length)] ?? '')
            : person.phone,
        ],
      }),
    },
  }
}

function birthOf(birth: string, rates: Rates, draw: Draw): string {
  const [year = '', month = '', day = ''] = birth.split('-')
  if (draw.chance(rates.birthInvented)) {
    return `${Number(year) + draw.below(3) - 1}-01-01`
  }
  if (!draw.chance(rates.birthSlip)) return birth
  const kind = draw.below(4)
  if (kind === 0 && Number(day) <= 12) return `${year}-${day}-${month}`
  if (kind === 1) return `${Number(year) + (draw.chance(0.5) ? 1 : -1)}-${month}-${day}`
  if (kind === 2) return `${year}-${month}-${String(1 + draw.below(28)).padStart(2, '0')}`
  return `${year}-${String(1 + draw.below(12)).padStart(2, '0')}-${day === '31' ? '28' : day}`
}

/** Ways in which one sound is written in Latin letters; each is read in both directions. */
const sounds: readonly (readonly [string, string])[] = [
  ['ou', 'u'],
  ['ee', 'i'],
  ['oo', 'u'],
  ['y', 'i'],
  ['q', 'k'],
  ['kh', 'k'],
  ['dh', 'd'],
  ['w', 'v'],
  ['ph', 'f'],
  ['ss', 's'],
  ['mm', 'm'],
  ['e', 'a'],
  ['o', 'u'],
  ['j', 'dj'],
  ['sh', 'ch'],
  ['z', 's'],
  ['th', 't'],
  ['c', 'k'],
]

function respelt(spelt: string, others: Spellings, draw: Draw): string {
  const known = others.filter((other) => other !== spelt)
  if (known.length > 0 && draw.chance(0.8)) return known[draw.below(known.length)] ?? spelt
  const possible = sounds
    .flatMap(([one, other]) => [spelt.replace(one, other), spelt.replace(other, one)])
    .filter((found) => found !== spelt)
  return possible[draw.below(possible.length)] ?? spelt
}

const syllables = (
  'ba bar be bo da der di du fa fer ga go ha hir ja ji ka kal ki ko la lem lu ma men mi mu na ner ' +
  'ni no pa qa ra ri ro sa sha shi so ta te tu va wa we ya yo za zar zi'
).split(' ')

const letters = 'abcdefghijklmnopqrstuvwxyz'
const numerals = '0123456789'

/** One character wrong, too many, missing, or changed with its neighbour. */
function slip(text: string, alphabet: string, draw: Draw): string {
  const at = draw.below(text.length)
  const other = alphabet[draw.below(alphabet.length)] ?? ''
  const [before, here, after] = [text.slice(0, at), text.slice(at, at + 1), text.slice(at + 1)]
  const kind = draw.below(4)
  if (kind === 0) return before + other + after
  if (kind === 1) return before + other + here + after
  if (kind === 2 && text.length > 3) return before + after
  return before + after.slice(0, 1) + here + after.slice(1)
}

function phone(draw: Draw): string {
  return `07${[4, 5, 7, 8, 9][draw.below(5)]}${digits(8, draw)}`
}

function digits(count: number, draw: Draw): string {
  return Array.from({ length: count }, () => draw.below(10)).join('')
}

const alike = (text: string): Spellings[] => text.split(' ').map((name) => [name])

/** Names of one part of the world, the most common first. */
const pools: readonly (readonly Spellings[])[] = [
  Object.values<Spellings>(
    JSON.parse(
      readFileSync(new URL('../../test/vectors/name-variants.json', import.meta.url), 'utf8'),
    ),
  ).map((spellings) => spellings.filter((spelt) => /^[a-z]+$/.test(spelt))),
  alike(
    'nguyen tran le pham hoang phan vu vo dang bui do ho ngo duong ly anh minh thanh linh huong ' +
      'hoa lan mai nam son tuan hung dung quang long thu trang yen binh chi dat duc giang ha hai',
  ),
  alike(
    'hoxha shehu prifti gjoka leka marku kola dervishi berisha krasniqi gashi ardit erion besnik ' +
      'agim altin arben dritan fatos genc ilir kujtim lulzim sokol skender valbona mimoza arta ' +
      'blerina teuta elira donika shpresa',
  ),
  alike(
    'tesfay gebremedhin haile tekle berhane kidane abraha yohannes mehari filmon samuel dawit ' +
      'robel yonas henok biniam selam rahel feven semhar mekonnen weldu araya girmay hagos tsegay',
  ),
  alike(
    'singh kumar sharma patel kaur khan ahmed begum hussain akhtar malik iqbal raja gupta rahman ' +
      'uddin miah chowdhury islam bibi gurpreet harjit manpreet sukhdev baljit rajesh sunil anil ' +
      'sanjay deepak priya pooja',
  ),
  alike(
    'silva santos oliveira souza pereira costa rodrigues almeida nascimento lima araujo joao jose ' +
      'antonio francisco carlos paulo pedro lucas marcos luiz maria ana fernanda juliana patricia',
  ),
  alike(
    'okafor adeyemi balogun okonkwo eze musa ibrahim abubakar chukwu nwosu oluwaseun chinedu emeka ' +
      'ngozi blessing grace precious mensah owusu boateng kwame kofi abena akosua jallow ceesay ' +
      'camara diallo bah sowe fatou lamin',
  ),
]

function drawFrom(seed: number): Draw {
  let state = seed >>> 0
  // mulberry32: small, and the same on every machine.
  const draw = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number) => Math.floor(draw() * count)
  return Object.assign(draw, {
    below,
    chance: (rate: number) => draw() < rate,
    common: <T>(all: readonly T[]): T => all[Math.floor(all.length * draw() ** 1.7)] as T,
  })
}
