import fc from 'fast-check'
import t from 'tap'
import { Check } from 'typebox/schema'
import { checkReferral, readCompartment } from '../../src/referral/check.ts'
import { type CompartmentName, compartmentNames } from '../../src/referral/compartment.ts'
import { consentPermits, consentToAssessment } from '../../src/referral/consent.ts'
import { compartmentSchemas } from '../../src/referral/fields.ts'
import { schemaProblems } from '../../src/referral/problems.ts'
import { calm } from './calm.ts'

const now = new Date('2026-11-22T10:00:00Z')

/** What is said of one compartment that was changed. */
const problemsOf = (name: CompartmentName, changes: object) => {
  const referral = calm()
  Object.assign(referral[name], changes)
  return checkReferral(referral).problems
}

t.strictSame(checkReferral(calm()), { problems: [] }, 'a referral that fits may be sealed')

t.test('a value that does not fit is named where it stands, with what is allowed there', (t) => {
  const table: [CompartmentName, object, string, string][] = [
    [
      'identity',
      { familyName: '' },
      '/identity/familyName',
      'must be text of 1 to 200 characters, or one of unknown, not_asked.',
    ],
    [
      'identity',
      { dateOfBirth: { date: '2001-02-29' } },
      '/identity/dateOfBirth/date',
      'must be a day (2026-11-22).',
    ],
    ['identity', { surname: 'x' }, '/identity/surname', 'is not a field known here.'],
    ['identity', { 'a/b~c': 'x' }, '/identity/a~1b~0c', 'is not a field known here.'],
    [
      'identity',
      { nationalities: ['AF', 'Syria'] },
      '/identity/nationalities/1',
      'must be a country code of two capitals (ISO 3166-1), or XXX for stateless.',
    ],
    ['consent', { given: [{ answer: 'given' }] }, '/consent/given/0/to', 'must be answered.'],
    [
      'consent',
      { given: [] },
      '/consent/given',
      'must be a list of 1 to 7 items, or one of unknown, not_asked.',
    ],
    [
      'detention',
      { detainedSince: '2026-11-22T09:30' },
      '/detention/detainedSince',
      'must be a day (2026-11-22), or a moment (2026-11-22T09:30:00Z).',
    ],
    [
      'detention',
      { detainedSince: '2026-11-22T09:30:00Z[Europe/London]' },
      '/detention/detainedSince',
      'must be a day (2026-11-22), or a moment (2026-11-22T09:30:00Z).',
    ],
    [
      'clinical',
      { torture: {} },
      '/clinical/torture',
      'must be an object with a detail at least, or one of yes, no, unknown, not_asked.',
    ],
    [
      'clinical',
      { torture: true },
      '/clinical/torture',
      'must be an object with a detail at least, or one of yes, no, unknown, not_asked.',
    ],
    [
      'clinical',
      { pregnancy: { weeks: 46 } },
      '/clinical/pregnancy/weeks',
      'must be a whole number from 0 to 45.',
    ],
    [
      'clinical',
      { requested: ['fitness_to_fly', 'fitness_to_fly'] },
      '/clinical/requested',
      'must be a list of 1 to 9 items, none twice, or one of unknown, not_asked.',
    ],
    [
      'documents',
      { list: [{ type: 'other', sha256: 'x' }] },
      '/documents/list/0/sha256',
      'must be text of the form ^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$.',
    ],
  ]
  for (const [name, changes, pointer, detail] of table) {
    t.strictSame(problemsOf(name, changes), [{ pointer, detail }], pointer)
  }
  t.end()
})

t.test('what a schema does not say is checked as well', (t) => {
  const given = [
    { to: 'assessment', answer: 'given' },
    { to: 'assessment', answer: 'given' },
  ]
  t.strictSame(problemsOf('consent', { given }), [
    { pointer: '/consent/given/1/to', detail: 'is answered above: keep the answer that stands.' },
  ])
  const places = [
    { place: 'prison', prison: 'WWI' },
    { place: 'hospital', prison: 'WWI' },
  ]
  t.strictSame(problemsOf('detention', { places }), [
    { pointer: '/detention/places/1/prison', detail: 'belongs only where `place` is `prison`.' },
  ])
  t.end()
})

t.test('a referral lacking a compartment, or with another one, is refused', (t) => {
  const { narrative, ...nine } = calm()
  t.strictSame(checkReferral(nine), {
    refusal: 'referral-invalid',
    problems: [{ pointer: '/narrative', detail: 'must be answered.' }],
  })
  t.equal(checkReferral({ ...nine, narrative, extra: {} }).problems[0]?.pointer, '/extra')
  for (const other of [undefined, null, 'text', [], 7]) {
    t.equal(checkReferral(other).refusal, 'referral-invalid')
  }
  t.end()
})

t.test('an assessment that was refused is not sealed without a safeguarding note', (t) => {
  const sealed = (answer: 'refused' | 'withdrawn' | 'not_asked' | 'given', note?: string) => {
    const safeguarding = note === undefined ? {} : { safeguardingNote: note }
    const consent = { given: [{ to: 'assessment' as const, answer }], ...safeguarding }
    return checkReferral(calm({ consent })).refusal ?? 'sealed'
  }
  t.equal(sealed('refused'), 'consent-refused')
  t.equal(sealed('withdrawn'), 'consent-refused', 'a consent taken back is a refusal')
  t.equal(sealed('refused', ' '), 'consent-refused', 'a blank note is none')
  t.equal(sealed('refused', 'At risk from a relative.'), 'sealed')
  t.equal(sealed('not_asked'), 'sealed')
  t.equal(sealed('given'), 'sealed')
  t.equal(checkReferral(calm({ consent: { given: 'not_asked' } })).refusal, undefined)
  const research = { given: [{ to: 'research' as const, answer: 'refused' as const }] }
  t.equal(
    checkReferral(calm({ consent: research })).refusal,
    undefined,
    'to research, it is sealed',
  )
  t.end()
})

t.test('of several answers about assessment the most cautious stands', (t) => {
  const asked = (...answers: string[]) =>
    consentToAssessment({ given: answers.map((answer) => ({ to: 'assessment', answer })) })
  t.equal(asked('given', 'refused'), 'refused')
  t.equal(asked('withdrawn', 'given'), 'refused')
  t.equal(asked('not_asked', 'given'), 'given')
  t.equal(asked('perhaps'), 'not_asked')
  t.equal(consentToAssessment(undefined), 'not_asked')
  t.ok(consentPermits('not an object'))
  t.end()
})

t.test('a reader is told of a number of odd form, which stops nobody from sealing it', (t) => {
  const identifiers = [
    { type: 'cid', value: '12' },
    { type: 'uan', value: '1234' },
    { type: 'passport', value: '1234' },
  ]
  t.strictSame(problemsOf('identity', { identifiers: identifiers.slice(0, 2) }), [])
  const told = readCompartment('identity', { ...calm().identity, identifiers }, now)
  t.strictSame(told.slice(1), [
    {
      pointer: '/identity/identifiers/1/value',
      detail:
        'is not 16 digits in fours: 1234-5678-9012-3456. It is kept as typed, and nobody is found by it.',
    },
  ])
  t.equal(told[0]?.pointer, '/identity/identifiers/2/type', 'a type that is newer than this client')
  t.end()
})

t.test('a compartment from a newer client opens, with its news beside it', (t) => {
  const newer = { familyName: 'Okonjo', pronouns: 'they', gender: 'agender' }
  t.strictSame(
    readCompartment('identity', newer, now).map(({ pointer }) => pointer),
    ['/identity/pronouns', '/identity/gender'],
  )
  t.strictSame(readCompartment('identity', { familyName: 'Okonjo' }, now), [])
  t.end()
})

const planted = 'PLANTED'
const anyValue = fc
  .anything({
    key: fc.oneof(fc.string(), fc.constantFrom('familyName', 'given', 'to', 'answer', '__proto__')),
    values: [fc.constant(planted), fc.constantFrom('yes', 'given'), fc.integer(), fc.boolean()],
    maxDepth: 4,
  })
  .map((value) => JSON.parse(JSON.stringify(value) ?? 'null'))

t.test('there are problems exactly where a value does not fit, at most a hundred', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...compartmentNames), anyValue, (name, value) => {
      const problems = readCompartment(name, value, now)
      if (problems.length === 0) t.ok(Check(compartmentSchemas[name], value))
      if (!Check(compartmentSchemas[name], value)) t.ok(problems.length > 0)
      t.ok(problems.length <= 100)
    }),
  )
  const crowd = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x${index}`, 1]))
  t.equal(readCompartment('legal', crowd, now).length, 100)
  t.equal(schemaProblems(compartmentSchemas.legal, crowd).length, 100)
  const hearings = Array.from({ length: 500 }, () => ({ at: 'x' }))
  t.equal(readCompartment('legal', { hearings }, now).length, 100)
  t.end()
})

t.test('no problem quotes what was written', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...compartmentNames), anyValue, (name, value) => {
      for (const { detail } of readCompartment(name, value, now)) t.notMatch(detail, planted)
    }),
  )
  t.end()
})

t.test('checking makes no code out of strings, which a browser may forbid', (t) => {
  const { Function: original } = globalThis
  let made = 0
  globalThis.Function = new Proxy(original, {
    construct(target, code) {
      made += 1
      return new target(...code)
    },
  })
  t.teardown(() => {
    globalThis.Function = original
  })
  checkReferral(calm())
  checkReferral({})
  t.equal(made, 0)
  t.end()
})
