/**
 * Goal: who is given a copy of a case reads on its page all that there is, what is missing, and nothing that was forged.
 * Method: a copy made by hand, and the page of it; real ones are in exporting.test.ts.
 */
import t, { type Test } from 'tap'
import { pageOfCase } from '../../src/cli/recipient/exportpage.ts'
import { ready } from '../../src/client/index.ts'
import { forgedIn, planted } from './forged.ts'

await ready

const [caseId, referralId, other] = [1, 2, 3].map(
  (digit) => `01935f3a-7c00-7000-8000-00000000000${digit}`,
) as [string, string, string]
const at = (hour: number) => `2026-11-29T${hour}:00:00Z`
const london = (hour: number) => `2026-11-29 ${hour}:00:00`

const bare = {
  ...{ referralId, reference: '57200004', receivedAt: at(10), state: 'declined' },
  ...{
    statements: [],
    settings: [],
    documents: [],
    grants: [],
    notes: [],
    messages: [],
    files: [],
  },
}
const entry = {
  ...{ at: at(11), action: 'referral.opened', outcome: 'permitted', caller: 'system' },
  ...{ object: { kind: 'referral', id: referralId }, intact: true },
}
const copy = {
  ...{ case: { caseId, judgements: [] }, exportedAt: at(12) },
  ...{ referrals: [bare], entries: [], gaps: [] },
}
/** The lines of a copy with those changes. */
const page = (changes: object = {}) => pageOfCase({ ...copy, ...changes } as never).split('\n')
const ofReferral = (changes: object) => page({ referrals: [{ ...bare, ...changes }] })
const has = (t: Test, lines: string[], ...wanted: string[]) => {
  for (const line of wanted) t.ok(lines.includes(line), `${line}\n in \n${lines.join('\n')}`)
}

t.test('a copy with nothing in it says so', (t) => {
  t.same(page(), [
    `Case ${caseId}, copied ${london(12)}. Times are of London.`,
    '',
    'It is whole.',
    '',
    `Referral ${referralId}, reference 57200004, is not opened`,
    `  Came ${london(10)}, and is: Declined`,
    'No message about 57200004.',
    `  Notes about ${referralId}`,
    '',
    'What names referrals of others is left out of what was judged, and of what follows.',
    'Who did what with it, by the access log, the newest first:',
  ])
  t.end()
})

t.test('what is missing is named, each thing by itself', (t) => {
  const [compartment, file] = [
    { part: 'compartment', name: 'legal' },
    { part: 'document', name: other },
  ]
  const [unnamed, elsewhere] = [
    { part: 'referral' },
    { part: 'note', name: '1', referralId: other },
  ]
  const gaps = [compartment, file, { part: 'document', name: caseId }, unnamed, elsewhere].map(
    (gap) => ({ referralId, why: 'grant', detail: 'not for you', ...gap }),
  )
  const files = [{ documentId: other, number: 2, code: 'grant', size: 1, name: '', type: 'other' }]
  const lines = page({ gaps, referrals: [{ ...bare, files }] })
  const why = 'not for you (grant)'
  t.same(lines.slice(2, 9), [
    'What is not in this copy:',
    `  Not here: compartment legal of referral 57200004: ${why}`,
    `  Not here: document 2 of referral 57200004: ${why}`,
    `  Not here: document ${caseId} of referral 57200004: ${why}`,
    `  Not here: referral 57200004: ${why}`,
    `  Not here: note 1 of referral ${other}: ${why}`,
    '',
  ])
  t.notOk(lines.includes('It is whole.'))
  t.notOk(page({ gaps: gaps.slice(0, 1) }).includes('It is whole.'), 'of one thing alone')
  t.end()
})

t.test('of a referral: how it went, who was let in, and each file', (t) => {
  const file = { type: 'rule35_report', fileType: 'application/pdf', size: 1_500, name: 'Scan' }
  const lines = ofReferral({
    statements: [{ at: at(11), urgency: 'urgent' }],
    settings: [{ at: at(12), urgency: 'immediate' }],
    withdrawal: { opened: true, content: { text: 'They are free.' }, problems: [] },
    grants: [
      { kid: 'a-kid', at: at(13), compartments: ['clinical', 'legal'] },
      { kid: 'x', label: 'Volunteer', at: at(14), until: at(15), compartments: ['clinical'] },
    ],
    files: [
      { ...file, number: 1, file: 'document-1.pdf' },
      { ...file, number: 2, code: 'not-found' },
      { ...file, number: 3, code: 'document-incomplete' },
      { ...file, number: 4, code: 'document-active' },
    ],
  })
  has(
    t,
    lines,
    `  ${london(11)}  Urgency by the rules: Urgent`,
    `  ${london(12)}  Urgency set by a person: Immediate`,
    '  Withdrawn by who sent it, because:',
    '  | They are free.',
    `  ${london(13)}  a-kid was let into clinical, legal`,
    `  ${london(14)}  Volunteer was let into clinical until ${london(15)}`,
  )
  const files = lines.filter((line) => line.includes('Scan'))
  const unknown = ofReferral({ files: [{ ...file, type: 'constructor', number: 1, file: 'x' }] })
  has(t, unknown, '  x  constructor, PDF, 2 kB: "Scan"')
  t.same(
    files.map((line) => line.replace('  Rule 35 report, PDF, 2 kB: "Scan"', '').trim()),
    [
      'document-1.pdf',
      ...['document-2 is not uploaded yet', 'document-3 is not uploaded yet'],
      'document-4 is not here',
    ],
  )
  t.end()
})

t.test('its moves are its own, permitted, and the oldest first', (t) => {
  const move = (hour: number, action: string, changes: object = {}) => {
    return { ...entry, at: at(hour), action, ...changes }
  }
  const lines = page({
    entries: [
      move(18, 'referral.withdrawn', { object: { kind: 'referral', id: other } }),
      move(17, 'referral.answered', { outcome: 'refused' }),
      move(16, 'triage.completed', { details: { outcome: 'declined' } }),
      move(15, 'referral.opened'),
      move(14, 'referral.submitted', { details: {} }),
    ],
  })
  const moves = lines.slice(lines.findIndex((line) => line.startsWith('  Came')) + 1)
  t.same(moves.slice(0, 3), [
    `  ${london(14)}  referral.submitted`,
    `  ${london(16)}  triage.completed: {"outcome":"declined"}`,
    'No message about 57200004.',
  ])
  t.end()
})

t.test('an entry says who did it, how it ended, and whether it is as it was logged', (t) => {
  const by = { organisation: 'Harbour Law', client: 'Case system' }
  const lines = page({
    entries: [
      entry,
      { ...entry, ...by, details: { way: 'letter' } },
      { ...entry, outcome: 'refused', intact: false },
    ],
  })
  const begin = `  ${london(11)}  referral.opened`
  const object = `referral ${referralId}`
  t.same(lines.slice(-3), [
    `${begin} by system, ${object}`,
    `${begin} by Harbour Law, Case system, ${object}: {"way":"letter"}`,
    `${begin}, refused by system, ${object} (not as it was logged)`,
  ])
  t.end()
})

t.test('why referrals are held to be about one person is said where anybody judged it', (t) => {
  const judgements = [{ madeAt: at(11), verdict: 'same', basis: 'person' }]
  const lines = page({ case: { caseId, judgements } })
  const title = 'Why these are held to be about one person:'
  has(t, lines, title, `  ${london(11)}  same by person`)
  t.notOk(page().includes(title))
  t.end()
})

t.test('nothing that others wrote forges a line', (t) => {
  const said = { opened: false, step: 'grant', detail: planted }
  const file = { type: planted, fileType: planted, size: 1, name: planted, number: 1 }
  const lines = page({
    case: { caseId: planted, judgements: [{ madeAt: at(11), verdict: planted, basis: planted }] },
    gaps: [{ referralId: planted, part: 'note', name: planted, why: planted, detail: planted }],
    referrals: [
      {
        ...{ ...bare, referralId: planted, reference: planted, state: planted, withdrawal: said },
        grants: [{ kid: planted, label: planted, at: at(13), compartments: [planted] }],
        files: [
          { ...file, file: planted },
          { ...file, code: planted },
        ],
      },
    ],
    entries: [
      {
        ...{ ...entry, action: planted, outcome: planted, organisation: planted, client: planted },
        ...{ object: { kind: planted, id: planted }, details: { [planted]: planted } },
      },
      { ...entry, caller: planted },
      {
        ...entry,
        action: 'referral.moved',
        object: { kind: 'referral', id: planted },
        details: { planted },
      },
    ],
  })
  t.same(forgedIn({ out: lines.join('\n'), err: '' }), [])
  t.end()
})
