/**
 * A search for words in bytes, however a program would have written them: as they are, in a URL, in
 * base64 at any offset, and each of these in hexadecimal, as PostgreSQL shows bytes. Pure.
 *
 * Compressed, encrypted or re-cased text is not found: whoever searches sees to it that nothing in
 * the place is compressed, and plants a word of its own to show that the search would have found.
 */

/** One spelling of one word, found. */
export type Hit = { readonly word: string; readonly spelling: string }

type Pattern = Hit & { readonly bytes: Uint8Array }

/** Shorter words would be found by chance. */
const wordBytesMin = 8

/** Every spelling of `word`, by its name. */
export function spellingsOf(word: string): ReadonlyMap<string, Uint8Array> {
  const plain = Buffer.from(word)
  if (plain.length < wordBytesMin) throw new Error(`${word} is too short to search for`)
  const texts = new Map<string, Buffer>([
    ['plain', plain],
    ['percent', Buffer.from(encodeURIComponent(word))],
  ])
  for (const offset of [0, 1, 2]) {
    const text = insideBase64(plain, offset)
    texts.set(`base64+${offset}`, Buffer.from(text))
    const urlText = text.replaceAll('+', '-').replaceAll('/', '_')
    texts.set(`base64url+${offset}`, Buffer.from(urlText))
  }
  const spellings = new Map<string, Uint8Array>(texts)
  for (const [name, bytes] of texts) {
    const hex = bytes.toString('hex')
    spellings.set(`hex of ${name}`, Buffer.from(hex))
    spellings.set(`HEX of ${name}`, Buffer.from(hex.toUpperCase()))
  }
  return spellings
}

/**
 * The letters of base64 that depend on `plain` alone when `offset` bytes stand before it in its
 * group of three: those that it shares with its neighbours are left off.
 */
function insideBase64(plain: Uint8Array, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), plain]).toString('base64')
  const lettersBefore = Math.ceil((offset * 8) / 6)
  const lettersWhole = Math.floor(((offset + plain.length) * 8) / 6)
  return text.slice(lettersBefore, lettersWhole)
}

const bucketBits = 17

/**
 * Makes a search for all of `words` at once; it answers which spellings it found, each once. One
 * pass over the bytes, whatever the number of words: only where four bytes begin a pattern is
 * anything compared.
 */
export function createSearch(words: readonly string[]): (bytes: Uint8Array) => Hit[] {
  const buckets = new Map<number, Pattern[]>()
  const mayBegin = new Uint8Array(2 ** bucketBits)
  for (const word of new Set(words)) {
    for (const [spelling, bytes] of spellingsOf(word)) {
      const start = Buffer.from(bytes).readInt32BE(0)
      buckets.set(start, [...(buckets.get(start) ?? []), { word, spelling, bytes }])
      mayBegin[bucketOf(start)] = 1
    }
  }

  return (bytes) => {
    const hits = new Map<Pattern, Hit>()
    let window = 0
    for (let index = 0; index < bytes.length; index += 1) {
      window = (window << 8) | bytes[index]!
      if (mayBegin[bucketOf(window)] === 0 || index < 3) continue
      for (const pattern of buckets.get(window) ?? []) {
        if (standsAt(bytes, index - 3, pattern.bytes)) hits.set(pattern, pattern)
      }
    }
    return [...hits.values()].map(({ word, spelling }) => ({ word, spelling }))
  }
}

function bucketOf(window: number): number {
  return Math.imul(window, 0x9e3779b1) >>> (32 - bucketBits)
}

function standsAt(bytes: Uint8Array, start: number, pattern: Uint8Array): boolean {
  if (start + pattern.length > bytes.length) return false
  return pattern.every((byte, index) => bytes[start + index] === byte)
}
