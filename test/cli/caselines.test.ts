/**
 * Goal: a case, and what may be about the same person, is one screen, and what has no room on it is never missing without
 * a word.
 * Method: anything that fast-check makes of what the service says, held against the whole of it.
 */
import fc from 'fast-check'
import t from 'tap'
import { linesOfCase, linesOfPossible } from '../../src/cli/recipient/caselines.ts'
import { type Case, newId, type Opened, type PossibleMatches } from '../../src/client/index.ts'
import { forgedIn, planted } from './forged.ts'

const now = new Date('2026-11-29T12:00:00Z')
const at = '2026-11-29T11:00:00Z'

const words = fc.oneof(
  fc.constantFrom('all names equal', 'birth years differ', 'no telephone numbers to compare'),
  fc.constantFrom(planted, 'long '.repeat(60)),
  fc.string({ maxLength: 60 }),
)
const bits = fc.array(fc.record({ kind: words, bits: fc.integer({ min: -9, max: 9 }), words }), {
  maxLength: 16,
})
const digits = fc.stringMatching(/^\d{8}$/)
const cases = fc
  .record({
    references: fc.array(digits, { minLength: 1, maxLength: 12 }),
    unread: fc.nat(2),
    flags: fc.oneof(
      fc.array(words, { maxLength: 3 }),
      fc.array(fc.constant<string>('x'), { minLength: 30, maxLength: 40 }),
    ),
    judgements: fc.array(fc.record({ verdict: words, bits, ended: fc.boolean() }), {
      maxLength: 12,
    }),
  })
  .map(({ references, unread, flags, judgements }) => {
    const referrals = references.map((reference) => {
      return {
        referralId: newId(),
        reference,
        receivedAt: at,
        state: 'in_triage',
        keys: 'checked',
        unread,
        notes: 0,
      }
    })
    const idOf = (index: number) => referrals[index % referrals.length]!.referralId
    return {
      ...{ caseId: newId(), referrals, item: { urgency: 'urgent', state: 'waiting', dueAt: at } },
      flags: flags.map((kind) => ({ kind, referralId: idOf(1) })),
      judgements: judgements.map(({ verdict, bits, ended }, index) => ({
        ...{ verdict, basis: 'keys', between: [idOf(index), idOf(index + 1)], probability: 0.98 },
        ...{ bits, madeAt: at, ...(ended && { endedAt: at }) },
        ...(index === 0 && { note: { number: 1, referralId: idOf(0) } }),
      })),
    } as unknown as Case
  })
const identities = fc.array(
  fc.dictionary(fc.constantFrom('familyName', 'givenNames', 'gender'), words),
  {
    minLength: 2,
    maxLength: 6,
  },
)
const sidesOf = (all: object[]) => ({
  opened: all.map((identity) => ({ compartments: { identity } }) as unknown as Opened),
  names: all.map((_, index) => String(57_200_004 + index)),
  failed: all.map(() => `57200004 does not open, at the step wrap`),
})

function requireScreen(lines: readonly string[]): void {
  const faults = [
    ...(lines.length > 23 ? [`${lines.length} lines:\n${lines.join('\n')}`] : []),
    ...lines.filter((line) => [...line].length > 80),
    ...forgedIn({ out: lines.join('\n'), err: '' }),
  ]
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

/** Whatever the whole says that the screen does not say in the same words. */
function missingIn(printed: readonly string[], whole: readonly string[]): string[] {
  const lines = printed.join('\n').split('\n')
  return whole
    .join('\n')
    .split('\n')
    .filter((line) => {
      const found = lines.indexOf(line)
      if (found >= 0) lines.splice(found, 1)
      return found < 0
    })
}

t.test('a case is one screen, and what is not on it is counted', (t) => {
  const property = fc.property(cases, fc.option(identities), (found, all) => {
    const sides = all ? sidesOf(all) : undefined
    const lines = linesOfCase(found, { sides, isFull: false, now })
    requireScreen(lines)
    const whole = linesOfCase(found, { sides: undefined, isFull: true, now })
    const isSaid = /^\d+ not whole here: intake case \d{8} --full$/
    const missing = missingIn(lines, whole)
    if (missing.length > 0 !== isSaid.test(lines.at(-1) ?? '')) throw new Error(missing.join('\n'))
    const flagged = lines.filter((line) => line.startsWith('  Flagged: ')).length
    const count = Number(/^\d+/.exec(lines.at(-1) ?? '')?.[0] ?? 0)
    if (count < found.flags.length - flagged) throw new Error(`${count} are not all`)
    const names = found.referrals.slice(0, 6).map(({ reference }) => reference)
    const said = lines.join('\n')
    if (!all && !names.every((name) => said.includes(name)))
      throw new Error('a referral is missing')
    const failed = sides?.failed.length ?? 0
    if (failed > 3 && !said.includes(`\n${failed - 3} more do not open\n`)) {
      throw new Error('what does not open is missing')
    }
    if (all && all.length > 1 && !said.includes('The rest: ')) throw new Error('no comparison')
  })
  fc.assert(property, { numRuns: 300 })
  t.end()
})

t.test('so is what may be about the same person', (t) => {
  const matches = fc.array(
    fc.record({
      ...{ verdict: words, words, bits, others: fc.integer({ min: 1, max: 9 }) },
      all: fc.option(identities.map((all) => all.slice(0, 2))),
    }),
    { minLength: 1, maxLength: 12 },
  )
  const property = fc.property(matches, (made) => {
    const possibleMatches = made.map(({ verdict, words, bits, others }) => ({
      ...{ otherId: newId(), verdict, words, bits, probability: 0.5, between: [newId(), newId()] },
      otherReferralIds: Array.from({ length: others }, newId),
    }))
    const value = { possibleMatches } as unknown as PossibleMatches
    const sides = new Map(
      made.flatMap(({ all }, index) =>
        all ? [[possibleMatches[index]!.otherId, sidesOf(all)]] : [],
      ),
    )
    const caseId = newId()
    const lines = linesOfPossible(value, { caseId, sides, isFull: false })
    requireScreen(lines)
    const whole = linesOfPossible(value, { caseId, sides: new Map(), isFull: true })
    const missing = missingIn(lines, whole)
    const isSaid = lines.at(-1)?.endsWith(`not whole here: intake possible ${caseId} --full`)
    if (missing.length > 0 && !isSaid) throw new Error(missing.join('\n'))
    if (!lines.join('\n').includes(possibleMatches[0]!.otherId)) throw new Error('nothing is shown')
  })
  fc.assert(property, { numRuns: 300 })
  t.end()
})
