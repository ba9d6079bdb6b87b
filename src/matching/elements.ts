/** Blinded elements as they come in: each is checked before anything is counted or computed. */
import { Refusal } from '../errors.ts'
import { base64urlBytes } from '../protocol/bytes.ts'
import { matchValuesMax } from '../protocol/envelope/envelope.ts'
import { checkElement } from '../protocol/matching/ristretto.ts'

/**
 * The elements of a batch, as bytes.
 *
 * @throws Refusal `batch-mismatch` unless there are 1 to 40, `element-invalid` for one that is none
 */
export function readElements(elements: readonly string[]): Uint8Array[] {
  if (elements.length < 1 || elements.length > matchValuesMax) {
    throw new Refusal('batch-mismatch', `a batch has 1 to ${matchValuesMax} elements`)
  }
  return elements.map((text, index) => {
    const bytes = base64urlBytes(text) ?? new Uint8Array()
    checkElement(bytes, `element ${index}`)
    return bytes
  })
}
