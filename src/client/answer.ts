/**
 * Reading what a server answers, before anything of it is believed: no more than fits, as it
 * streams, and no deeper than a program can follow. A server that was broken into may answer
 * anything; it must not end the client, or fill its memory.
 */
import { isErrorCode, type ProblemDocument } from './failure.ts'

/** Keysets, directories, one referral, and all else that is short. */
export const documentBytesMax = 8 * 1024 * 1024
/** Claims, which hold up to 50 referrals, and cases with their notes. */
export const claimBytesMax = 30 * 1024 * 1024
/** Of a refusal: longer ones are known by their status alone. */
export const problemBytesMax = 64 * 1024

/** Deeper than any answer of this protocol, and far from what a stack holds. */
const nestingMax = 64

/**
 * The text of a body, decompressed; `undefined` if it is longer than `bytesMax` or not UTF-8. What
 * is too long is given up as soon as that is seen, whatever its Content-Length says.
 *
 * @throws whatever the network throws
 */
export async function readText(response: Response, bytesMax: number): Promise<string | undefined> {
  if (!response.body) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    bytes += value?.length ?? 0
    const part = bytes > bytesMax ? undefined : decoded(decoder, value, done)
    if (part === undefined) {
      await reader.cancel().catch(() => {})
      return undefined
    }
    text += part
    if (done) return text
  }
}

function decoded(
  decoder: InstanceType<typeof TextDecoder>,
  bytes: Uint8Array | undefined,
  done: boolean,
) {
  try {
    return decoder.decode(bytes ?? new Uint8Array(), { stream: !done })
  } catch {
    return undefined
  }
}

/** The value of a text, or `undefined` if it is not JSON or is nested too deep. */
export function parseAnswer(text: string): { value: unknown } | undefined {
  if (depthOf(text) > nestingMax) return undefined
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** Of anything: brackets within strings do not count. Stops as soon as it is too deep. */
function depthOf(text: string): number {
  let depth = 0
  let isInString = false
  for (let index = 0; index < text.length && depth <= nestingMax; index += 1) {
    const character = text[index]
    if (isInString) {
      if (character === '\\') index += 1
      else if (character === '"') isInString = false
    } else if (character === '"') isInString = true
    else if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') depth -= 1
  }
  return depth
}

const titleMax = 200
const wordsMax = 2_000
const placesMax = 100

/**
 * What a refusal says, as far as it has the form of a problem document: each member that has not is
 * left out, long ones are cut, others are dropped. `text` is `undefined` where it was too long.
 */
export function problemIn(text: string | undefined, status: number): ProblemDocument {
  const value = text === undefined ? undefined : parseAnswer(text)?.value
  const said = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const { code, stored, retry } = said
  const [detail, instance, next] = [said.detail, said.instance, said.next].map((member) => {
    return textOf(member, wordsMax)
  })
  const errors = placesIn(said.errors)
  return {
    type: textOf(said.type, titleMax) ?? 'about:blank',
    // A proxy's page in HTML: its status is all there is to tell.
    title: textOf(said.title, titleMax) ?? `The service answered with status ${status}`,
    status,
    ...(detail !== undefined && { detail }),
    ...(instance !== undefined && { instance }),
    ...(isErrorCode(code) && { code }),
    ...(typeof stored === 'boolean' && { stored }),
    ...((retry === 'never' || retry === 'later' || retry === 'after-refresh') && { retry }),
    ...(next !== undefined && { next }),
    ...(errors.length > 0 && { errors }),
  }
}

function placesIn(errors: unknown) {
  if (!Array.isArray(errors)) return []
  return errors.slice(0, placesMax).flatMap((place: unknown) => {
    const { pointer, detail } = (place ?? {}) as Record<string, unknown>
    const [where, what] = [textOf(pointer, wordsMax), textOf(detail, wordsMax)]
    return what === undefined ? [] : [{ pointer: where ?? '', detail: what }]
  })
}

function textOf(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  return value.length > maxLength ? `${value.slice(0, maxLength)}…` : value
}
