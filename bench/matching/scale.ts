/**
 * Pairing on 10,000, 100,000 and 1,000,000 cases (or `-- SIZE…`), by the step that the service
 * runs, in turns over the sizes; what its look-ups cost alone; and a flood of referrals that
 * share values.
 */
import type { Caller } from '../../src/caller.ts'
import { candidatesOf } from '../../src/matching/service.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { median, percentile, report, tell } from '../report.ts'
import { floodRatios } from './flood.ts'
import { fatesOf, type Newcomer, newcomers, receive, shuffled } from './newcomers.ts'
import { planFaults } from './plans.ts'
import { type Office, pairOne, startStand } from './stand.ts'
import { voprfRatios } from './voprf.ts'

const sizesByDefault = [10_000, 100_000, 1_000_000]
const counted = 1000
/** Until each connection has prepared its statements and chosen its plans. */
const warming = 100

export async function bench(args: readonly string[]): Promise<void> {
  const sizes = args.length > 0 ? args.map(Number) : sizesByDefault
  const begun = performance.now()
  const progress = (what: string) =>
    console.error(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${what}`)
  voprfRatios()
  const stand = await startStand()
  try {
    const offices: Office[] = []
    for (const size of sizes) offices.push(await stand.open(size, progress))
    progress('pairing')
    const came = await receiveEverywhere(offices)
    const pairing = await inTurns(offices, warming + counted, (office, round) =>
      pairOne(office, came.get(office)?.[round] ?? { id: '' }),
    )
    await requireFates(offices, came)
    progress('looking up')
    const lookUp = await inTurns(offices, warming + counted, (office, round) =>
      lookUpAgain(office, came.get(office)?.[round]),
    )
    const middle = offices[Math.floor(offices.length / 2)]
    if (middle) await floodRatios(middle, progress)
    await planFaults(stand, offices.at(-1), progress)
    compare('finding candidates alone', offices, lookUp)
    compare('pairing a referral', offices, pairing)
  } finally {
    await stand.close()
  }
}

/** Milliseconds of each, on each in turn; those of the first rounds are not kept. */
async function inTurns(
  offices: readonly Office[],
  rounds: number,
  act: (office: Office, round: number) => Promise<number>,
): Promise<ReadonlyMap<Office, number[]>> {
  const times = new Map<Office, number[]>(offices.map((office) => [office, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const office of shuffled(offices)) {
      const ms = await act(office, round)
      if (round >= warming) times.get(office)?.push(ms)
    }
  }
  return times
}

async function receiveEverywhere(offices: readonly Office[]) {
  const came = new Map<Office, Newcomer[]>()
  for (const office of offices) {
    const referrals = newcomers(warming + counted, office.people)
    await receive(office.sql, referrals)
    came.set(office, referrals)
  }
  return came
}

/** A bench of a step that did something else would say nothing. */
async function requireFates(offices: readonly Office[], came: ReadonlyMap<Office, Newcomer[]>) {
  for (const office of offices) {
    const referrals = came.get(office) ?? []
    const fates = await fatesOf(office.sql, referrals)
    for (const fate of ['match', 'possible', 'none'] as const) {
      const meant = referrals.filter((referral) => referral.fate === fate).length
      const share = fates[fate] / meant
      tell(`${fate} of ${office.people} cases: found, of ${meant} meant`, fates[fate])
      // Among few, two of a stranger's values may by chance be of one person: enough to be asked.
      if (share < 0.8 || share > 1.25) throw new Error(`${fates[fate]} of ${meant} became ${fate}`)
    }
  }
}

const system: Caller = { kind: 'system', request: newId() }

/** The three look-ups of one referral, in a transaction that is open already. */
function lookUpAgain({ database }: Office, referral?: Newcomer): Promise<number> {
  return database.inTransaction(system, async (tx) => {
    const begun = performance.now()
    await candidatesOf(tx, referral?.id ?? '')
    return performance.now() - begun
  })
}

/** Prints each size, and the largest beside the smallest, the median last. */
function compare(
  what: string,
  offices: readonly Office[],
  times: ReadonlyMap<Office, readonly number[]>,
): void {
  const of = (office?: Office) => (office && times.get(office)) ?? []
  for (const office of offices) {
    tell(`${what} among ${office.people} cases, median ms`, median(of(office)))
    tell(`${what} among ${office.people} cases, 99th percentile ms`, percentile(of(office), 0.99))
  }
  const [small, large] = [offices[0], offices.at(-1)]
  const names = `${what}, ms among ${large?.people} cases, among ${small?.people}`
  const [ours, against] = [of(large), of(small)]
  const slowest = percentile(ours, 0.99) / percentile(against, 0.99)
  tell(`${names}: ratio of the 99th percentiles`, slowest)
  report(`${names}: median`, median(ours), median(against), 2, 'at most')
}
