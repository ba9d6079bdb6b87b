/**
 * The ten compartments of a referral. A compartment is sealed as a whole, with a key of its own, so
 * it is also the smallest thing that can be given to one reader and kept from another.
 */
export const compartmentNames = [
  'interpreting',
  'identity',
  'contact',
  'consent',
  'referrer',
  'detention',
  'legal',
  'clinical',
  'narrative',
  'documents',
] as const

export type CompartmentName = (typeof compartmentNames)[number]
