/** Act 6: somebody with the database in hand changes what was sealed. */
import type { Sent } from './referring.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

/** Turns one bit of one stored byte; the reader stops, and says where. */
export async function liar({ superuser, reader }: Stage, { envelope }: Sent): Promise<void> {
  act(6, 'A liar turns one bit of the stored story')
  const { referralId } = envelope.header
  const [row] = await superuser<{ before: number; after: number }[]>`
    with bit as (
      select get_byte(sealed, 500) as before, get_byte(sealed, 500) # 1 as after
      from compartment where referral_id = ${referralId} and name = 'clinical')
    update compartment c set sealed = set_byte(sealed, 500, bit.after)
    from bit where c.referral_id = ${referralId} and c.name = 'clinical'
    returning bit.before, bit.after`
  show('clinical, byte 500', `${row?.before} becomes ${row?.after}`)
  const casework = reader('casework')
  const result = await casework.open(await casework.fetch(referralId))
  if (result.opened) throw new Error('a changed referral was opened')
  show('casework opens it', `refused at the step “${result.step}”: nothing is shown`)
}
