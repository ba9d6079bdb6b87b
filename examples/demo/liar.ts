/** Act 6: somebody with the database in hand changes what was sealed. */
import type { Sent } from './referring.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

/** Turns one bit of one stored byte; the reader withholds what was changed, and shows the rest. */
export async function liar({ superuser, reader }: Stage, { envelope }: Sent): Promise<void> {
  act(6, 'A liar turns one bit of the stored story')
  const { referralId } = envelope.header
  const [row] = await superuser<{ before: number; after: number }[]>`
    with bit as (
      select at, get_byte(sealed[at], 500) as before, get_byte(sealed[at], 500) # 1 as after
      from compartment, array_position(names, 'clinical') as at where referral_id = ${referralId})
    update compartment set sealed[at] = set_byte(sealed[at], 500, bit.after)
    from bit where referral_id = ${referralId}
    returning bit.before, bit.after`
  show('clinical, byte 500', `${row?.before} becomes ${row?.after}`)
  const casework = reader('casework')
  const result = await casework.open(await casework.fetch(referralId))
  if (!result.opened) throw new Error(`nothing opened: ${result.step}`)
  const [changed, ...others] = result.withheld
  if (
    changed?.compartment !== 'clinical' ||
    others.length > 0 ||
    'clinical' in result.compartments
  ) {
    throw new Error('what was changed was opened')
  }
  const count = Object.keys(result.compartments).length
  show('casework opens it', `“clinical” is withheld, the other ${count} open`)
}
