/**
 * Goal: the search that the canary trusts misses no spelling, wherever it stands.
 * Method: Node's own encoders write random bytes around a word, the search reads what they wrote.
 */
import fc from 'fast-check'
import t from 'tap'
import { createSearch, spellingsOf } from '../helpers/search.ts'

const encoders: Readonly<Record<string, (bytes: Buffer) => Uint8Array>> = {
  plain: (bytes) => bytes,
  hex: (bytes) => Buffer.from(bytes.toString('hex')),
  HEX: (bytes) => Buffer.from(bytes.toString('hex').toUpperCase()),
  base64: (bytes) => Buffer.from(bytes.toString('base64')),
  base64url: (bytes) => Buffer.from(bytes.toString('base64url')),
  'hex of base64': (bytes) => Buffer.from(Buffer.from(bytes.toString('base64')).toString('hex')),
}
const words = fc.oneof(
  fc.string({ minLength: 8, maxLength: 40, unit: 'binary' }),
  fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }),
)
const around = fc.uint8Array({ maxLength: 50 })

for (const [name, encode] of Object.entries(encoders)) {
  t.test(`a word is found in ${name}, whatever stands around it`, async (t) => {
    const property = fc.property(words, around, around, (word, before, after) => {
      const bytes = encode(Buffer.concat([before, Buffer.from(word), after]))
      return createSearch([word, 'another word'])(bytes).some((hit) => hit.word === word)
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }))
  })
}

t.test('every spelling of each of many words is found in one pass, at both ends', async (t) => {
  const many = Array.from({ length: 50 }, (_, index) => `${index} Bäume? >>> ${index * 7919}`)
  const search = createSearch(many)
  for (const word of many) {
    for (const [spelling, bytes] of spellingsOf(word)) {
      const seen = search(bytes).some((hit) => hit.word === word && hit.spelling === spelling)
      if (!seen) t.fail(`${spelling} of ${word}`)
    }
  }
  const length = 16
  t.equal(spellingsOf('Bäume? >>>').size, 3 * 8, 'eight spellings, each in hexadecimal twice')
  t.same(search(Buffer.alloc(length, 'Bäume')), [], 'and none where none is')
})

t.test('a part of a word is not the word', async (t) => {
  const search = createSearch(['Okonkwo-Adeyemi'])
  for (const encode of Object.values(encoders)) {
    t.same(search(encode(Buffer.from('xx Okonkwo-Adeyem yy'))), [])
  }
  t.throws(() => createSearch(['Okonkwo']), 'a word that chance would write is refused')
})
