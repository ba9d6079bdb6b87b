/**
 * Goal: a place in a feed is one text for its reader, says nothing to anybody, and opens for nobody else.
 * Method: any place and reader by fast-check, and every kind of change to what was sealed.
 */
import fc from 'fast-check'
import t from 'tap'
import { base64urlBytes, encodeBase64url } from '../../src/protocol/bytes.ts'
import { openPlace, placeKey, sealPlace } from '../../src/protocol/place.ts'
import { seedOf } from './world.ts'

const key = placeKey(seedOf('places'))
const other = placeKey(seedOf('other places'))
const place = fc.uint8Array({ maxLength: 64 })

t.test('it comes out as it went in, and the same is always the same text', async () => {
  fc.assert(
    fc.property(place, fc.string(), (bytes, reader) => {
      const sealed = sealPlace(key, reader, bytes)
      const opened = openPlace(key, reader, sealed)
      return sealed === sealPlace(key, reader, bytes) && Buffer.from(opened!).equals(bytes)
    }),
  )
})

t.test(
  'it opens for no other reader, under no other key, and not when a bit is changed',
  async () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.nat(7), (bytes, at, bit) => {
        const sealed = sealPlace(key, 'reader', bytes)
        const changed = base64urlBytes(sealed)!.slice()
        const index = at % changed.length
        changed[index] = changed[index]! ^ (1 << bit)
        const none = [
          openPlace(key, 'another', sealed),
          openPlace(other, 'reader', sealed),
          openPlace(key, 'reader', encodeBase64url(changed)),
          openPlace(key, 'reader', encodeBase64url(changed.subarray(0, 20))),
        ]
        return none.every((opened) => opened === undefined)
      }),
    )
  },
)

t.test('what was never sealed opens for nobody', (t) => {
  for (const text of ['', '!', 'AAAA', 'A'.repeat(64)]) {
    t.equal(openPlace(key, 'reader', text), undefined, text)
  }
  t.end()
})

t.test('two places that differ in one number share no nonce', (t) => {
  const [one, next] = [1, 2].map((last) => sealPlace(key, 'reader', Uint8Array.of(0, 0, last)))
  t.not(one!.slice(0, 32), next!.slice(0, 32))
  t.not(
    sealPlace(key, 'a', Uint8Array.of(1)).slice(0, 32),
    sealPlace(key, 'b', Uint8Array.of(1)).slice(0, 32),
  )
  t.end()
})
