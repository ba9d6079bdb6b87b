import { createReadStream } from 'node:fs'

/** A little more than `readBlock` reads: what is longer is refused there, with words. */
const bytesMax = 65_536 + 1

/** The text of a file that holds a block, or of standard input for `-`. Of a long one the beginning. */
export async function readBlockFile(file: string): Promise<string> {
  const stream = file === '-' ? process.stdin : createReadStream(file)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= bytesMax) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
