import { completeReferral, type DraftReferral } from '../../src/referral/draft.ts'
import type { Referral } from '../../src/referral/fields.ts'

type Drafted = Required<DraftReferral>

/** A complete referral in which nothing presses, with some compartments answered otherwise. */
export function calm(changes: DraftReferral = {}): Referral {
  const legal: Drafted['legal'] = { removal: 'no' }
  const clinical: Drafted['clinical'] = {
    requested: ['medical_advice_only'],
    torture: 'no',
    selfHarm: 'no',
    suicidalThoughts: 'no',
    pregnancy: 'no',
    foodRefusalSince: 'no',
    fluidRefusalSince: 'no',
  }
  return completeReferral({
    ...changes,
    identity: { familyName: 'Okonjo', ...changes.identity },
    consent: {
      personKnows: 'yes',
      given: [{ to: 'assessment', answer: 'given' }],
      capacityConcern: 'none',
      ...changes.consent,
    },
    detention: { places: [{ place: 'irc-haslar' }], ...changes.detention },
    legal: { ...legal, ...changes.legal },
    clinical: { ...clinical, ...changes.clinical },
  })
}
