/** One that does not answer is asked again a minute later. */
const answerMsMax = 5_000
/** A witness answers with a line for each of its keys, or with a number. */
const answerBytesMax = 16 * 1024

/**
 * Sends a checkpoint to a witness.
 *
 * @throws TypeError or DOMException where it cannot be reached in time, Error for an answer that is too long
 */
export async function post(url: string, body: string): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(answerMsMax)
  const answer = await fetch(url, { method: 'POST', body, signal, redirect: 'error' })
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of answer.body ?? []) {
    length += part.length
    if (length > answerBytesMax) throw new Error(`a witness answers over ${answerBytesMax} bytes`)
    parts.push(part)
  }
  return { status: answer.status, text: Buffer.concat(parts).toString() }
}
