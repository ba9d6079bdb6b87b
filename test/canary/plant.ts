/**
 * A referral with a word of its own in every field, by a walk over the schema: a field that is added
 * later is planted too, and one that cannot be is a fault.
 */
import { randomBytes, randomInt } from 'node:crypto'
import type { Draft } from '../../src/client/index.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { Referral } from '../../src/referral/fields.ts'
import { UuidV7 } from '../../src/referral/format.ts'

/** A word that was planted, and where. */
export type Planted = { readonly pointer: string; readonly word: string }

/** What a JSON Schema says, as far as the walk reads it. */
type Schema = {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
}

/** Where the first code of a table would not do. */
const codesAt: Readonly<Record<string, string>> = {
  // The only type of number whose form leaves room for a word.
  '/identity/identifiers/0/type': 'port_reference',
  // Only there may a prison be named.
  '/detention/places/0/place': 'prison',
}

/** Fields of two or three letters, which are too short to be searched for. */
const shortWords: Readonly<Record<string, string>> = {
  '^[a-z]{3}$': 'ckb',
  '^[A-Z]{3}$': 'WWI',
  '^([A-Z]{2}|XXX)$': 'SD',
}

/** In these the words are written in another script. */
const inOwnScript = ['/identity/nameInOwnScript', '/narrative/story', '/referrer/name']

/** A draft with every field answered, and every word that stands in it. */
export function plantReferral(): { draft: Draft; planted: Planted[] } {
  const planted: Planted[] = []
  const referral = plant(Referral as Schema, '', planted) as Draft['referral']
  const draft: Draft = { channel: 'legal_representative', region: 'heathrow', referral }
  return { draft, planted }
}

function plant(schema: Schema, pointer: string, planted: Planted[]): unknown {
  if (schema.anyOf && !schema.properties) return plant(tellingForm(schema), pointer, planted)
  if (schema.properties) {
    const fields = Object.entries(schema.properties)
    return Object.fromEntries(
      fields.map(([name, field]) => [name, plant(field, `${pointer}/${name}`, planted)]),
    )
  }
  if (schema.items) return [plant(schema.items, `${pointer}/0`, planted)]
  if (schema.enum) return codesAt[pointer] ?? schema.enum[0]
  if (schema.type === 'integer') return schema.minimum
  if (schema.type === 'string') return plantText(schema, pointer, planted)
  throw new Error(`${pointer}: nothing can be planted in ${JSON.stringify(schema)}`)
}

/** Of the forms of an answer the one that says most: details, a list, or else text. */
function tellingForm({ anyOf = [] }: Schema): Schema {
  const form =
    anyOf.find(({ properties, items }) => properties || items) ??
    anyOf.find(({ type, enum: codes }) => type === 'string' && !codes) ??
    anyOf[0]
  return form ?? {}
}

function plantText(schema: Schema, pointer: string, planted: Planted[]): string {
  const short = shortWords[schema.pattern ?? '']
  if (short) return short
  const word = wordFor(schema, pointer)
  planted.push({ pointer, word })
  return word
}

function wordFor({ format, pattern, minLength, maxLength = 0 }: Schema, pointer: string): string {
  if (format === 'date') return strangeDay()
  if (pattern?.startsWith('^[A-Za-z0-9_-]{42}') && minLength === maxLength) {
    return randomBytes(32).toString('base64url')
  }
  // An id of version 7, as documents have.
  if (pattern === (UuidV7 as Schema).pattern) return newId()
  if (pattern || maxLength < 24) throw new Error(`${pointer}: no word has this form`)
  return inOwnScript.includes(pointer) ? newWordIn('ابتثجحخدذرزسشصضطظعغفقكلمنهوي') : newWord()
}

/** A day on which nothing else happens. */
function strangeDay(): string {
  const two = (number: number) => String(number).padStart(2, '0')
  return `${randomInt(2300, 9999)}-${two(randomInt(1, 13))}-${two(randomInt(1, 29))}`
}

/** 24 letters and digits that nobody wrote before. */
export function newWord(): string {
  return newWordIn('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')
}

/** The same in letters of one's choice. */
export function newWordIn(letters: string): string {
  return Array.from({ length: 24 }, () => letters[randomInt(letters.length)]).join('')
}
