/**
 * Goal: a clinician reads a referral on one screen, in words, and reads all of it.
 * Method: each referral of the examples as text, held against the codes that it is written in.
 */
import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { wordsOfOpened } from '../../src/cli/recipient/show.ts'
import type { Draft, Opened, Proposal } from '../../src/client/index.ts'
import { forgedIn, planted } from './forged.ts'
import { tooWide } from './run.ts'

const folder = new URL('../../examples/referrals/', import.meta.url)

function openedOf(compartments: object, others: Partial<Opened> = {}): Opened {
  return {
    ...{ opened: true, referralId: '019a0000-0000-7000-8000-000000000001', envelopeHash: '' },
    header: { urgency: 'urgent', channel: 'legal_representative', region: 'kent' },
    ...{ signedBy: { label: 'Harbour Law' }, compartments, withheld: [], problems: [] },
    ...{ incomplete: [], urgency: { compared: false }, consent: { compared: false } },
    ...others,
  } as unknown as Opened
}

/** Whole again, without the marks of what went on. */
function joined(text: string): string {
  return text.replaceAll(/\n +\| /g, ' ')
}

t.test('every example is read on one screen, without one code', async (t) => {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json'))
  t.ok(files.length >= 36)
  for (const file of files) {
    const { referral } = JSON.parse(await readFile(new URL(file, folder), 'utf8')) as Draft
    const text = wordsOfOpened(openedOf(referral))
    t.same(tooWide(text), [], file)
    t.ok(text.split('\n').length <= 42, `${file} has ${text.split('\n').length} lines`)
    t.notMatch(text, /[a-z]_[a-z]|irc-|[{}[\]"]|: undefined/, file)
    const { story } = referral.narrative as { story: string }
    t.ok(joined(text).replaceAll(/\s+/g, ' ').includes(story.replaceAll(/\s+/g, ' ')), file)
  }
})

t.test('codes, places, languages, countries and times have their names', (t) => {
  const text = joined(
    wordsOfOpened(
      openedOf({
        interpreting: {
          languages: [{ iso639_3: 'ckb', spoken: 'first', needsInterpreter: 'yes' }],
        },
        identity: { nationalities: ['ER', 'XXX'], identifiers: [{ type: 'uan', value: '54-1' }] },
        consent: {
          personKnows: 'unknown',
          given: [{ to: 'research', answer: 'not_asked' }],
          capacityConcern: 'not_asked',
        },
        detention: {
          places: [{ from: '2026-07-01T11:00:00Z', place: 'irc-brook-house', wing: 'C wing' }],
          acdt: { open: 'no' },
        },
        legal: { removal: { removalAt: '2026-12-01', destination: 'ER' }, nrm: 'rg_positive' },
        clinical: {
          torture: 'yes',
          mentalHealth: 'yes',
          selfHarm: 'no',
          trafficking: 'not_asked',
          foodRefusalSince: '2026-11-20',
          suicidalThoughts: { currentPlan: 'yes', details: 'Says so.' },
        },
        narrative: {},
      }),
    ),
  )
  for (const words of [
    'Languages: Central Kurdish, First language, needs interpreter: yes',
    'Nationalities: Eritrea, stateless',
    'Identifiers: Unique application number, 54-1',
    'Consent: Research, not asked',
    'Not known: person knows of this',
    'Places: Brook House, Gatwick, C wing, from 2026-07-01 12:00:00',
    'ACDT plan: open: no',
    'Removal: removal at: 2026-12-01, destination: Eritrea',
    'NRM: Reasonable grounds: positive',
    'Yes: torture, mental ill health',
    'No: self-harm',
    'Food refusal: since 2026-11-20',
    'Suicidal thoughts: current plan: yes, Says so.',
  ]) {
    t.ok(text.includes(words), words)
  }
  t.notMatch(text, /trafficking|capacity|narrative/i, 'what is empty is left out')
  t.end()
})

t.test('what was sealed in another form is shown as it is, and passes for nothing', (t) => {
  const text = wordsOfOpened(
    openedOf({
      identity: planted,
      contact: { [planted]: planted, phone: { [planted]: [planted, 7] }, extension: ['x', {}] },
      clinical: { requested: [planted], torture: { details: planted }, pregnancy: 'maybe' },
      narrative: { story: `${planted}\n\n${'long '.repeat(400)}${'欧'.repeat(90)}` },
      legal: ['a', null],
    }),
  )
  t.same(forgedIn({ out: text, err: '' }), [])
  t.same(
    text.split('\n').filter((line) => line.length > 80),
    [],
  )
  t.match(text, /Pregnancy: maybe/)
  t.equal(text.match(/long/g)?.length, 400, 'nothing is cut')
  t.equal(text.match(/欧/g)?.length, 90)
  t.ok(
    text.split('\n').every((line) => (line.match(/欧/g)?.length ?? 0) <= 33),
    'two columns each',
  )
  t.end()
})

t.test('of a second referral of a case only what is new is told, and the rest counted', (t) => {
  const said = new Set<string>()
  const identity = { familyName: 'Okonkwo', givenNames: 'Zuleika' }
  const reference = '57200004'
  const first = wordsOfOpened(openedOf({ identity }), { reference, said })
  t.match(
    first,
    /^Referral 019a\S+, reference 57200004\n {2}Urgent, Legal representative, Kent, signed by Harbour Law\n/,
  )
  t.match(first, / {2}Identity {5}Family name: Okonkwo · Given names: Zuleika$/)
  const other = { identity: { ...identity, givenNames: 'Zulaika' }, contact: { phone: '+44 1' } }
  const second = wordsOfOpened(openedOf(other), { said })
  t.match(second, / {2}Identity {5}Given names: Zulaika\n {2}Contact {6}Phone: \+44 1\n/)
  t.notMatch(second, /Okonkwo/)
  t.match(second, /The same as above: 1 more answer\.$/)
  t.end()
})

t.test('what is still to be asked is named by its question, and once', (t) => {
  const incomplete = [
    '/identity/dateOfBirth',
    '/clinical',
    '/consent/given',
    '/consent/personKnows',
  ]
  const consent = { compared: true, assessment: 'not_asked', permits: false } as const
  const reasons = ['Not asked: torture.', 'A hearing is near.', 'Not asked: removal.']
  const proposal = { urgency: 'urgent', reasons } as Proposal
  const urgency = { compared: true, differs: false, proposal } as const
  const text = wordsOfOpened(openedOf({}, { incomplete, consent, urgency }))
  t.match(
    joined(text),
    'Still to be asked: identity: date of birth; clinical; consent: consent, person knows of this',
  )
  t.match(text, / {2}Consent to an assessment: not asked$/m)
  t.match(text, /^ {2}Not asked: torture, removal\.\n {2}A hearing is near\.$/m)
  t.end()
})
