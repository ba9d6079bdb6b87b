// Goal: the fields and codes are those of the design, strictly, and the published schema is theirs.
// Method: the codes are written out here again; the schema is walked as the JSON that partners read.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { Check } from 'typebox/schema'
import { regionOfPlace } from '../../examples/regions.ts'
import { referralSchema } from '../../scripts/referral-schema.ts'
import { compartmentNames } from '../../src/referral/compartment.ts'
import { compartmentSchemas, Referral } from '../../src/referral/fields.ts'

interface Schema {
  [keyword: string]: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  enum?: string[]
}

const schema: Schema = JSON.parse(JSON.stringify(Referral))
const field = (...path: string[]): Schema =>
  path.reduce((at: Schema, name) => {
    const forms = [at, ...(at.anyOf ?? [])]
    const list = forms.find((form) => form.items)?.items
    const object = [...forms, ...(list ? [list] : [])].find((form) => form.properties)
    return object!.properties![name]!
  }, schema)

t.strictSame(
  Object.keys(compartmentSchemas),
  [...compartmentNames],
  'every compartment has a schema, in the order of the names',
)
t.strictSame(schema.required, [...compartmentNames], 'all ten compartments must be present')

t.test('the fields of each compartment are those of the design', (t) => {
  const fields = {
    interpreting: 'callName languages communicationNeeds safeToLeaveMessage bestTime',
    identity:
      'familyName givenNames otherNames nameInOwnScript dateOfBirth gender nationalities identifiers',
    contact: 'phone extension others',
    consent: 'personKnows given capacityConcern safeguardingNote',
    referrer: 'reference role name organisation regulatorNumber phone email relationship typedBy',
    detention: 'places detainedSince segregation acdt',
    legal: 'representative stage removal hearings bail nrm rule35 adultsAtRiskLevel',
    clinical:
      'requested torture trafficking sexualOrGenderViolence mentalHealth selfHarm suicidalThoughts pregnancy foodRefusalSince fluidRefusalSince conditions medicationStopped disability useOfForce remoteAssessmentPossible clinicianGender',
    narrative: 'story questionsForClinician neededBy',
    documents: 'list',
  }
  for (const [name, names] of Object.entries(fields)) {
    t.strictSame(Object.keys(field(name).properties!).join(' '), names, name)
  }
  t.end()
})

t.test('the fields that must be answered admit that the answer is missing', (t) => {
  const must = {
    consent: ['personKnows', 'given', 'capacityConcern'],
    detention: ['places'],
    clinical: ['requested'],
  }
  for (const name of compartmentNames) {
    const expected = must[name as keyof typeof must] ?? []
    t.strictSame(field(name).required ?? [], expected, name)
    for (const each of expected) {
      for (const word of ['unknown', 'not_asked']) t.ok(Check(field(name, each), word), each)
    }
  }
  t.notOk(Check(compartmentSchemas.identity, {}), 'one of the names must be answered')
  t.ok(Check(compartmentSchemas.identity, { givenNames: 'unknown' }))
  t.ok(Check(compartmentSchemas.identity, { familyName: 'not_asked' }))
  t.end()
})

t.test('the codes are those of the design', (t) => {
  const codes: [string[], string][] = [
    [
      ['detention', 'places', 'place'],
      'irc-brook-house irc-tinsley-house irc-colnbrook irc-harmondsworth irc-campsfield-house irc-derwentside irc-dungavel irc-yarls-wood irc-haslar rsthf-swinderby rsthf-larne-house rsthf-manchester rhr-manston sthf-holding-room prison hospital police released unknown',
    ],
    [['detention', 'segregation'], 'none rule_40 rule_42'],
    [
      ['identity', 'identifiers', 'type'],
      'uan gwf cid home_office_file port_reference prison_number appeal upper_tribunal bail',
    ],
    [
      ['consent', 'given', 'to'],
      'assessment records_request contact_solicitor contact_healthcare contact_home_office share_with_partners research',
    ],
    [['consent', 'given', 'answer'], 'given refused not_asked withdrawn'],
    [['consent', 'given', 'how'], 'written verbal interpreter'],
    [
      ['legal', 'nrm'],
      'not_referred referred rg_positive rg_negative cg_positive cg_negative reconsideration declined_consent unknown',
    ],
    [['legal', 'rule35', 'limb'], 'r35_1 r35_2 r35_3 r32_1 r32_2 r32_3'],
    [
      ['legal', 'rule35', 'status'],
      'not_requested requested appointment_booked refused_by_healthcare report_made response_received',
    ],
    [['legal', 'adultsAtRiskLevel'], 'none 1 2 3 unknown'],
    [
      ['documents', 'list', 'type'],
      'consent_form interview_record witness_statement refusal_letter determination rule35_report rule35_response medical_records previous_mlr photos removal_notice other',
    ],
  ]
  for (const [path, expected] of codes) {
    t.strictSame([...field(...path).enum!].sort(), expected.split(' ').sort(), path.join('/'))
  }
  const requested = field('clinical', 'requested').anyOf![0]!.items!.enum!
  t.strictSame(
    requested.join(' '),
    'mlr_torture_scarring mlr_psychological health_deterioration_letter fitness_to_fly fitness_for_detention use_of_force_injury capacity_assessment medical_advice_only signposting_lawyer',
  )
  const concern = field('consent', 'capacityConcern').anyOf![0]!.enum!
  t.strictSame(concern.join(' '), 'none possible lacks')
  t.equal(regionOfPlace['irc-yarls-wood'], 'bedford', 'a place tells its region')
  t.end()
})

t.test('every object is closed, and every text, list and number has a limit', (t) => {
  const walk = (at: Schema, pointer: string): void => {
    if (at.type === 'object') t.equal(at.additionalProperties, false, pointer)
    if (at.type === 'array') t.type(at.maxItems, 'number', pointer)
    if (at.type === 'integer') t.type(at.maximum, 'number', pointer)
    if (at.type === 'string') t.ok(at.maxLength ?? at.format ?? at.pattern, pointer)
    t.not(at.type, 'boolean', `${pointer}: a box that was not ticked is not a no`)
    for (const [name, each] of Object.entries(at.properties ?? {})) walk(each, `${pointer}/${name}`)
    for (const [index, each] of (at.anyOf ?? []).entries()) walk(each, `${pointer}/anyOf/${index}`)
    if (at.items) walk(at.items, `${pointer}/items`)
  }
  walk(schema, '')
  t.end()
})

t.test('the longest story fits what is sealed, in a script of three bytes a letter', (t) => {
  const narrative = { story: 'ሀ'.repeat(30_000), questionsForClinician: 'ሀ'.repeat(4_000) }
  t.ok(Check(compartmentSchemas.narrative, narrative))
  t.ok(new TextEncoder().encode(JSON.stringify(narrative)).length < 128 * 1024)
  t.notOk(Check(compartmentSchemas.narrative, { story: 'ሀ'.repeat(30_001) }))
  t.end()
})

t.test('the published schema is the one the client checks by', (t) => {
  const file = new URL('../../openapi/referral.schema.json', import.meta.url)
  t.strictSame(JSON.parse(readFileSync(file, 'utf8')), referralSchema())
  t.end()
})
