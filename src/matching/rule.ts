/**
 * What merges two referrals without a person's decision, and what is too little even to ask a person: told
 * from the types that agree alone, for the server sees nothing else. Pure. docs/decisions/0007-what-merges-without-a-person.md and 0015.
 */
import { typesThat } from '../protocol/matching/keytypes.ts'
import type { Evidence } from './odds.ts'
import { references } from './rows.ts'

/** One value says that two parts of the name agree, each by its own sound. */
const severalParts = typesThat(({ name }) => name === 'several')

/** One value says that a part of the name agrees. */
const onePart = typesThat(({ name, isFirst }) => name === 'part' && !isFirst)

/** Each value stands for one part of the name by its sound, with a birth date. */
const soundAndDate = typesThat(({ name, by, birth }) => name === 'part' && by === 'sound' && birth)

/** The same by consonants, of which many names have the same. */
const consonantsAndDate = typesThat(({ name, by }) => name === 'part' && by === 'consonants')

/** The whole birth date, and not 1 January. */
const wholeDate = typesThat(({ birth, isFirst }) => birth === 'date' && !isFirst)

const firstOfJanuary = typesThat(({ isFirst }) => isFirst)

/** The year of birth can be told from it. */
const withYear = typesThat(({ birth }) => birth === 'date' || birth === 'year')

/** Anything of the birth date. */
const withBirth = typesThat(({ birth }) => birth)

/** The name and nothing else. */
const nameAlone = typesThat(({ name, birth }) => name && !birth)

/** What unlike names have in common by chance. */
const likeness = typesThat(({ name }) => name === 'likeness')

/** A telephone, or a Home Office file without its suffix. */
const shared = typesThat(({ isShared }) => isShared)

/** With a name of so many parts or more, the day and month of birth alone hardly fit anybody else. */
const longNameParts = 3

/**
 * The rules that can be left out one at a time: `bench/matching/rules.ts` measures what each is worth.
 * Without one of the last two fewer pairs merge; without any other, more do.
 */
export const rules = [
  ...(['facts', 'initials', 'first', 'digits', 'telephone', 'spelling', 'dates'] as const),
  ...(['numbers', 'alone', 'crowd', 'uncommon', 'birthday'] as const),
] as const
export type Rule = (typeof rules)[number]

/**
 * Whether two referrals may be merged without a person's decision: three facts agree that have nothing
 * to do with each other, and one is of the name. The facts are one part of the name, another part, the
 * birth date, a reference, a telephone. So neither what families share (a reference and a telephone),
 * nor what twins do (one part of the name and the birth date), nor a whole name is enough. Which part,
 * date or telephone counts as a fact is said where each is found.
 *
 * @param off - a rule to leave out
 */
export function mayMerge(evidence: Evidence, off?: Rule): boolean {
  const { agreeing } = evidence
  const any = (...types: readonly string[]) => types.some((type) => agreeing.has(type))
  const several = hasSeveralParts(evidence, off)
  const named = several || any(...onePart)
  const reference = any(...references)
  const facts = [named, several, hasDate(evidence, off), reference, hasTelephone(evidence, off)]
  return named && facts.filter(Boolean).length >= (off === 'facts' ? 2 : 3)
}

/** Whether two parts of the name agree, each by itself. */
function hasSeveralParts({ agreeing, left, right }: Evidence, off?: Rule): boolean {
  const any = (...types: readonly string[]) => types.some((type) => agreeing.has(type))
  if (any(...severalParts) || isTwice(agreeing, soundAndDate)) return true
  // Consonants and letters agree by chance: by them another part counts only where the initials agree as
  // well. A single name, or one in two spellings, has no `P`.
  const spelt = any('MH3_Y') && left.has('P') && right.has('P')
  const alike = any('KK_Y') || isTwice(agreeing, consonantsAndDate) || spelt
  return alike && (any('I_D', 'I_D01') || off === 'initials')
}

/** Whether the birth date agrees, and says something: 1 January by itself does not. */
function hasDate(evidence: Evidence, off?: Rule): boolean {
  const { agreeing, uncommon, parts, left, right } = evidence
  const any = (...types: readonly string[]) => types.some((type) => agreeing.has(type))
  if (any(...wholeDate)) return true
  // The digits in another order are many dates.
  if (any('TK_SD') && (any(...withYear) || off === 'digits')) return true
  const given = bothGiven(evidence)
  // A long name with the same day and month: the year was mistaken. Two parts are not enough: of fifty
  // people with one frequent name, three pairs share a birthday.
  if (any('P_MD') && !given && parts >= longNameParts && off !== 'birthday') return true
  const isFirst = firstOfJanuary.some((type) => left.has(type) || right.has(type))
  // Whole families are given 1 January, and of those with two frequent names many: it takes three parts.
  // Where one side alone was given it only the year is known. Three sounds make three pairs of two.
  if (isFirst && (agreeing.get('PP_Y') ?? 0) >= 3) return true
  const isTwoParts = isTwice(agreeing, ['TP_D01'])
  if (isTwoParts && off === 'first') return true
  // Or a whole name, spelt alike, that hardly anybody else has.
  const spelt = any('N') || (any('P') && any('MH3_Y') && any('I_D01'))
  return isTwoParts && spelt && uncommon.has('P') && off !== 'uncommon'
}

/**
 * Whether a telephone agrees, or a Home Office file without its suffix, which is the family's. It counts
 * for nothing where both birth dates are known and neither the year agrees nor, under one whole name, the
 * birthday: a law firm writes its own number for all its clients.
 */
function hasTelephone(evidence: Evidence, off?: Rule): boolean {
  const { agreeing, left, right } = evidence
  const any = (...types: readonly string[]) => types.some((type) => agreeing.has(type))
  const given = bothGiven(evidence)
  const isBirthday = any('P_MD') && any('N') && !given && off !== 'birthday'
  const isKnown = isDated(left) && isDated(right)
  const born = any(...withYear) || isBirthday || !isKnown || off === 'telephone'
  // Of two who were both given 1 January even the year says little: the names are spelt alike.
  const spelt = any('N') || isTwice(agreeing, ['T_D01']) || !given || off === 'spelling'
  return any(...shared) && born && spelt
}

/**
 * Whether what the two have speaks against what agrees, so that a person is asked. Two known birth
 * dates of which nothing is equal; or two unlike numbers of one kind, beside 1 January, which is
 * nobody's own date, or in one Home Office file, whose suffixes tell a family apart.
 */
export function isContradicted(evidence: Evidence, off?: Rule): boolean {
  const { agreeing, left, right } = evidence
  const any = (...types: readonly string[]) => types.some((type) => agreeing.has(type))
  // The day and month of two who were both given 1 January are no birthday.
  const given = bothGiven(evidence)
  const born = any(...withBirth.filter((type) => type !== 'P_MD' || !given))
  if (isDated(left) && isDated(right) && !born && off !== 'dates') return true
  if (off === 'numbers') return false
  const unlike = references.filter((it) => left.has(it) && right.has(it) && !agreeing.has(it))
  if (unlike.length > 0 && any(...firstOfJanuary)) return true
  return unlike.includes('REF_file') && any('FILE')
}

/**
 * Whether too little agrees to ask a person, though both birth dates are known: the name alone, or what
 * names have in common by chance, with the year. Hardly one in ten of such pairs is one person.
 */
export function isChance({ agreeing, left, right }: Evidence, off?: Rule): boolean {
  const only = (types: readonly string[]) => [...agreeing.keys()].every((it) => types.includes(it))
  if (off === 'alone') return false
  return isDated(left) && isDated(right) && (only(nameAlone) || only(likeness))
}

function isTwice(agreeing: ReadonlyMap<string, number>, types: readonly string[]): boolean {
  return types.some((type) => (agreeing.get(type) ?? 0) >= 2)
}

function bothGiven({ left, right }: Pick<Evidence, 'left' | 'right'>): boolean {
  return firstOfJanuary.some((type) => left.has(type) && right.has(type))
}

function isDated(side: ReadonlySet<string>): boolean {
  return withBirth.some((type) => side.has(type))
}
