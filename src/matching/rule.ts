/**
 * What joins two referrals without a person's decision, and what asks nobody: by types alone, for the
 * server sees nothing else. Pure. docs/decisions/0007-what-joins-without-a-person.md
 */
import type { Evidence } from './odds.ts'
import { references, suffixedFile, typesOf } from './rows.ts'

/** Types of which one value says that two parts of the name agree, each by its own sound. */
const severalParts = ['N', 'P', 'PP_Y']

/** Types of which each value stands for one part of the name by its sound, with a birth date. */
const soundAndDate = ['TP_D', 'TP_D01']

/** The same by consonants, of which many names have the same. */
const consonantsAndDate = ['TK_SD', 'TK_SD01']

/** Types that hold 1 January. */
const firstOfJanuary = ['T_D01', 'TP_D01', 'TK_SD01', 'I_D01']

/** Types that hold the year of birth. */
const withYear = ['T_D', 'TP_D', 'I_D', 'T_D01', 'TP_D01', 'I_D01', 'PP_Y', 'KK_Y', 'MH3_Y']

/** Types that hold anything of the birth date. */
const withBirth = [...withYear, 'TK_SD', 'TK_SD01', 'P_MD']

/** Types that hold the name and nothing else. */
const nameAlone = [...typesOf('N'), ...typesOf('P')]

/** Types of what unlike names have in common by chance. */
const likeness = ['KK_Y', 'MH3_Y']

/**
 * Whether two referrals may be joined without a person's decision: three facts agree that have nothing
 * to do with each other, and one is of the name. The facts are one part of the name, another part, the
 * birth date, a reference, a telephone. So neither what families share (a reference and a telephone),
 * nor what twins do (one part of the name and the birth date), nor a whole name is enough.
 *
 * 1 January is a fact only beside three parts of the name, for whole families are given it, and of
 * those with two frequent names many; digits in another order, beside the year. A telephone is none where both birth dates are known and no year is
 * the same, for a law firm writes its own for all its clients; a Home Office file without its suffix,
 * which is the family's, counts as a telephone does
 * (docs/decisions/0007-what-joins-without-a-person.md).
 */
export function mayJoin({ agreeing, left, right }: Evidence): boolean {
  const any = (...types: readonly string[]) => types.some((type) => agreeing.has(type))
  const twice = (types: readonly string[]) => types.some((type) => (agreeing.get(type) ?? 0) >= 2)
  // Names have consonants and letters in common by chance: their other part counts where the initials
  // are the same too. A single name, or one in two spellings, has no `P`.
  const alike =
    any('KK_Y') || twice(consonantsAndDate) || (any('MH3_Y') && left.has('P') && right.has('P'))
  const several = any(...severalParts) || twice(soundAndDate) || (alike && any('I_D', 'I_D01'))
  const named = several || any('T_D', 'TP_D', 'TK_SD', 'N1', 'P1')
  const sameYear = any(...withYear)
  const given = firstOfJanuary.some((type) => left.has(type) || right.has(type))
  const dated =
    any('T_D', 'TP_D', 'I_D') ||
    (any('TK_SD') && sameYear) ||
    // Where one was given 1 January only the year is known. Each two of three sounds are three pairs.
    (given && (agreeing.get('PP_Y') ?? 0) >= 3)
  const born = sameYear || !isDated(left) || !isDated(right)
  // Of two who were both given 1 January even the year says little: the names are spelt alike.
  const spelt = any('N') || (agreeing.get('T_D01') ?? 0) >= 2 || !bothGiven({ left, right })
  const shared = any('PHONE', 'FILE') && born && spelt
  const facts = [named, several, dated, any(...references), shared].filter(Boolean)
  return named && facts.length >= 3
}

/**
 * Whether what the two have speaks against what agrees, so that a person is asked. Two known birth
 * dates of which nothing is equal; or two unlike numbers of one kind, beside 1 January, which is
 * nobody's own date, or in one Home Office file, whose suffixes tell a family apart.
 */
export function isContradicted({ agreeing, left, right }: Evidence): boolean {
  const any = (...types: readonly string[]) => types.some((type) => agreeing.has(type))
  // The day and month of two who were both given 1 January are no birthday.
  const given = bothGiven({ left, right })
  const born = any(...withBirth.filter((type) => type !== 'P_MD' || !given))
  if (isDated(left) && isDated(right) && !born) return true
  const unlike = references.filter((it) => left.has(it) && right.has(it) && !agreeing.has(it))
  if (unlike.length > 0 && any(...firstOfJanuary)) return true
  return unlike.includes(suffixedFile) && any('FILE')
}

/**
 * Whether what agrees asks nobody, though both birth dates are known: the name alone, or what names
 * have in common by chance, with the year. Hardly one in ten of such pairs is one person.
 */
export function isChance({ agreeing, left, right }: Evidence): boolean {
  const only = (types: readonly string[]) => [...agreeing.keys()].every((it) => types.includes(it))
  return isDated(left) && isDated(right) && (only(nameAlone) || only(likeness))
}

function bothGiven({ left, right }: Pick<Evidence, 'left' | 'right'>): boolean {
  return firstOfJanuary.some((type) => left.has(type) && right.has(type))
}

function isDated(side: ReadonlySet<string>): boolean {
  return withBirth.some((type) => side.has(type))
}
