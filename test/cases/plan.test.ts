/**
 * Goal: a plan of pairing does all that it promises, whatever is held, from one look at what is held.
 * Method: a second implementation that does one thing at a time to a world in memory and looks at all
 * of it again after each; compared in every small world there is, and in large ones at random. In the
 * large ones the promises are also tried one by one.
 */
import fc from 'fast-check'
import t from 'tap'
import {
  type Act,
  type Held,
  longCaseReferrals,
  planAmendment,
  planPairing,
  planWithdrawal,
  questionsAboutMax,
  questionsToSettle,
  type Said,
} from '../../src/cases/plan.ts'
import type { Candidate } from '../../src/matching/evidence.ts'
import { questionsPerReferralMax } from '../../src/matching/odds.ts'
import { caseReferralsMax } from '../../src/triage/lease.ts'
import { seedOf } from '../helpers/seed.ts'

const id = 'own.0'

/** What is held, and of which questions keys say `possible`: of the others they say `match`. */
type World = { readonly held: Held; readonly isDoubt: (said: Said) => boolean }

/** The plan, from one look. */
function planned(candidates: readonly Candidate[], { held, isDoubt }: World): Act[] {
  const doubts = questionsToSettle(id, candidates, held).filter(isDoubt)
  return planPairing(id, candidates, held, doubts)
}

/** The second implementation: does each thing at once, and then asks the world again. */
function stepByStep(candidates: readonly Candidate[], { held, isDoubt }: World): Act[] {
  const cases = new Map(held.members.map(({ referralId, caseId }) => [referralId, caseId]))
  let current = [...held.current]
  const acts: Act[] = []
  const membersOf = (caseId: string | undefined) =>
    [...cases].flatMap(([referralId, its]) => (its === caseId ? [referralId] : []))
  const between = (one: string | undefined, other: string | undefined) =>
    current.filter(({ leftId, rightId }) => {
      const ends = [cases.get(leftId), cases.get(rightId)]
      return one !== other && ends.includes(one) && ends.includes(other)
    })
  const flag = (kind: 'full' | 'long' | 'unasked') => {
    if (!acts.some((it) => it.act === 'flag' && it.kind === kind)) acts.push({ act: 'flag', kind })
  }
  const isTied = current.some((said) => said.verdict === 'same' && isAbout(said, id))
  const standing = current.filter((said) => said.verdict === 'possible' && isAbout(said, id)).length
  for (const { referralId, verdict, sure, odds } of candidates) {
    const [own, other] = [cases.get(id), cases.get(referralId)]
    if (other === undefined || own === other) continue
    const said = between(own, other)
    if (said.some(isAnswer)) continue
    const wasMerged = acts.some(({ act }) => act === 'merge')
    const isInDoubt = said.some(
      (it) => it.verdict === 'possible' && !isAbout(it, id) && isDoubt(it),
    )
    if (verdict === 'match' && !isTied && (!wasMerged || isInDoubt)) {
      if (membersOf(own).length + membersOf(other).length <= caseReferralsMax) {
        current = current.filter((it) => !said.includes(it))
        current.push({ leftId: id, rightId: referralId, verdict: 'same', basis: 'keys' })
        for (const member of membersOf(other)) cases.set(member, own ?? '')
        const { probability, bits } = sure
        acts.push({ act: 'merge', referralId, grounds: { basis: 'keys', probability, bits } })
        if (reachedByKeys(current).size > longCaseReferrals) flag('long')
        continue
      }
      flag('full')
    }
    if (said.some((it) => it.verdict === 'possible')) continue
    const asked = acts.filter(({ act }) => act === 'ask').length
    const about = current.filter((it) => it.verdict === 'possible' && isAbout(it, referralId))
    if (standing + asked >= questionsPerReferralMax || about.length >= questionsAboutMax) {
      flag('unasked')
      continue
    }
    current.push({ leftId: id, rightId: referralId, verdict: 'possible', basis: 'keys' })
    const { probability, bits } = odds
    const grounds = { basis: 'keys', probability, bits } as const
    acts.push({ act: 'ask', referralId, caseId: other, grounds })
  }
  return acts
}

/** Whom keys connect with the referral, link by link. */
function reachedByKeys(current: readonly Said[]): Set<string> {
  const reached = new Set([id])
  for (let before = 0; before < reached.size; ) {
    before = reached.size
    for (const { leftId, rightId, verdict, basis } of current) {
      if (verdict !== 'same' || basis !== 'keys') continue
      if (reached.has(leftId) || reached.has(rightId)) reached.add(leftId).add(rightId)
    }
  }
  return reached
}

function isAbout({ leftId, rightId }: Said, referralId: string): boolean {
  return leftId === referralId || rightId === referralId
}

function isAnswer({ basis, verdict }: Said): boolean {
  return basis === 'person' && verdict !== 'same'
}

function candidate(referralId: string, verdict: Candidate['verdict']): Candidate {
  const bit = { type: 'N', because: 'agrees', bits: 3 } as const
  const odds = { score: 4, probability: 0.94, bits: [bit] }
  return { referralId, verdict, odds, sure: { ...odds, probability: 0.92 } }
}

/** What may be held between two cases. */
const relations = ['nothing', 'an answer', 'a question of its own', 'a doubt', 'a match'] as const
type Relation = (typeof relations)[number]

/** A small world: where each candidate is, and what is held. */
type Small = {
  readonly isLarge: boolean
  readonly isTied: boolean
  /** The case of each candidate. */
  readonly cases: readonly string[]
  /** Of each other case: what is held of it and the own case, and whether it is large. */
  readonly others: readonly { readonly relation: Relation; readonly isLarge: boolean }[]
  /** What is held of A and B, of A and C, and of B and C. */
  readonly pairs: readonly Relation[]
}

const pairs = [
  ['A', 'B'],
  ['A', 'C'],
  ['B', 'C'],
] as const

/** A large own case has room for a case of three, and not for one of five, nor for two cases. */
const ownLarge = caseReferralsMax - 3

function worldOf({ isLarge, isTied, others, pairs: held }: Small): World {
  const current: Said[] = []
  const doubts = new Set<Said>()
  const hold = (relation: Relation, leftId: string, asker: string, rightId: string) => {
    if (relation === 'nothing') return
    const isOwn = relation === 'a question of its own'
    const said: Said =
      relation === 'an answer'
        ? { leftId: asker, rightId, verdict: 'unsure', basis: 'person' }
        : { leftId: isOwn ? leftId : asker, rightId, verdict: 'possible', basis: 'keys' }
    current.push(said)
    if (relation !== 'a match') doubts.add(said)
  }
  if (isTied) current.push({ leftId: id, rightId: 'own.1', verdict: 'same', basis: 'amendment' })
  for (const [index, { relation }] of others.entries()) {
    hold(relation, id, 'own.1', `${'ABC'[index]}.0`)
  }
  for (const [index, [one, other]] of pairs.entries()) {
    hold(held[index] ?? 'nothing', `${one}.0`, `${one}.0`, `${other}.0`)
  }
  // Keys connect each other case: one of three is short of being long with the referral, two are not.
  for (const [index] of others.entries()) {
    for (const n of [1, 2]) {
      const caseId = 'ABC'[index]
      const [leftId, rightId] = [`${caseId}.${n - 1}`, `${caseId}.${n}`]
      current.push({ leftId, rightId, verdict: 'same', basis: 'keys' })
    }
  }
  const sizes = others.map((other) => (other.isLarge ? 5 : 3))
  const members = [isLarge ? ownLarge : 4, ...sizes].flatMap((size, index) => {
    const caseId = ['own', 'A', 'B', 'C'][index] ?? ''
    return Array.from({ length: size }, (_, n) => ({ referralId: `${caseId}.${n}`, caseId }))
  })
  return { held: { members, current }, isDoubt: (said) => doubts.has(said) }
}

/** Candidates in these cases, of which the first `matches` are beyond doubt. */
function candidatesIn(cases: readonly string[], matches: number): Candidate[] {
  return cases.map((caseId, index) => {
    const n = cases.slice(0, index).filter((it) => it === caseId).length
    const first = caseId === 'own' ? 1 : 0
    return candidate(`${caseId}.${first + n}`, index < matches ? 'match' : 'possible')
  })
}

/** All lists with one of each of `choices`. */
function combinations<T>(choices: readonly (readonly T[])[]): T[][] {
  return choices.reduce<T[][]>(
    (lists, choice) => lists.flatMap((list) => choice.map((it) => [...list, it])),
    [[]],
  )
}

/** Which case each of so many candidates may be in: the own one, one there was before, or the next. */
function placements(count: number): string[][] {
  const names = ['own', 'A', 'B', 'C']
  return combinations(Array.from({ length: count }, () => names)).filter((cases) =>
    cases.every((it, index) => {
      const before = Math.max(0, ...cases.slice(0, index).map((name) => names.indexOf(name)))
      return names.indexOf(it) <= before + 1
    }),
  )
}

/** Each small world of so many candidates, with what is held restricted to these relations. */
function* smallWorlds(
  count: number,
  ofOwn: readonly Relation[],
  ofOthers: readonly Relation[],
): Generator<Small> {
  for (const cases of placements(count)) {
    const distinct = new Set(cases.filter((it) => it !== 'own')).size
    const betweenOthers = [0, 0, 1, 3][distinct] ?? 0
    for (const isLarge of [false, true]) {
      const sizes = isLarge ? [false, true] : [false]
      const kinds = ofOwn.flatMap((relation) => sizes.map((it) => ({ relation, isLarge: it })))
      for (const others of combinations(Array.from({ length: distinct }, () => kinds))) {
        for (const held of combinations(Array.from({ length: betweenOthers }, () => ofOthers))) {
          for (const isTied of [false, true]) yield { isLarge, isTied, cases, others, pairs: held }
        }
      }
    }
  }
}

t.test('in every small world the plan does what is done step by step', async (t) => {
  const reached = new Map<string, number>()
  const worlds = [
    ...[0, 1, 2].flatMap((count) => [...smallWorlds(count, relations, relations)]),
    ...smallWorlds(3, ['nothing', 'an answer', 'a doubt'], ['nothing', 'a doubt', 'a match']),
  ]
  for (const small of worlds) {
    const world = worldOf(small)
    for (let matches = 0; matches <= small.cases.length; matches += 1) {
      const candidates = candidatesIn(small.cases, matches)
      const [plan, expected] = [planned(candidates, world), stepByStep(candidates, world)]
      // Compared as text: an assertion for each of a hundred thousand worlds would be slow.
      if (JSON.stringify(plan) !== JSON.stringify(expected)) {
        t.same(plan, expected, JSON.stringify({ ...small, matches }))
        return
      }
      const kinds = plan.map((it) => (it.act === 'flag' ? it.kind : it.act)).join(' ')
      reached.set(kinds, (reached.get(kinds) ?? 0) + 1)
    }
  }
  t.comment(`${worlds.length} worlds, ${reached.size} kinds of plans`)
  for (const kinds of ['', 'merge', 'merge ask', 'full ask', 'merge merge long']) {
    t.ok(reached.has(kinds), `one of the plans is "${kinds}"`)
  }
})

/** Any world of up to eight cases of up to thirty referrals, and candidates among them. */
const anyWorld = fc
  .record({
    sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 30 })), {
      minLength: 1,
      maxLength: 8,
    }),
    ends: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.boolean()), { maxLength: 60 }),
    about: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 8 }),
    linked: fc.array(fc.nat(), { maxLength: 30 }),
    chosen: fc.uniqueArray(fc.nat(), { maxLength: 25 }),
    matches: fc.nat({ max: 25 }),
  })
  .map(({ sizes, ends, about, linked, chosen, matches }) => {
    const members = sizes.flatMap((size, index) => {
      const caseId = index === 0 ? 'own' : `case ${index}`
      return Array.from({ length: size }, (_, n) => ({ referralId: `${caseId}.${n}`, caseId }))
    })
    const at = (n: number) => members[n % members.length] ?? { referralId: id, caseId: 'own' }
    const own = { referralId: id, caseId: 'own' }
    const current = new Map<string, Said>()
    const doubts = new Set<Said>()
    const hold = (left: typeof own, right: typeof own, kind: number, isDoubt: boolean) => {
      if (left.referralId >= right.referralId) return
      const said = {
        leftId: left.referralId,
        rightId: right.referralId,
        ...(left.caseId === right.caseId
          ? ([same('keys'), same('keys'), same('person')] as const)[kind % 3]
          : ([asked, asked, asked, answered('different'), answered('unsure')] as const)[kind % 5]),
      } as Said
      current.set(`${said.leftId} ${said.rightId}`, said)
      if (isDoubt) doubts.add(said)
    }
    for (const [left, right, kind, isDoubt] of ends) hold(at(left), at(right), kind, isDoubt)
    for (const n of linked) {
      const [left, right] = [at(n), at(n + 1)]
      if (left.caseId === right.caseId) hold(left, right, 0, false)
    }
    for (const [other, kind] of about) {
      const [one, two] = [own, at(other)].sort((a, b) => (a.referralId < b.referralId ? -1 : 1))
      if (one && two && two.caseId !== one.caseId) hold(one, two, kind, false)
    }
    const ids = [...new Set(chosen.map((n) => at(n).referralId))].filter((it) => it !== id)
    const candidates = ids.map((it, index) => candidate(it, index < matches ? 'match' : 'possible'))
    const held: Held = { members, current: [...current.values()] }
    return { candidates, world: { held, isDoubt: (said: Said) => doubts.has(said) } }
  })

function same(basis: 'keys' | 'person') {
  return { verdict: 'same', basis } as const
}

function answered(verdict: 'different' | 'unsure') {
  return { verdict, basis: 'person' } as const
}

const asked = { verdict: 'possible', basis: 'keys' } as const

/** The plan, and for each act the cases that are merged before it. */
function tell(candidates: readonly Candidate[], world: World) {
  const { members } = world.held
  const caseOf = (referralId: string) =>
    members.find((it) => it.referralId === referralId)?.caseId ?? 'none'
  const sizeOf = (cases: ReadonlySet<string>) =>
    members.filter(({ caseId }) => cases.has(caseId)).length
  const merged = new Set(['own'])
  const told = planned(candidates, world).map((it) => {
    const before = new Set(merged)
    if (it.act === 'merge') merged.add(caseOf(it.referralId))
    return { it, before, other: it.act === 'flag' ? '' : caseOf(it.referralId) }
  })
  const isHeld = (cases: ReadonlySet<string>, other: string, wanted: (said: Said) => boolean) =>
    world.held.current.filter(wanted).some(({ leftId, rightId }) => {
      const [left, right] = [caseOf(leftId), caseOf(rightId)]
      return (cases.has(left) && right === other) || (cases.has(right) && left === other)
    })
  const flags = new Set(told.flatMap(({ it }) => (it.act === 'flag' ? [it.kind] : [])))
  return { told, merged, caseOf, sizeOf, isHeld, flags }
}

type Promised = (candidates: readonly Candidate[], world: World) => boolean

const promises: Record<string, Promised> = {
  'the plan does what is done step by step': (candidates, world) =>
    JSON.stringify(planned(candidates, world)) === JSON.stringify(stepByStep(candidates, world)),

  'nothing is done about a case that a person has answered': (candidates, world) => {
    const { told, isHeld } = tell(candidates, world)
    return told.every(({ before, other }) => !isHeld(before, other, isAnswer))
  },

  'no merge makes a case of more referrals than a case may hold': (candidates, world) => {
    const { merged, sizeOf } = tell(candidates, world)
    return sizeOf(merged) <= Math.max(caseReferralsMax, sizeOf(new Set(['own'])))
  },

  'a second case is merged only where a doubt stood that is not about the referral': (
    candidates,
    world,
  ) => {
    const { told, isHeld } = tell(candidates, world)
    const further = told.filter(({ it }) => it.act === 'merge').slice(1)
    const isDoubt = (said: Said) =>
      said.verdict === 'possible' && !isAbout(said, id) && world.isDoubt(said)
    return further.every(({ before, other }) => isHeld(before, other, isDoubt))
  },

  'a referral that is tied to another merges nothing': (candidates, world) => {
    const isTied = world.held.current.some((it) => it.verdict === 'same' && isAbout(it, id))
    return !isTied || tell(candidates, world).merged.size === 1
  },

  'only a match is merged': (candidates, world) => {
    const { told } = tell(candidates, world)
    const matches = candidates.filter(({ verdict }) => verdict === 'match')
    return told.every(({ it }) => {
      return it.act !== 'merge' || matches.some(({ referralId }) => referralId === it.referralId)
    })
  },

  'of each case a person is asked once, and about no more than five': (candidates, world) => {
    const { told, isHeld } = tell(candidates, world)
    const asking = told.filter(({ it }) => it.act === 'ask')
    const standing = world.held.current.filter(
      (said) => said.verdict === 'possible' && isAbout(said, id),
    ).length
    return (
      new Set(asking.map(({ other }) => other)).size === asking.length &&
      asking.every(({ before, other }) => {
        return !isHeld(before, other, ({ verdict }) => verdict === 'possible')
      }) &&
      (asking.length === 0 || standing + asking.length <= questionsPerReferralMax)
    )
  },

  'no candidate is forgotten: it is merged, answered, asked about, or flagged as unasked': (
    candidates,
    world,
  ) => {
    const { told, merged, caseOf, isHeld, flags } = tell(candidates, world)
    const asked = new Set(told.flatMap(({ it, other }) => (it.act === 'ask' ? [other] : [])))
    return candidates.every(({ referralId }) => {
      const other = caseOf(referralId)
      const isKnown = (said: Said) => isAnswer(said) || said.verdict === 'possible'
      return (
        merged.has(other) ||
        asked.has(other) ||
        isHeld(merged, other, isKnown) ||
        flags.has('unasked')
      )
    })
  },
}

for (const [claim, isKept] of Object.entries(promises)) {
  t.test(`in large worlds: ${claim}`, async (t) => {
    fc.assert(
      fc.property(anyWorld, ({ candidates, world }) => isKept(candidates, world)),
      { seed: seedOf(t), numRuns: 500 },
    )
  })
}

t.test('a candidate that is in no case any more is passed over', async (t) => {
  const held = { members: [{ referralId: id, caseId: 'own' }], current: [] }
  t.same(planPairing(id, [candidate('gone', 'match')], held, []), [])
})

t.test(
  'about whom a crowd has asked nobody asks more, and what is sure is merged still',
  async (t) => {
    const caseOf = (referralId: string) => ({ referralId, caseId: `case of ${referralId}` })
    const members = [id, 'crowded', 'other'].map(caseOf)
    const held = (count: number): Held => ({
      members,
      current: Array.from({ length: count }, (_, n) => ({
        ...{ leftId: 'crowded', rightId: `stranger ${n}`, ...asked },
      })),
    })
    const plan = (verdict: Candidate['verdict'], count: number) =>
      planPairing(
        id,
        [candidate('crowded', verdict), candidate('other', 'possible')],
        held(count),
        [],
      )
    const [one, more] = [questionsAboutMax - 1, questionsAboutMax]
    t.match(plan('possible', one), [
      { act: 'ask', referralId: 'crowded' },
      { act: 'ask', referralId: 'other' },
    ])
    const expected = [
      { act: 'flag', kind: 'unasked' },
      { act: 'ask', referralId: 'other' },
    ]
    t.match(plan('possible', more), expected)
    t.match(plan('match', more), [{ act: 'merge', referralId: 'crowded' }, { act: 'ask' }])
    const grounds = { basis: 'amendment', probability: null, bits: [] }
    const merge = [{ act: 'merge', referralId: 'crowded', grounds }]
    t.same(planAmendment(id, 'crowded', held(more)), merge)
  },
)

t.test('an amendment is merged, unless a person has answered or there is no room', async (t) => {
  const [own, amended] = [4, 3]
  const small = (over: Partial<Small>): Held => {
    const others = [{ relation: 'nothing', isLarge: true }] as const
    const world = { isLarge: false, isTied: false, cases: [], others, pairs: [], ...over }
    return worldOf(world).held
  }
  t.ok(own + amended <= caseReferralsMax)
  const grounds = { basis: 'amendment', probability: null, bits: [] }
  const merge = [{ act: 'merge', referralId: 'A.0', grounds }]
  t.same(planAmendment(id, 'A.0', small({})), merge)
  t.same(
    planAmendment(id, 'A.0', small({ isTied: true })),
    merge,
    'whatever it is held the same as',
  )
  t.same(planAmendment(id, 'own.1', small({})), [], 'in its own case there is nothing to do')
  t.same(planAmendment(id, 'gone', small({})), [], 'what it amends is in no case')
  t.same(planAmendment(id, 'A.0', small({ isLarge: true })), [{ act: 'flag', kind: 'full' }])
  for (const relation of relations) {
    const held = small({ others: [{ relation, isLarge: false }] })
    t.same(planAmendment(id, 'A.0', held), relation === 'an answer' ? [] : merge, relation)
  }
})

t.test('what keys said is taken back, renewed or left, as they say now', async (t) => {
  const bits = [{ type: 'N', because: 'agrees', bits: 3 }] as const
  const others = [{ type: 'P', because: 'agrees', bits: 2 }] as const
  const found = (verdict: Candidate['verdict'], sure: typeof bits | typeof others) => {
    const odds = { score: 1, probability: 0.5, bits: others }
    return { verdict, odds, sure: { ...odds, probability: 0.95, bits: sure } }
  }
  const now = {
    'no comparison': undefined,
    none: { verdict: 'none' } as const,
    possible: found('possible', others),
    'match as before': found('match', bits),
    'match on others': found('match', others),
  }
  const expected = {
    'same, no comparison': 'left',
    'same, none': 'over',
    'same, possible': 'over',
    'same, match as before': 'left',
    'same, match on others': 'renewed 0.95',
    'possible, no comparison': 'left',
    'possible, none': 'over',
    'possible, possible': 'renewed 0.5',
    'possible, match as before': 'renewed 0.5',
    'possible, match on others': 'renewed 0.5',
  }
  const seen = (['same', 'possible'] as const).flatMap((verdict) =>
    Object.entries(now).flatMap(([name, compared]) => {
      const judgement = {
        id: 'judgement',
        leftId: 'a',
        rightId: id,
        verdict,
        basis: 'keys',
        probability: 0.9,
        bits,
        madeAt: '',
        entryId: '',
      } as const
      const map = new Map(compared ? [['a', compared]] : [])
      const { over, renewed } = planWithdrawal(id, [judgement], map)
      const renewedTo = renewed.map(({ probability }) => `renewed ${probability}`)
      const outcome = [...over.map(() => 'over'), ...renewedTo].join() || 'left'
      return [[`${verdict}, ${name}`, outcome]]
    }),
  )
  t.same(Object.fromEntries(seen), expected)
})
