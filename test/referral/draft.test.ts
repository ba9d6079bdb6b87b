import fc from 'fast-check'
import t from 'tap'
import { checkReferral } from '../../src/referral/check.ts'
import { compartmentNames } from '../../src/referral/compartment.ts'
import { checkDraft, completeReferral } from '../../src/referral/draft.ts'
import { incompleteFields } from '../../src/referral/incomplete.ts'
import { calm } from './calm.ts'

const now = new Date('2026-11-22T10:00:00Z')
const clear = { channel: 'detained_person_phone', region: 'kent' } as const
const dropped = { ...clear, referral: { identity: { givenNames: 'Amina' } } }

t.test('a call that dropped after one name can be sealed', (t) => {
  t.strictSame(checkDraft(dropped), {
    problems: [],
    warnings: [],
    draft: dropped,
    referral: {
      interpreting: {},
      identity: { givenNames: 'Amina' },
      contact: {},
      consent: { personKnows: 'not_asked', given: 'not_asked', capacityConcern: 'not_asked' },
      referrer: {},
      detention: { places: 'not_asked' },
      legal: {},
      clinical: { requested: 'not_asked' },
      narrative: {},
      documents: {},
    },
  })
  t.end()
})

t.test('what was not asked in it is listed, compartment by compartment', (t) => {
  t.strictSame(incompleteFields(completeReferral(dropped.referral), now), [
    '/consent/personKnows',
    '/consent/given',
    '/consent/capacityConcern',
    '/detention/places',
    '/legal/removal',
    '/clinical/requested',
    '/clinical/selfHarm',
    '/clinical/suicidalThoughts',
    '/clinical/pregnancy',
    '/clinical/foodRefusalSince',
    '/clinical/fluidRefusalSince',
    '/clinical/torture',
  ])
  t.strictSame(incompleteFields(calm(), now), [], 'a complete referral has nothing open')
  t.end()
})

t.test('a compartment that was not opened is not called incomplete', (t) => {
  t.strictSame(incompleteFields({}, now), [])
  t.strictSame(incompleteFields({ interpreting: {} }, now), [])
  t.strictSame(incompleteFields({ identity: {} }, now), ['/identity/familyName'])
  t.strictSame(incompleteFields({ identity: { familyName: 'unknown' } }, now), [
    '/identity/familyName',
  ])
  t.strictSame(incompleteFields({ detention: null }, now), ['/detention/places'])
  t.end()
})

t.test('an assessment nobody asked consent for is incomplete, though others were asked', (t) => {
  const given = [{ to: 'research' as const, answer: 'given' as const }]
  t.strictSame(incompleteFields(calm({ consent: { given } }), now), ['/consent/given'])
  t.end()
})

t.test('a name that stands for nothing is a name still to be asked', (t) => {
  const named = (familyName: string, givenNames?: string) =>
    incompleteFields(
      { identity: { familyName, ...(givenNames !== undefined && { givenNames }) } },
      now,
    )
  t.strictSame(named('Not known', 'FNU'), ['/identity/familyName'])
  t.strictSame(named('Not known', 'Amina'), [], 'one name is enough')
  t.strictSame(
    incompleteFields({ identity: { familyName: 7 } }, now),
    [],
    'news of another form is kept',
  )
  t.end()
})

t.test('what stands for nothing is sealed as typed but for numbers, and told to who types', (t) => {
  const referral = {
    identity: { familyName: 'Unknown', givenNames: 'unknown', otherNames: ['Amina', 'N/A'] },
    contact: { phone: '00000000000' },
  }
  const checked = checkDraft({ ...clear, referral })
  const { warnings, referral: sealed } = checked as Extract<typeof checked, { draft: unknown }>
  t.strictSame(
    warnings.map(({ pointer }) => pointer),
    ['/familyName', '/otherNames/1', '/phone'].map((field, index) => {
      return `/referral/${index === 2 ? 'contact' : 'identity'}${field}`
    }),
    'and `unknown` is an answer',
  )
  t.strictSame(sealed.identity, referral.identity)
  t.strictSame(sealed.contact, referral.contact)
  t.end()
})

t.test('a draft without any name says that it was not asked', (t) => {
  t.equal(completeReferral({}).identity.familyName, 'not_asked')
  t.equal(completeReferral({ identity: { givenNames: 'Amina' } }).identity.familyName, undefined)
  t.end()
})

t.test('completing keeps every answer, and leaves the draft as it was', (t) => {
  const names = fc.uniqueArray(fc.constantFrom(...compartmentNames))
  fc.assert(
    fc.property(names, (names) => {
      const whole = calm({ narrative: { story: 'Once.' }, clinical: { torture: 'yes' } })
      const draft = Object.fromEntries(names.map((name) => [name, whole[name]]))
      const before = structuredClone(draft)
      const referral = completeReferral(draft)
      for (const name of names) t.strictSame(referral[name], whole[name])
      t.strictSame(draft, before)
      t.equal(checkReferral(referral).refusal, undefined)
    }),
  )
  t.end()
})

t.test('the faults of a draft are found all at once, from its own root', (t) => {
  const checked = checkDraft({
    channel: 'pigeon',
    referral: {
      identity: { surname: 'x' },
      detention: { places: [{ place: 'hospital', prison: 'WWI' }] },
      pets: {},
    },
  })
  t.equal(checked.refusal, 'referral-invalid')
  t.strictSame(
    checked.problems.map(({ pointer }) => pointer),
    [
      '/region',
      '/channel',
      '/referral/identity/surname',
      '/referral/pets',
      '/referral/detention/places/0/prison',
    ],
  )
  t.end()
})

t.test('a draft against a refusal of assessment is refused as that', (t) => {
  const consent = { given: [{ to: 'assessment', answer: 'refused' }] }
  const checked = checkDraft({ ...clear, referral: { consent } })
  t.equal(checked.refusal, 'consent-refused')
  t.strictSame(
    checked.problems.map(({ pointer }) => pointer),
    ['/referral/consent/safeguardingNote'],
  )
  t.end()
})

t.test('a draft may raise the urgency and name a day, and nothing else', (t) => {
  t.equal(
    checkDraft({ ...dropped, urgency: 'soon', respondBy: '2026-11-25' }, now).refusal,
    undefined,
  )
  for (const other of [{ urgency: 'high' }, { respondBy: 'Friday' }, { supersedes: 'x' }]) {
    t.equal(checkDraft({ ...dropped, ...other }).refusal, 'referral-invalid')
  }
  for (const other of [null, 'text', [], {}]) {
    t.equal(checkDraft(other).refusal, 'referral-invalid')
  }
  t.end()
})
