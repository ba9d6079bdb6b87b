/** What was written into the fields of a page, and what of it cannot be read. */
import type { Faults } from './fields.ts'
import {
  dayParts,
  optionSets,
  type Page,
  type Question,
  type QuestionId,
  withRevealed,
} from './questions.ts'
import type { Answers } from './session.ts'
import type { Key } from './texts.ts'

type Value = string | readonly string[] | undefined
type Written = { readonly value: Value; readonly fault?: Key }

/** @returns the answers of this page, those that were emptied as `undefined`; faults stand apart */
export function readPage(form: HTMLFormElement, page: Page) {
  const data = new FormData(form)
  const faults = new Map<QuestionId, Key>()
  const answers: Record<string, Value> = {}
  for (const question of page.questions) {
    for (const asked of withRevealed(question)) {
      const hidden = asked !== question && data.get(question.id) !== 'yes'
      const { value, fault } = hidden ? { value: undefined } : written(asked, data)
      answers[asked.id] = value
      if (fault) faults.set(asked.id as QuestionId, fault)
    }
  }
  return { answers: answers as Answers, faults: faults as Faults }
}

function written(question: Question, data: FormData): Written {
  switch (question.kind) {
    case 'several': {
      const codes = optionSets[question.options] as readonly string[]
      const chosen = data.getAll(question.id).filter((code) => codes.includes(String(code)))
      return { value: chosen.length > 0 ? chosen.map(String) : undefined }
    }
    case 'day':
      return dayWritten(question, data)
    case 'days':
      return daysWritten(field(data, question.id))
    default:
      return { value: field(data, question.id) || undefined }
  }
}

function field(data: FormData, name: string): string {
  return String(data.get(name) ?? '').trim()
}

/** Digits of any script, as keyboards give them, are written in ours. */
export function digits(text: string): string {
  return text.normalize('NFKC').replace(/\p{Nd}/gu, (digit) => {
    // The ten digits of a script stand in a row that begins at a multiple of ten or of sixteen.
    const code = digit.codePointAt(0) ?? 0
    let zero = code
    while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1)) && code - zero < 9) zero -= 1
    return String(code - zero)
  })
}

function daysWritten(text: string): Written {
  if (text === '') return { value: undefined }
  const count = digits(text)
  const fits = /^[0-9]{1,3}$/.test(count) && Number(count) <= 366
  return fits ? { value: String(Number(count)) } : { value: text, fault: 'fault.days' }
}

function dayWritten(question: Question & { kind: 'day' }, data: FormData): Written {
  const { id, orYear } = question
  const [day, month, year] = dayParts.map((part) =>
    digits(field(data, part === 'day' ? id : `${id}-${part}`)),
  ) as [string, string, string]
  if (day + month + year === '') return { value: undefined }
  const pad = (text: string, length: number) => text.padStart(length, '0')
  const soleYear = orYear && day + month === '' && /^[1-9][0-9]{3}$/.test(year)
  if (soleYear) return placed(question, year, `${year}-01-01`)
  const value = `${year}-${pad(month, 2)}-${pad(day, 2)}`
  if (!isDay(value)) return { value: `${year}-${month}-${day}`, fault: 'fault.day' }
  return placed(question, value, value)
}

/** A year off, or day and month exchanged, could make a person look safer than they are. */
function placed({ lies }: Question & { kind: 'day' }, value: string, day: string): Written {
  const aheadMs = Date.parse(`${day}T00:00:00Z`) - Date.now()
  if (lies === 'past' && aheadMs > dayMs) return { value, fault: 'fault.ahead' }
  // What was announced for yesterday may still be to come.
  if (lies === 'ahead' && aheadMs < -2 * dayMs) return { value, fault: 'fault.past' }
  return { value }
}

const dayMs = 86_400_000

function isDay(text: string): boolean {
  if (!/^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$/.test(text)) return false
  const moment = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text)
}
