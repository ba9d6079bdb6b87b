/**
 * The types of match keys: all that whoever has a referral's values without a key can read of them.
 * The order of keys, the rows of weights, the rules and the words for people follow from one table.
 */
import type { IdentifierType } from '../../referral/codes/identity.ts'

/** What a type is made of, and what two equal values of it say. */
export type KeyType = {
  /** The row of the weights that it shares with others which mean the same; its own if left out. */
  readonly row?: string
  /** The kind of number that it is. */
  readonly identifier?: IdentifierType
  /** Whether a family or the clients of one helper share it: it counts where nothing speaks against. */
  readonly isShared?: true
  /**
   * What it says of the name: that one `part` agrees; that `several` do, each by itself; that the
   * `whole` does, which may be one part; that the `initials` do; or a `likeness`, which unlike names
   * have by chance.
   */
  readonly name?: 'part' | 'several' | 'whole' | 'initials' | 'likeness'
  /** In what form it has the name, if not in its letters. */
  readonly by?: 'sound' | 'consonants'
  /** What it has of the birth date: all, all digits in any order, day and month, or the year. */
  readonly birth?: 'date' | 'digits' | 'day' | 'year'
  /** Whether that date is 1 January, which is given to many and does not count alone. */
  readonly isFirst?: true
  /** For people: what is so where it agrees, and what could not be compared where one side has none. */
  readonly words: readonly [agrees: string, compared: string]
}

/** Whoever counts types sees which kinds of numbers a person has. */
function reference(identifier?: IdentifierType): KeyType {
  const words = ['a reference number equal', 'reference numbers of one kind'] as const
  return { row: 'REF', ...(identifier && { identifier }), words }
}

const names = { row: 'N', words: ['all names equal', 'whole names'] } as const
const sounds = {
  row: 'P',
  by: 'sound',
  words: ['names sound alike', 'whole names by sound'],
} as const
const part = { name: 'part', birth: 'date' } as const
const consonants = { name: 'part', by: 'consonants', birth: 'digits' } as const

const table: Readonly<Record<string, KeyType>> = {
  REF_uan: reference('uan'),
  REF_gwf: reference('gwf'),
  REF_cid: reference('cid'),
  REF_file: reference('home_office_file'),
  // A Home Office file without a suffix is a kind of its own. The suffix tells the members of a family
  // apart, and where one side left it out they do not contradict each other.
  REF_file0: reference(),
  REF_port: reference('port_reference'),
  REF_prison: reference('prison_number'),
  REF_appeal: reference('appeal'),
  REF_ut: reference('upper_tribunal'),
  REF_bail: reference('bail'),
  FILE: {
    isShared: true,
    words: ['a Home Office file equal, but for the suffix', 'Home Office files'],
  },
  PHONE: { isShared: true, words: ['a telephone number equal', 'telephone numbers'] },
  N: { ...names, name: 'several' },
  N1: { ...names, name: 'part' },
  P: { ...sounds, name: 'several' },
  P1: { ...sounds, name: 'part' },
  T_D: { ...part, words: ['a name and the birth date equal', 'names with the birth date'] },
  T_D01: {
    ...part,
    isFirst: true,
    words: ['a name and the birth date equal, 1 January', 'names with a 1 January'],
  },
  TP_D: {
    ...part,
    by: 'sound',
    words: ['a name sounds alike, birth date equal', 'names by sound with the birth date'],
  },
  TP_D01: {
    ...part,
    by: 'sound',
    isFirst: true,
    words: ['a name sounds alike, birth date equal, 1 January', 'a name by sound with a 1 January'],
  },
  TK_SD: {
    ...consonants,
    words: [
      'consonants of a name alike, birth date of the same digits',
      'consonants with the birth date',
    ],
  },
  TK_SD01: {
    ...consonants,
    isFirst: true,
    words: [
      'consonants of a name alike, birth date equal, 1 January',
      'consonants with a 1 January',
    ],
  },
  PP_Y: {
    name: 'several',
    by: 'sound',
    birth: 'year',
    words: ['two names sound alike, birth year equal', 'pairs of names by sound with the year'],
  },
  KK_Y: {
    name: 'likeness',
    by: 'consonants',
    birth: 'year',
    words: ['consonants of two names alike, birth year equal', 'consonants of pairs with the year'],
  },
  P_MD: {
    name: 'whole',
    by: 'sound',
    birth: 'day',
    words: ['names sound alike, day and month of birth equal', 'names by sound with day and month'],
  },
  I_D: {
    name: 'initials',
    birth: 'date',
    words: ['initials and birth date equal', 'initials with the birth date'],
  },
  I_D01: {
    name: 'initials',
    birth: 'date',
    isFirst: true,
    words: ['initials and birth date equal, 1 January', 'initials with a 1 January'],
  },
  MH3_Y: {
    name: 'likeness',
    birth: 'year',
    words: ['names spelt much alike, birth year equal', 'spelling of names with the year'],
  },
}

/** Every type with what it is made of. A referral may have values of types that are not here. */
export const keyTypes: ReadonlyMap<string, KeyType> = new Map(Object.entries(table))

/** Every type, in the order in which they are kept where a person has more than 40 keys. */
export const matchKeyTypes: readonly string[] = [...keyTypes.keys()]

/** The types of which `is` is true. */
export function typesThat(is: (type: KeyType) => unknown): readonly string[] {
  return [...keyTypes].flatMap(([name, type]) => (is(type) ? [name] : []))
}

/** The type of each kind of number. */
export const referenceTypes = Object.fromEntries(
  [...keyTypes].flatMap(([type, { identifier }]) => (identifier ? [[identifier, type]] : [])),
) as Readonly<Record<IdentifierType, string>>
