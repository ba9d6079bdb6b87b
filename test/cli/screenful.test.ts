/**
 * Goal: whoever claims reads who it is, where, how urgent and until when, and what the referrals of the case say otherwise,
 * on one screen; and what has no room there is never missing without a word.
 * Method: the examples, alone and together, then anything that fast-check makes of them; what is shown is held against the
 * answers themselves.
 */
import { readdir, readFile } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import { answersOf, wordsOfAnswer } from '../../src/cli/recipient/answers.ts'
import { screenOf } from '../../src/cli/recipient/screenful.ts'
import type { Work } from '../../src/cli/recipient/work.ts'
import { type Draft, newId, type Opened, ready, type Unopenable } from '../../src/client/index.ts'
import { makeReference } from '../../src/protocol/envelope/acknowledgement.ts'
import { compartmentNames } from '../../src/referral/compartment.ts'
import { forgedIn, planted } from './forged.ts'

await ready

const folder = new URL('../../examples/referrals/', import.meta.url)
const files = (await readdir(folder)).filter((file) => file.endsWith('.json'))
const examples: Draft['referral'][] = []
for (const file of files) {
  examples.push((JSON.parse(await readFile(new URL(file, folder), 'utf8')) as Draft).referral)
}
const [example] = examples as [Draft['referral']]

const now = new Date('2026-11-29T12:00:00Z')

function openedOf(compartments: object, others: Partial<Opened> = {}): Opened {
  return {
    ...{ opened: true, referralId: newId(), envelopeHash: '', compartments, withheld: [] },
    header: { urgency: 'urgent', channel: 'legal_representative', region: 'heathrow' },
    ...{ signedBy: { label: 'Harbour Law' }, problems: [], incomplete: [] },
    ...{ urgency: { compared: false }, consent: { compared: false } },
    ...others,
  } as unknown as Opened
}

function workOf(referrals: readonly (Opened | Unopenable)[], others: Partial<Work> = {}): Work {
  const reference = ({ referralId }: { referralId: string }) => makeReference(referralId, 1)
  return {
    ...{ claimId: newId(), caseId: newId(), fence: 3, urgency: 'urgent', referrals },
    ...{ dueAt: '2026-11-29T11:00:00Z', leasedUntil: '2026-11-29T12:10:00Z', unread: [] },
    ...{ answered: [], messages: {} },
    references: Object.fromEntries(referrals.map((one) => [one.referralId, reference(one)])),
    ...others,
  } as unknown as Work
}

/** As a terminal counts them; of what may be two columns wide, two. */
const columnsOf = (line: string) =>
  [...line].reduce(
    (sum, it) =>
      sum +
      (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\uff60]|[\u{1f300}-\u{3fffd}]/u.test(
        it,
      )
        ? 2
        : 1),
    0,
  )

/** What is wrong with a screen as such. */
function faultsOf(lines: readonly string[]): string[] {
  return [
    ...(lines.length > 23 ? [`${lines.length} lines`] : []),
    ...lines.filter((line) => columnsOf(line) > 80),
    ...forgedIn({ out: lines.join('\n'), err: '' }),
    ...(/^ {4}--|^When done/.test(lines.at(-1) ?? '') ? [] : ['no end']),
  ]
}

const joined = (lines: readonly string[]) =>
  lines
    .join('\n')
    .replaceAll(/\n +\| /g, ' ')
    .replaceAll(/\s+/g, ' ')

t.test('each example alone is one screen, with what is needed first', (t) => {
  for (const [at, referral] of examples.entries()) {
    const file = files[at] ?? ''
    const lines = screenOf(workOf([openedOf(referral)]), now)
    t.same(faultsOf(lines), [], file)
    const text = joined(lines)
    const { identity, detention, clinical } = referral as Record<string, { [key: string]: unknown }>
    for (const key of ['familyName', 'givenNames']) {
      const name = identity?.[key]
      if (typeof name === 'string') t.ok(text.includes(name), file)
    }
    t.match(text, /Overdue since 2026-11-29 11:00:00, by 1 h. Yours until 2026-11-29 12:10:00/)
    t.match(text, /\d{8} Urgent, Legal representative, by Harbour Law, Heathrow/)
    if (clinical?.requested) t.match(text, /Asked for: /, file)
    if (detention?.places) t.match(text, /Places: /, file)
    t.match(text, /Story: \S/, file)
    t.notMatch(text, /[a-z]_[a-z]|irc-|[{}[\]"]|: undefined/, file)
  }
  t.end()
})

t.test('four referrals of one person: what agrees once, and what differs side by side', (t) => {
  type Loose = Record<string, Record<string, unknown>>
  const changed = (change: (referral: Loose) => void) => {
    const referral = structuredClone(example) as Loose
    change(referral)
    return openedOf(referral)
  }
  const referrals = [
    openedOf(example),
    changed(({ identity, clinical }) => {
      Object.assign(identity!, { dateOfBirth: { date: '1990-01-01' } })
      Object.assign(clinical!, { foodRefusalSince: '2026-11-23' })
    }),
    changed(({ identity, detention }) => {
      Object.assign(identity!, { givenNames: 'Muhammad Abd al-Rahman al-Dimashqi' })
      const places = detention!.places as object[]
      places.push({ place: 'irc-brook-house', from: '2026-11-25' })
    }),
    changed(({ contact }) => {
      Object.assign(contact!, { phone: '+441414960112' })
    }),
  ]
  for (const count of [1, 2, 3, 4]) {
    const lines = screenOf(workOf(referrals.slice(0, count)), now)
    t.same(faultsOf(lines), [], `${count}`)
    const text = lines.join('\n')
    const { familyName } = example.identity as { familyName: string }
    t.equal(text.split(familyName).length - 1, 1, 'said once')
    t.equal(text.match(/Not the same in/g)?.length, count > 1 ? 1 : undefined)
  }
  const text = screenOf(workOf(referrals), now).join('\n')
  t.match(text, /^≠ Date of birth +\S+ +1990-01-01 +\S+ +\S+$/m)
  t.match(text, /^≠ Given names +\S+ +\S+ +Muhammad Abd… +\S+$/m)
  t.match(text, /Food refusal \(\d{8}\): since 2026-11-23/)
  t.match(text, /^≠ Places .*Brook House/m, 'where the person is now')
  t.match(text, /^≠ Phone /m)
  t.match(text, /^Not here, or not whole: \d+ answers. intake open REFERENCE$/m)
  t.end()
})

t.test('what must be minded is there, each once and the grave before all else', (t) => {
  const compared = { compared: true, assessment: 'refused', permits: false } as const
  const proposal = { urgency: 'immediate', reasons: ['Does not drink.', 'A hearing is near.'] }
  const one = openedOf(example, {
    urgency: { compared: true, differs: true, proposal },
    consent: compared,
    incomplete: ['/identity/dateOfBirth'],
  } as unknown as Partial<Opened>)
  const step = 'compartment'
  const withheld = { compared: false, withheld: true }
  const spoilt = openedOf({ narrative: example.narrative }, {
    ...{ urgency: withheld, consent: withheld },
    withheld: [
      { compartment: 'consent', step, detail: 'no key of it' },
      { compartment: 'legal', step, detail: 'no key of it' },
    ],
  } as unknown as Partial<Opened>)
  const lost = { opened: false, referralId: newId(), step: 'wrap', detail: planted }
  const work = workOf([one, spoilt, lost as unknown as Unopenable], {
    messages: { [one.referralId]: 2, [spoilt.referralId]: 1 },
    unread: [{ referralId: newId(), problem: { title: planted, code: 'x', next: planted } }],
  })
  const lines = screenOf(work, now)
  t.same(faultsOf(lines), [])
  const text = lines.join('\n')
  const [first, second, third] = work.referrals.map(({ referralId }) => work.references[referralId])
  for (const words of [
    `\n  ${first}: Urgency: the rules propose immediate\n`,
    `\n  ${first}: Consent to an assessment: refused\n`,
    `\n  ${first}: Does not drink. A hearing is near.\n`,
    `\n  ${second}: Does not open: consent, legal, at the step compartment\n`,
    `\n${third}  does not open, at the step wrap: x`,
    `\nMessages to read (intake messages REFERENCE): ${first} (2), ${second} (1)\n`,
    `\nNot opened: `,
  ]) {
    t.ok(text.includes(words), words)
  }
  const hidden = 'not compared, some of what the rules read does not open. It may be more urgent'
  t.ok(joined(lines).includes(`${second}: Urgency: ${hidden} `))
  t.end()
})

t.test('six stand on a screen, and of more it is said how many do not', (t) => {
  const of = (count: number) =>
    screenOf(workOf(Array.from({ length: count }, () => openedOf(example))), now).join('\n')
  t.notMatch(of(6), /nothing is shown/)
  t.match(of(8), /^2 more, of which nothing is shown here: intake mine lists them$/m)
  t.end()
})

t.test('a service that lies about a reference has no other referral answered', (t) => {
  const [own, other] = [openedOf(example), openedOf(example)]
  const references = {
    [own.referralId]: makeReference(other.referralId, 1),
    [other.referralId]: '1; rm -rf /',
  }
  const text = screenOf(workOf([own, other], { references }), now).join('\n')
  t.match(text, `--referral ${own.referralId}`)
  t.match(text, `--referral ${other.referralId}`)
  t.notMatch(text, /rm -rf/)
  t.end()
})

const word = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 90 }),
  fc.constantFrom(
    planted,
    '欧阳娜娜'.repeat(40),
    'محمود عبد الرحمن'.repeat(9),
    'long '.repeat(200),
  ),
)
const compartments = fc.constantFrom(...examples).chain((referral) =>
  fc
    .record(
      {
        familyName: word,
        givenNames: word,
        story: word,
        torture: word,
        hostile: fc.dictionary(word, word, { maxKeys: 3 }),
        dropped: fc.subarray([...compartmentNames]),
      },
      { requiredKeys: ['dropped'] },
    )
    .map(({ dropped, familyName, givenNames, story, torture, hostile }) => {
      const { identity, clinical, narrative } = referral as Record<string, object>
      const changed = {
        ...referral,
        identity: {
          ...identity,
          ...(familyName && { familyName }),
          ...(givenNames && { givenNames }),
        },
        clinical: { ...clinical, ...(torture && { torture: { details: torture } }), ...hostile },
        narrative: { ...narrative, ...(story && { story }) },
      }
      return Object.fromEntries(
        Object.entries(changed).filter(([name]) => !dropped.includes(name as 'identity')),
      )
    }),
)
const referral = fc.record({
  compartments,
  label: word,
  withheld: fc.subarray([...compartmentNames], { maxLength: 4 }),
  problems: fc.array(fc.record({ pointer: word, detail: word }), { maxLength: 4 }),
  reasons: fc.array(word, { maxLength: 5 }),
  opens: fc.boolean(),
  answered: fc.boolean(),
  messages: fc.nat(2),
})

t.test('whatever is claimed is one screen, and what is not on it is said', (t) => {
  const property = fc.property(
    fc.array(referral, { minLength: 1, maxLength: 12 }),
    fc.array(word, { maxLength: 3 }),
    (made, unread) => {
      const referrals = made.map(({ compartments, label, withheld, problems, reasons, opens }) => {
        const referralId = newId()
        if (!opens) return { opened: false, referralId, step: 'wrap', detail: label }
        const step = 'compartment'
        return openedOf(compartments, {
          ...{ referralId, problems, signedBy: { label } },
          withheld: withheld.map((compartment) => ({ compartment, step, detail: label })),
          urgency: { compared: true, differs: true, proposal: { urgency: 'immediate', reasons } },
        } as unknown as Partial<Opened>)
      }) as (Opened | Unopenable)[]
      const idsOf = (isOne: (one: (typeof made)[number]) => boolean) =>
        referrals.flatMap(({ referralId }, at) => (isOne(made[at]!) ? [referralId] : []))
      const work = workOf(referrals, {
        answered: idsOf(({ answered }) => answered),
        messages: Object.fromEntries(
          referrals.map((it, at) => [it.referralId, made[at]!.messages]),
        ),
        unread: unread.map((title) => ({ referralId: newId(), problem: { title, next: title } })),
      })
      const lines = screenOf(work, now)
      const faults = faultsOf(lines)
      if (faults.length > 0) throw new Error(faults.join('\n'))
      const text = joined(lines)
      if (/Not here, or not whole|of which nothing is shown/.test(text)) return
      for (const one of referrals) {
        if (!one.opened) continue
        for (const name of compartmentNames) {
          for (const { values } of answersOf(name, one.compartments[name])) {
            const words = joined([wordsOfAnswer({ values })]).trim()
            const isPlain = /^[\w ]*$/.test(words)
            if (isPlain && !text.toLowerCase().includes(words.toLowerCase())) throw new Error(words)
          }
        }
      }
    },
  )
  fc.assert(property, { numRuns: 300 })
  t.end()
})

t.test('what is cut is counted, and what is whole is not', (t) => {
  const text = fc.stringMatching(/^[a-z]{1,9}( [a-z]{1,9}){0,300}$/)
  const property = fc.property(
    fc.array(fc.record({ familyName: text, story: text }), { minLength: 1, maxLength: 3 }),
    (made) => {
      const referrals = made.map(({ familyName, story }) =>
        openedOf({ identity: { familyName }, narrative: { story } }),
      )
      const lines = screenOf(workOf(referrals), now)
      const shown = joined(lines)
      const isWhole = made.every(({ familyName, story }) => {
        return [familyName, story].every((words) => new RegExp(`[: ]${words}( |$)`).test(shown))
      })
      if (isWhole === shown.includes('Not here, or not whole')) throw new Error(lines.join('\n'))
    },
  )
  fc.assert(property, { numRuns: 200 })
  t.end()
})
