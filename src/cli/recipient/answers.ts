/**
 * What a referral says in the words of its questions: the labels of codes, places, languages and countries by their
 * names, times of London. Nothing here is escaped: each line is, where it is laid out.
 */
import { londonTime } from '../../client/london.ts'
import { answers as plain } from '../../referral/codes/answer.ts'
import type { CompartmentName } from '../../referral/compartment.ts'
import { labelsOf } from '../../referral/fields/code.ts'
import { compartmentSchemas } from '../../referral/fields.ts'
import { shown } from '../../referral/shown.ts'

/** One question that was answered. */
export type Answer = {
  /** Of the question in its compartment. */
  readonly key: string
  readonly label: string
  /** Of a list each; of all else one. */
  readonly values: readonly string[]
}

/** What one compartment answers, in the order in which it is asked. What was not asked is left out. */
export function answersOf(compartment: CompartmentName, said: unknown): Answer[] {
  if (!isGroup(said))
    return isEmpty(said) ? [] : [{ key: '', label: 'Says', values: [rawOf(said)] }]
  const asked = propertiesOf(compartmentSchemas[compartment] as Schema)
  const others = Object.keys(said).filter((key) => !Object.hasOwn(asked, key))
  return [...Object.keys(asked), ...others].flatMap((key) => {
    const value = Object.hasOwn(said, key) ? said[key] : undefined
    if (isEmpty(value)) return []
    const values = valuesOf(asked[key], value).map((words) => withSince(key, words))
    return [{ key, label: labelOf(key, Object.hasOwn(asked, key)), values }]
  })
}

/** In one line. */
export function wordsOfAnswer({ values }: Pick<Answer, 'values'>): string {
  // What has a comma in it already is told apart by more than one.
  return values.join(values.some((value) => value.includes(',')) ? '; ' : ', ')
}

/** As much of a schema as is read here. */
type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly pattern?: string
  readonly format?: string
}

type Group = Readonly<Record<string, unknown>>

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === 'not_asked' || value === '') return true
  return typeof value === 'object' && Object.values(value).every(isEmpty)
}

/** What no schema has words for. */
function rawOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function propertiesOf(schema: Schema | undefined): Readonly<Record<string, Schema>> {
  return schema?.properties ?? {}
}

/** The schemas of which any will do. */
function choicesOf(schema: Schema | undefined): Schema[] {
  if (!schema) return []
  return schema.anyOf ? schema.anyOf.flatMap(choicesOf) : [schema]
}

function valuesOf(schema: Schema | undefined, value: unknown): string[] {
  if (!Array.isArray(value)) return [wordsOf(schema, value)]
  const lists = choicesOf(schema).map(({ items }) => items)
  const items = lists.find((found) => found !== undefined)
  return value.filter((each) => !isEmpty(each)).map((each) => wordsOf(items, each))
}

function wordsOf(schema: Schema | undefined, value: unknown): string {
  const choices = choicesOf(schema)
  if (typeof value === 'string') return wordsOfText(choices, value)
  if (Array.isArray(value)) return valuesOf(schema, value).join(', ')
  if (!isGroup(value)) return rawOf(value)
  const asked = Object.assign({}, ...choices.map(propertiesOf)) as Record<string, Schema>
  const others = Object.keys(value).filter((key) => !Object.hasOwn(asked, key))
  const parts = [...Object.keys(asked), ...others].flatMap((key) => {
    const each = Object.hasOwn(value, key) ? value[key] : undefined
    // What opens a file is of no use to a reader, and not for others at the screen.
    if (openers.has(key) && Object.hasOwn(asked, key)) return []
    // Among other details it is said what was not asked.
    if (isEmpty(each) && each !== 'not_asked') return []
    return [partOf(key, Object.hasOwn(asked, key) ? asked[key] : undefined, each)]
  })
  return parts.join(', ')
}

/** One detail of an answer: its name only where the words alone would not say what they are. */
function partOf(key: string, schema: Schema | undefined, value: unknown): string {
  const words = wordsOf(schema, value)
  const isCode = choicesOf(schema).some(labelsOf) && !Object.hasOwn(plain, String(value))
  if (schema && (isCode || namedByThemselves.has(key))) return words
  if (!schema) return `${labelOf(key, false)}: ${words}`
  const label = labelOf(key, true).toLowerCase()
  return prepositions.has(key) ? `${label} ${words}` : `${label}: ${words}`
}

function wordsOfText(choices: readonly Schema[], value: string): string {
  for (const choice of choices) {
    const labels = labelsOf(choice)
    if (labels && Object.hasOwn(labels, value)) return shortened(labels[value] ?? value)
    const { pattern, format } = choice
    if (pattern === languagePattern && languageForm.test(value)) return languages.of(value) ?? value
    if (pattern === countryPattern && value === 'XXX') return 'stateless'
    if (pattern === countryPattern && countryForm.test(value)) return countries.of(value) ?? value
    const isTime = format === 'date-time' && /T/.test(value) && !Number.isNaN(Date.parse(value))
    if (isTime) return londonTime(value)
  }
  return value
}

const languagePattern = '^[a-z]{3}$'
const countryPattern = '^([A-Z]{2}|XXX)$'
const languageForm = /^[a-z]{3}$/
const countryForm = /^[A-Z]{2}$/
const languages = new Intl.DisplayNames('en-GB', { type: 'language' })
const countries = new Intl.DisplayNames('en-GB', { type: 'region' })

/** Within a line the answers are small words, and which one is not known is known. */
function shortened(label: string): string {
  if (label === plain.unknown) return 'not known'
  const isSmall = label === plain.yes || label === plain.no || label === plain.not_asked
  return isSmall ? label.toLowerCase() : label
}

function withSince(key: string, words: string): string {
  return /Since$/.test(key) && /^\d/.test(words) ? `since ${words}` : words
}

/** Details of a file that only a client reads. */
const openers = new Set(['documentId', 'key', 'sha256'])

/** Details that need no name before them. */
const namedByThemselves = new Set([
  ...['details', 'value', 'date', 'name', 'firm', 'condition', 'medication', 'iso639_3', 'wing'],
  ...['at', 'venue', 'note', 'relationship', 'answer'],
])

const prepositions = new Set(['from', 'to', 'on', 'since'])

/** What a question is called, where its own name says it badly. */
const labels: Readonly<Record<string, string>> = {
  given: 'Consent',
  personKnows: 'Person knows of this',
  others: 'Other contacts',
  acdt: 'ACDT plan',
  nrm: 'NRM',
  rule35: 'Rule 35',
  adultsAtRiskLevel: 'Adults at risk',
  requested: 'Asked for',
  sexualOrGenderViolence: 'Sexual or gender-based violence',
  mentalHealth: 'Mental ill health',
  selfHarm: 'Self-harm',
  list: 'Documents',
  reference: 'Own reference',
  missingReason: 'Missing',
}

/** Of a key that no schema has, the key itself in quotes: whoever sealed it chose it. */
function labelOf(key: string, isKnown: boolean): string {
  if (!isKnown) return `"${key}"`
  if (Object.hasOwn(labels, key)) return labels[key] ?? key
  const words = key
    .replace(/Since$/, '')
    .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The questions that JSON pointers lead to: `identity: date of birth; legal: removal, bail`. */
export function questionsOf(pointers: readonly string[]): string {
  const questions = pointers.map((pointer) => {
    const [compartment = '', ...keys] = pointer.split('/').slice(1)
    const names = keys.filter((key) => !/^\d+$/.test(key)).map((key) => labelOf(key, true))
    return [compartment, ...names.map((name) => name.toLowerCase())].join(': ')
  })
  return shown(gathered(questions).join('; '))
}

/** What begins alike up to a colon as one: `legal: removal` and `legal: bail` as `legal: removal, bail`. */
export function gathered(lines: readonly string[]): string[] {
  const found = new Map<string, string[]>()
  for (const line of lines) {
    const [, head = line, rest] = /^(.*?: )(.*)$/s.exec(line) ?? []
    const ends = found.get(head) ?? []
    found.set(head, rest === undefined ? ends : [...ends, rest])
  }
  return [...found].map(([head, ends]) => {
    const [last = '', ...others] = ends.toReversed()
    const all = [...others.toReversed().map((end) => end.replace(/\.$/, '')), last]
    return `${head}${all.join(', ')}`
  })
}
