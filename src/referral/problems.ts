/**
 * Says what does not fit a schema, in sentences that a person can act on. A sentence names the field
 * and what is allowed there; it never quotes what was written, so it may be shown, logged or sent.
 *
 * Whether something fits is the library's word: `Check` of `typebox/schema`, which interprets the
 * schema. `typebox/compile` is faster, but builds functions from strings, which a browser under a
 * strict content security policy refuses and reports. The library's own `Errors` stops after eight,
 * unless a setting of the whole process is changed, and reports every form that a value is not.
 */
import type { TSchema } from 'typebox'
import { Check } from 'typebox/schema'
import { patternWords } from './fields/text.ts'
import { visiblePattern } from './hidden.ts'

/** One fault: where (RFC 6901, from the root of what was checked), and what is wrong there. */
export interface Problem {
  pointer: string
  detail: string
}

/** Nobody mends more at a time, and a hostile sender should not be able to fill a screen or a log. */
export const problemsMax = 100

/**
 * The faults of a value, the first hundred; none if it fits.
 *
 * @param base - the pointer of the value itself, `''` for the root
 */
export function schemaProblems(schema: TSchema, value: unknown, base = ''): Problem[] {
  const problems: Problem[] = []
  collect(schema, value, base, problems)
  return problems
}

/** The keywords of JSON Schema that the schemas of a referral use. */
interface Keywords {
  type?: string
  enum?: readonly string[]
  anyOf?: readonly Keywords[]
  properties?: Readonly<Record<string, Keywords>>
  required?: readonly string[]
  minProperties?: number
  items?: Keywords
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  maxLength?: number
  minimum?: number
  maximum?: number
  format?: string
  pattern?: string
}

function collect(schema: Keywords, value: unknown, pointer: string, problems: Problem[]): void {
  if (problems.length >= problemsMax || Check(schema, value)) return
  const before = problems.length
  const form = formMeant(schema, value)
  if (form?.properties) collectObject(form, value as object, pointer, problems)
  if (form?.items) collectList(form.items, value as unknown[], pointer, problems)
  // Nothing is wrong further in, so it is the value itself.
  if (problems.length === before) problems.push({ pointer, detail: `must be ${allowed(schema)}.` })
}

/** Of the forms a value may take, the object or the list that it was plainly meant as. */
function formMeant(schema: Keywords, value: unknown): Keywords | undefined {
  const forms = schema.properties || schema.items ? [schema] : (schema.anyOf ?? [])
  if (Array.isArray(value)) return forms.find((form) => form.items)
  if (typeof value === 'object' && value !== null) return forms.find((form) => form.properties)
  return undefined
}

function collectObject(form: Keywords, value: object, pointer: string, problems: Problem[]): void {
  const fields = form.properties ?? {}
  for (const name of form.required ?? []) {
    if (Object.hasOwn(value, name)) continue
    problems.push({ pointer: under(pointer, name), detail: 'must be answered.' })
  }
  for (const [name, found] of Object.entries(value)) {
    if (problems.length >= problemsMax) return
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field) collect(field, found, under(pointer, name), problems)
    else problems.push({ pointer: under(pointer, name), detail: 'is not a field known here.' })
  }
}

function collectList(item: Keywords, list: unknown[], pointer: string, problems: Problem[]): void {
  for (const [index, found] of list.entries()) {
    if (problems.length >= problemsMax) return
    collect(item, found, `${pointer}/${index}`, problems)
  }
}

function under(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** What a schema asks for, in words that follow "must be". */
function allowed(schema: Keywords): string {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`
  switch (schema.type) {
    case 'array':
      return allowedList(schema)
    case 'object':
      return allowedObject(schema)
    case 'integer': {
      const { minimum, maximum } = schema
      return `a whole number from ${minimum}${maximum === undefined ? ' on' : ` to ${maximum}`}`
    }
    case 'string':
      return allowedText(schema)
    default:
      return (schema.anyOf ?? []).map(allowed).join(', or ')
  }
}

function allowedList({ minItems = 0, maxItems, uniqueItems }: Keywords): string {
  return `a list of ${minItems} to ${maxItems} items${uniqueItems ? ', none twice' : ''}`
}

function allowedObject({ anyOf, minProperties }: Keywords): string {
  if (minProperties) return 'an object with a detail at least'
  if (!anyOf) return 'an object'
  return `an object with ${anyOf.flatMap(({ required }) => required ?? []).join(' or ')}`
}

const formatWords: Record<string, string> = {
  date: 'a day (2026-11-22)',
  'date-time': 'a moment (2026-11-22T09:30:00Z)',
}

function allowedText({ format, pattern, maxLength }: Keywords): string {
  if (format) return formatWords[format] ?? format
  if (pattern === visiblePattern) {
    return `text of 1 to ${maxLength} characters in one line, none of them hidden`
  }
  if (pattern) return patternWords[pattern] ?? `text of the form ${pattern}`
  return `text of 1 to ${maxLength} characters`
}
