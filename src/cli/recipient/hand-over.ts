/** Handing an item that one holds to a colleague. */
import { shown } from '../../client/index.ts'
import { type Command, fitted, UsageError } from '../command.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { claimNamed, fence, fenceDetails, leaseOf } from './lease.ts'
import { isId } from './naming.ts'

/** `intake hand-over`. */
export const handOver: Command = {
  operands: 'CLAIM --to CLIENT [--fence N]',
  summary: 'Hand an item that is yours to a colleague, who has it from then on.',
  details: `The colleague is another client that works the queue and opens the item: intake mine lists it there.

${fenceDetails}

${connectionDetails}`,
  options: {
    to: { value: 'CLIENT', help: 'The id of that client.' },
    ...fence,
    'lease-seconds': { value: 'N', help: 'For so long: 30 to 3600, else 600.' },
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const claim = claimNamed(input)
    const to = input.needed('to')
    if (!isId(to)) throw new UsageError('--to is the id of a client, as intake admin gave it')
    const leaseSeconds = input.whole('lease-seconds', 30, 3600) ?? 600
    const reader = await readerOf(input)
    const { claimId, fence } = await leaseOf(reader, claim)
    await reader.handOver({ claimId, fence }, to, leaseSeconds)
    const text = `Handed over: client ${shown(to)} holds it now`
    return { value: { handedOver: claimId, to }, text: fitted(text) }
  },
}
