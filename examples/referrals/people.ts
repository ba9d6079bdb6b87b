/**
 * What the rows do not say of the nineteen people in them, all invented: where each is held and in
 * which language they speak. The key is the column `e`.
 */
import type { Place } from '../../src/referral/codes/places.ts'

export interface Person {
  gender: 'woman' | 'man'
  /** ISO 639-3. */
  language: string
  /** Whether an interpreter is needed. */
  interpreter: 'yes' | 'no'
  nameInOwnScript?: string
  place: Place
  prison?: string
  wing?: string
  detainedSince: string
}

export const people: Record<string, Person> = {
  2420: {
    gender: 'man',
    language: 'arb',
    interpreter: 'yes',
    nameInOwnScript: 'هاشم محبوب',
    place: 'irc-harmondsworth',
    wing: 'B wing',
    detainedSince: '2026-10-02',
  },
  335: {
    gender: 'man',
    language: 'arb',
    interpreter: 'yes',
    nameInOwnScript: 'حسين طارق',
    place: 'irc-brook-house',
    wing: 'D wing',
    detainedSince: '2026-09-14',
  },
  2160: {
    gender: 'man',
    language: 'arb',
    interpreter: 'yes',
    nameInOwnScript: 'وليد أحمد',
    place: 'irc-colnbrook',
    detainedSince: '2026-10-19',
  },
  1568: {
    gender: 'woman',
    language: 'tir',
    interpreter: 'yes',
    place: 'irc-yarls-wood',
    detainedSince: '2026-08-30',
  },
  298: {
    gender: 'man',
    language: 'prs',
    interpreter: 'yes',
    nameInOwnScript: 'یاسین رمضان',
    place: 'irc-brook-house',
    wing: 'E wing',
    detainedSince: '2026-11-01',
  },
  86: {
    gender: 'woman',
    language: 'por',
    interpreter: 'yes',
    place: 'irc-derwentside',
    detainedSince: '2026-11-10',
  },
  287: {
    gender: 'man',
    language: 'als',
    interpreter: 'yes',
    place: 'prison',
    prison: 'WWI',
    wing: 'A wing',
    detainedSince: '2026-07-21',
  },
  331: {
    gender: 'man',
    language: 'urd',
    interpreter: 'yes',
    nameInOwnScript: 'شریف یوسف',
    place: 'irc-dungavel',
    detainedSince: '2026-10-11',
  },
  640: {
    gender: 'man',
    language: 'arb',
    interpreter: 'yes',
    nameInOwnScript: 'حسن راشد',
    place: 'rhr-manston',
    detainedSince: '2026-11-19',
  },
  207: {
    gender: 'man',
    language: 'arb',
    interpreter: 'no',
    nameInOwnScript: 'عزيز عطوان',
    place: 'irc-campsfield-house',
    detainedSince: '2026-06-25',
  },
  2306: {
    gender: 'woman',
    language: 'arb',
    interpreter: 'yes',
    nameInOwnScript: 'جولييت مالك',
    place: 'irc-yarls-wood',
    detainedSince: '2026-10-28',
  },
  1539: {
    gender: 'woman',
    language: 'por',
    interpreter: 'no',
    place: 'rsthf-manchester',
    detainedSince: '2026-11-17',
  },
  1926: {
    gender: 'man',
    language: 'vie',
    interpreter: 'yes',
    place: 'irc-haslar',
    detainedSince: '2026-10-05',
  },
  695: {
    gender: 'man',
    language: 'tir',
    interpreter: 'yes',
    place: 'irc-harmondsworth',
    wing: 'C wing',
    detainedSince: '2026-09-03',
  },
  2920: {
    gender: 'man',
    language: 'vie',
    interpreter: 'yes',
    nameInOwnScript: 'Trịnh Thương',
    place: 'irc-tinsley-house',
    detainedSince: '2026-11-04',
  },
  2219: {
    gender: 'man',
    language: 'ron',
    interpreter: 'no',
    place: 'irc-haslar',
    detainedSince: '2026-09-29',
  },
  2761: {
    gender: 'man',
    language: 'tir',
    interpreter: 'yes',
    place: 'rsthf-swinderby',
    detainedSince: '2026-11-18',
  },
  1401: {
    gender: 'woman',
    language: 'vie',
    interpreter: 'yes',
    place: 'irc-derwentside',
    detainedSince: '2026-10-23',
  },
  1457: {
    gender: 'man',
    language: 'npi',
    interpreter: 'yes',
    place: 'prison',
    prison: 'PVI',
    wing: 'Healthcare',
    detainedSince: '2026-05-12',
  },
}
