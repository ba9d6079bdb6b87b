// Goal: whoever validates with the published schema and without our code refuses what we refuse.
// Method: a validator of JSON Schema that is not ours, on referrals with every kind of consent.
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import t from 'tap'
import { checkReferral } from '../../src/referral/check.ts'
import { consentAnswers, consentPurposes } from '../../src/referral/codes/consent.ts'
import { calm } from './calm.ts'

const file = new URL('../../openapi/referral.schema.json', import.meta.url)
const schema = JSON.parse(readFileSync(file, 'utf8'))
const validate = new Ajv2020({
  strict: false,
  formats: { date: true, 'date-time': true },
}).compile(schema)

t.ok(validate(calm()), 'a referral that fits')
t.notOk(validate({ ...calm(), pets: {} }), 'one that does not')

const answers = Object.keys(consentAnswers)
const note = fc.constantFrom(undefined, ' ', '\n\t', 'At risk from a relative.', '\u3000', ' x ')

t.test('a refused or withdrawn assessment needs a safeguarding note, by schema as by code', (t) => {
  const given = fc.oneof(
    fc.constantFrom('unknown', 'not_asked'),
    fc.array(
      fc.record({
        to: fc.oneof(fc.constant('assessment'), fc.constantFrom(...Object.keys(consentPurposes))),
        answer: fc.constantFrom(...answers),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  let refused = 0
  fc.assert(
    fc.property(given, note, (given, safeguardingNote) => {
      const referral = calm()
      Object.assign(referral.consent, { given })
      if (safeguardingNote !== undefined) Object.assign(referral.consent, { safeguardingNote })
      const { refusal } = checkReferral(referral)
      // A purpose answered twice is refused by code alone.
      if (refusal === 'referral-invalid') return
      if (refusal) refused += 1
      t.equal(validate(referral), refusal === undefined, JSON.stringify(referral.consent))
    }),
    { numRuns: 500 },
  )
  t.ok(refused > 10)
  t.end()
})

t.test('by schema', (t) => {
  const withConsent = (consent: object) => {
    const referral = calm()
    Object.assign(referral.consent, consent)
    return validate(referral)
  }
  for (const answer of ['refused', 'withdrawn']) {
    const given = [
      { to: 'research', answer: 'given' },
      { to: 'assessment', answer },
    ]
    t.notOk(withConsent({ given }), answer)
    t.notOk(withConsent({ given, safeguardingNote: '  ' }), `${answer}, with a blank note`)
    t.ok(withConsent({ given, safeguardingNote: 'At risk.' }), `${answer}, with a note`)
  }
  t.ok(withConsent({ given: [{ to: 'research', answer: 'refused' }] }))
  t.ok(withConsent({ given: [{ to: 'assessment', answer: 'not_asked' }] }))
  const { description } = schema.properties.consent.then.properties.safeguardingNote
  t.match(description, /refused or withdrawn/, 'and it says so in words')
  t.end()
})
