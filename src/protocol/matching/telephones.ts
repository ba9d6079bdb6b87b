/** From telephones as people type them to the digits that match keys are made of. */

import parsePhoneNumber from 'libphonenumber-js/min'
import { required } from '../../errors.ts'
import { standsForNothing } from '../../referral/placeholders.ts'

/**
 * `+`, digits, and what people put between them; then an extension, if there is one. It begins at the first
 * of several `+`, so that a long row of them is looked at once and not from each.
 */
const written =
  /(?<number>(?<![+(])[+(]*[0-9](?:[0-9 ()./\u00a0\u2010-\u2015-]*[0-9])?)(?:[\s,;.(]*(?:ext|extn|extension|x|#)[\s.:]*(?<extension>[0-9]{1,7})(?![0-9]))?/giu

// `0044 (0)20`: the zero is dialled inside the country alone.
const innerZero = /^\(?(\+|00)([0-9]*)\)?\(0\)/

/** A number that is dialled whole has so many digits at least; fewer are a part of one. */
const numberDigitsMin = 9

/** Digits of Arabic, Persian, Devanagari and Bengali, in the digits of ASCII. */
const zeros = [0x660, 0x6f0, 0x966, 0x9e6]

/**
 * The numbers in one field, each as it is dialled from abroad, with its extension behind an `x`:
 * another extension is another telephone. Two numbers are two; words around them say nothing.
 */
export function telephonesIn(text: string): string[] {
  const plain = text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/\p{Nd}/gu, asciiDigit)
  return [...plain.matchAll(written)].flatMap(({ groups }) => {
    const numbers = separate(required(groups?.number, 'the group is not optional'))
    const extension = groups?.extension
    return numbers.flatMap((number, at) => {
      const digits = digitsOf(number)
      if (digits === undefined) return []
      const isLast = at === numbers.length - 1
      return [isLast && extension !== undefined ? `${digits}x${extension}` : digits]
    })
  })
}

/** Numbers written one behind the other: at a stroke, and where another begins with 0. */
function separate(text: string): string[] {
  const parts = text.split(/(?=[ /-]+\(?0)|\//)
  const numbers: string[][] = []
  let ahead = countDigits(text)
  let before = 0
  for (const part of parts) {
    const digits = countDigits(part)
    const number = numbers.at(-1)
    if (number === undefined || (before >= numberDigitsMin && ahead >= numberDigitsMin)) {
      numbers.push([part])
      before = digits
    } else {
      number.push(part)
      before += digits
    }
    ahead -= digits
  }
  return numbers.map((written) => written.join(' '))
}

function countDigits(text: string): number {
  return text.replace(/[^0-9]/g, '').length
}

/** Without a country code it is a number of the United Kingdom; `undefined` where it can be none. */
function digitsOf(text: string): string | undefined {
  const dialled = text.replace(/[^+0-9()]/g, '').replace(innerZero, '$1$2')
  const number = parsePhoneNumber(dialled, 'GB')
  // Its length is right. Whether a number is in use changes with each edition of the plans.
  if (!number?.isPossible() || standsForNothing(number.nationalNumber)) return undefined
  return number.number.slice(1)
}

function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0
  const zero = zeros.find((first) => code >= first && code <= first + 9)
  return zero === undefined ? digit : String(code - zero)
}
