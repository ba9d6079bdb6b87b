/** A person's word on how urgent an item is. */
import { type Items, type Reader, shown } from '../../client/index.ts'
import { type Urgency, urgencies } from '../../referral/codes/clear.ts'
import { type Command, fitted, UsageError } from '../command.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { referralNamed } from './naming.ts'
import { askedFor, noteAbout, noteDetails } from './noting.ts'
import { dueLine, urgencyWord } from './wording.ts'

type Item = Items['items'][number]

/** The most urgent first. */
const all = Object.keys(urgencies) as Urgency[]
const steps: Readonly<Record<string, number>> = { up: -1, down: 1 }

/** `intake urgency`. */
export const urgency: Command = {
  operands: 'REFERRAL URGENCY [--reason FILE]',
  summary: 'Set how urgent an item is, up or down, whoever holds it, and say why.',
  details: `REFERRAL is the id or reference of a referral of it. URGENCY is ${all.join(', ')}, or up or down by one.
Its deadline is counted anew from its arrival, and its holder is told. If somebody changed the item in the same moment
nothing is done.

Without --reason it is asked for. It is kept as a note. ${noteDetails}

${connectionDetails}`,
  options: {
    reason: { value: 'FILE', help: 'Why, in a text file (- is standard input): kept, sealed.' },
    ...connection,
  },
  operandsMin: 2,
  operandsMax: 2,
  async run(input) {
    const [name = '', word = ''] = input.operands
    const referral = referralNamed(name)
    if (!Object.hasOwn(steps, word) && !all.some((code) => code === word)) {
      throw new UsageError(`URGENCY is one of ${[...all, ...Object.keys(steps)].join(', ')}`)
    }
    const reader = await readerOf(input)
    const why = await askedFor(input, 'reason', 'Why? In one line, which is kept sealed.')
    // Opening may raise it: what it is from is looked at after that.
    const note = await noteAbout(reader, referral, why)
    const item = await itemOf(reader, referral)
    const from = item.urgency as Urgency
    const to = wantedOf(from, word)
    const { itemId, fence } = item
    const seen = { itemId, ...(fence !== undefined && { fence }) }
    const value = await reader.setUrgency(seen, { urgency: to, from }, note)
    const words = `${urgencyWord(value.urgency)}, and was ${urgencyWord(from).toLowerCase()}`
    return { value, text: fitted(`${words}\n${dueLine(value.dueAt, new Date())}`) }
  },
}

/** @throws UsageError where it is so already */
function wantedOf(from: Urgency, word: string): Urgency {
  const step = steps[word]
  const wanted = step === undefined ? (word as Urgency) : all[all.indexOf(from) + step]
  if (wanted === undefined)
    throw new UsageError(`it is ${from}: there is nothing ${word} from that`)
  if (wanted === from) throw new UsageError(`it is ${from} already`)
  return wanted
}

/** The open item of a referral, in whatever state. */
async function itemOf(reader: Reader, referral: string): Promise<Item> {
  for (const state of ['waiting', 'leased', 'parked', 'escalated'] as const) {
    const [item] = (await reader.items({ state, referral })).items
    if (item) return item
  }
  throw new Error(`${shown(referral)} has no open item: its work has ended, or there is none of it`)
}
