/**
 * A second implementation of match keys, from the text of the protocol alone and in another style:
 * loops over letters, no code and no library of src. Two steps it takes from the vectors, for their
 * tables are another's: the Latin letters of other scripts, and the codes of double metaphone. The
 * digits of a telephone it reads itself, the plain way, which is enough for the numbers there.
 */
import type { MatchKey, Person } from '../../src/protocol/matchkeys.ts'

/** What the vectors give beside the person. */
export type Given = {
  readonly latin: readonly string[]
  readonly metaphoneOf: (token: string) => string
}

/** The keys of a person. `types` are all that there are, in order; `used` those to make. */
export function keysOf(
  person: Person,
  given: Given,
  types: readonly string[],
  used: readonly string[],
): MatchKey[] {
  const made = valuesOf(person, given)
  const keys: MatchKey[] = []
  for (const type of types) {
    if (used.indexOf(type) < 0) continue
    const values = distinct(made.get(type) ?? [])
    let most = values.length
    if (type === 'REF') most = 8
    if (type === 'PHONE') most = 4
    for (let i = 0; i < values.length && i < most; i++) {
      if (keys.length < 40) keys.push({ type, value: values[i]! })
    }
  }
  return keys
}

function valuesOf(person: Person, given: Given): Map<string, string[]> {
  const made = new Map<string, string[]>()
  const put = (type: string, value: string) => made.set(type, [...(made.get(type) ?? []), value])
  for (const { type, value } of person.identifiers ?? []) {
    const reference = referenceOf(type, value)
    if (reference !== '') put('REF', reference)
  }
  for (const phone of person.phones ?? []) {
    const digits = digitsOf(phone)
    if (digits !== '') put('PHONE', digits)
  }

  const tokens = tokensOf(given.latin)
  const p = distinct(tokens.map(given.metaphoneOf))
  const k = distinct(tokens.map(skeletonOf))
  if (tokens.length >= 2) put('N', distinct(tokens).join(' '))
  if (p.length >= 2) put('P', p.join(' '))
  const { year, month, day } = birthOf(person)
  if (tokens.length === 0 || year === '') return made

  for (const [type, codes] of [['PP_Y', p] as const, ['KK_Y', k] as const]) {
    for (let i = 0; i < codes.length; i++) {
      for (let j = i + 1; j < codes.length; j++) put(type, `${codes[i]} ${codes[j]}|${year}`)
    }
  }
  put('MH3_Y', `${minimaOf(tokens).join('.')}|${year}`)
  if (month === '') return made

  const MD = month < day ? `${month}-${day}` : `${day}-${month}`
  const SD = (year + month + day).split('').sort().join('')
  const D = `${year}-${MD}`
  const is01 = month === '01' && day === '01' ? '01' : ''
  for (const token of tokens) put(`T_D${is01}`, `${token}|${D}`)
  for (const code of p) put(`TP_D${is01}`, `${code}|${D}`)
  for (const code of k) put(`TK_SD${is01}`, `${code}|${SD}`)
  if (p.length > 0) put('P_MD', `${p.join(' ')}|${MD}`)
  const initials = tokens.map((token) => token[0]!).sort()
  if (tokens.length >= 2) put(`I_D${is01}`, `${initials[0]} ${initials[1]}|${D}`)
  return made
}

export function tokensOf(latin: readonly string[]): string[] {
  const words: string[] = []
  for (const name of latin) words.push(...wordsOf(name))
  const particles = [
    ...['al', 'el', 'ul', 'bin', 'ben', 'ibn', 'bint', 'abu', 'umm', 'van', 'von', 'der', 'den'],
    ...['de', 'del', 'da', 'la', 'le', 'mr', 'mrs', 'ms', 'dr', 'haji', 'hajji', 'syed', 'sheikh'],
  ]
  let kept = words.filter((word) => particles.indexOf(word) < 0)
  if (kept.length === 0) kept = words
  const tokens: string[] = []
  for (const whole of kept) {
    const word = whole.substring(0, 64)
    if (word.length >= 2 && tokens.indexOf(word) < 0 && tokens.length < 6) tokens.push(word)
  }
  return tokens
}

function wordsOf(name: string): string[] {
  let bare = ''
  for (const letter of name) if ("'’‘ʼʿʾ`´".indexOf(letter) < 0) bare += letter
  const words: string[] = ['']
  for (const character of bare.normalize('NFKD')) {
    if (/\p{M}/u.test(character)) continue
    for (const letter of spelling(character.toLowerCase())) {
      if (letter >= 'a' && letter <= 'z') words[words.length - 1] += letter
      else words.push('')
    }
  }
  return words.filter((word) => word.length > 0)
}

function spelling(letter: string): string {
  switch (letter) {
    case 'ß':
      return 'ss'
    case 'þ':
      return 'th'
    case 'æ':
      return 'ae'
    case 'œ':
      return 'oe'
    case 'ø':
      return 'o'
    case 'ł':
      return 'l'
    case 'đ':
    case 'ð':
      return 'd'
    case 'ı':
      return 'i'
    default:
      return letter
  }
}

export function skeletonOf(token: string): string {
  const sounds: string[] = []
  let at = 0
  while (at < token.length) {
    const [length, sound] = soundAt(token, at)
    sounds.push(sound)
    at += length
  }
  const withoutH = sounds.filter((sound, index) => index === 0 || sound !== 'h')
  const consonants = withoutH.filter((sound) => 'aeiouy'.indexOf(sound) < 0)
  const withoutV = consonants.filter((sound, index) => index === 0 || sound !== 'v')
  return withoutV.filter((sound, index) => index === 0 || sound !== withoutV[index - 1]).join('')
}

function soundAt(token: string, at: number): [length: number, sound: string] {
  const here = (spelling: string) => token.startsWith(spelling, at)
  if (here('tsch')) return [4, 'S']
  if (here('tch') || here('sch')) return [3, 'S']
  if (here('dzh')) return [3, 'j']
  if (here('sh') || here('ch') || here('cz') || here('zh')) return [2, 'S']
  if (here('dj')) return [2, 'j']
  if (here('ph')) return [2, 'f']
  if (here('kh') || here('gh') || here('qu') || here('ck')) return [2, 'k']
  if (here('th')) return [2, 't']
  if (here('dh')) return [2, 'd']
  if (here('ce') || here('ci') || here('cy')) return [1, 's']
  if (here('q') || here('k') || here('c') || here('x')) return [1, 'k']
  if (here('g')) return [1, 'j']
  if (here('w')) return [1, 'v']
  if (here('z')) return [1, 's']
  return [1, token[at]!]
}

/** The least hash of all bigrams, for each of the three seeds. */
export function minimaOf(tokens: readonly string[]): number[] {
  const minima = [2 ** 32, 2 ** 32, 2 ** 32]
  for (const token of tokens) {
    for (let i = -1; i < token.length; i++) {
      const bigram = (token[i] ?? '_') + (token[i + 1] ?? '_')
      for (const seed of [0, 1, 2]) minima[seed] = Math.min(minima[seed]!, murmur3(bigram, seed))
    }
  }
  return minima
}

/** MurmurHash3_x86_32 of Austin Appleby's SMHasher, on bytes 0 to 255, in whole numbers of any size. */
export function murmur3(text: string, seed: number): number {
  const wrap = (x: bigint) => x & 0xffffffffn
  const turn = (x: bigint, by: bigint) => wrap(x << by) | (x >> (32n - by))
  const mixed = (word: bigint) => wrap(turn(wrap(word * 0xcc9e2d51n), 15n) * 0x1b873593n)
  const bytes = text.split('').map((letter) => BigInt(letter.charCodeAt(0)))
  let hash = BigInt(seed)
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    const [a, b, c, d] = bytes.slice(at, at + 4) as [bigint, bigint, bigint, bigint]
    hash ^= mixed(a | (b << 8n) | (c << 16n) | (d << 24n))
    hash = wrap(turn(hash, 13n) * 5n + 0xe6546b64n)
  }
  let tail = 0n
  for (let i = bytes.length - 1; i >= at; i--) tail = (tail << 8n) | bytes[i]!
  hash ^= mixed(tail) ^ BigInt(bytes.length)
  hash = wrap((hash ^ (hash >> 16n)) * 0x85ebca6bn)
  hash = wrap((hash ^ (hash >> 13n)) * 0xc2b2ae35n)
  return Number(hash ^ (hash >> 16n))
}

function birthOf({ dateOfBirth = {} }: Person): { year: string; month: string; day: string } {
  const [year = '', month = '', day = ''] = (dateOfBirth.date ?? '').split('-')
  const digits = (text: string, length: number) =>
    text.length === length && [...text].every((letter) => letter >= '0' && letter <= '9')
  if (digits(year, 4) && digits(month, 2) && digits(day, 2) && year >= '1000') {
    const isLeap = +year % 4 === 0 && (+year % 100 !== 0 || +year % 400 === 0)
    const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    if (+day >= 1 && +day <= (lengths[+month - 1] ?? 0)) return { year, month, day }
  }
  const alone = dateOfBirth.year ?? 0
  const whole = Number.isInteger(alone) && alone >= 1000 && alone <= 9999
  return { year: whole ? String(alone) : '', month: '', day: '' }
}

function referenceOf(type: string, value: string): string {
  const compact = value.split(/\s/).join('').toUpperCase()
  if (/^\d\d\d\d-\d\d\d\d-\d\d\d\d-\d\d\d\d$/.test(compact)) return `uan|${compact}`
  const written = (form: RegExp, normal = compact) => (form.test(normal) ? `${type}|${normal}` : '')
  switch (type) {
    case 'gwf':
      return written(/^GWF\d{9}$/)
    case 'cid':
      return /^\d{1,9}$/.test(compact) ? `cid|${`00000000${compact}`.slice(-9)}` : ''
    case 'home_office_file':
      return written(/^[A-Z]\d{6,8}(\/\d{1,3})?$/)
    case 'port_reference':
      return compact.length >= 1 && [...compact].length <= 40 ? `port_reference|${compact}` : ''
    case 'prison_number':
      return written(/^[A-Z]\d{4}[A-Z]{2}$/)
    case 'appeal':
      return written(/^(HU|DA|DC|EA|PA|RP|LE|LD|LP|LH|LR|IA)\/[012]\d{4}\/20\d\d$/)
    case 'upper_tribunal':
      return written(/^UI-\d{4}-\d{6}$/)
    case 'bail':
      return written(/^[A-Z]{2}\/\d{5}$/)
    default:
      return ''
  }
}

/** A number as it is dialled in the United Kingdom, or after `+` or `00` anywhere. */
export function digitsOf(phone: string): string {
  const [, plus = '', rest = ''] = /(\+?)([0-9][0-9 ()]*)/.exec(phone) ?? []
  const dialled = rest.replace(/\(0\)/, '').replace(/[^0-9]/g, '')
  if (plus === '+') return dialled
  if (dialled.startsWith('00')) return dialled.slice(2)
  return dialled.startsWith('0') ? `44${dialled.slice(1)}` : ''
}

/** Sorted by code unit, each once, without empty ones. */
function distinct(values: readonly string[]): string[] {
  const ordered = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return ordered.filter((value, index) => value !== '' && value !== ordered[index - 1])
}
