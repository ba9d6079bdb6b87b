/** Act 9: two people of whom nothing is known are two people. */
import type { Draft } from '../../src/client/index.ts'
import { casesOf, paired, queueOf } from './matching.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

/** What people type where they have nothing to type. It is the same for everybody. */
const draft: Draft = {
  channel: 'partner_ngo',
  region: 'unknown',
  referral: {
    identity: {
      givenNames: 'Not known',
      familyName: 'Not known',
      identifiers: [{ type: 'home_office_file', value: 'N/A' }],
    },
    contact: { phone: 'N/A' },
  },
}

/** Refers two strangers in the same words; nothing is made of them that could be compared. */
export async function strangers(stage: Stage): Promise<void> {
  act(9, 'Two of whom nothing is known are not one')
  const ids: string[] = []
  for (const [by, name] of [['lawFirm', 'law firm'] as const, ['ngo', 'NGO'] as const]) {
    const referrer = stage.referrer(by)
    const { referralId } = await referrer.submit(await referrer.seal(draft))
    ids.push(referralId)
    show(name, 'name not known, Home Office number N/A, phone N/A')
  }
  const values = await stage.superuser`
    select from match_value where referral_id = any (${ids}::uuid[])`
  show('the server saw', `${values.length} values that could be compared`)
  await paired(stage)
  const cases = await casesOf(stage, ids)
  const items = await queueOf(stage, ids)
  show('a moment later', `${cases.length} cases, ${items.length} items on the queue`)
  if (values.length > 0 || cases.length !== 2 || items.length !== 2) {
    throw new Error('strangers are compared')
  }
}
