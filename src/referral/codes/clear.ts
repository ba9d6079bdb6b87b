/** The three codes that stand in the clear header, each with its label for people. */

export const channels = {
  detained_person_web: 'Detained person, web form',
  detained_person_phone: 'Detained person, telephone',
  detained_person_post: 'Detained person, post',
  family_friend: 'Family or friend',
  visitor: 'Visitor',
  legal_representative: 'Legal representative',
  partner_ngo: 'Partner organisation',
  medical_professional: 'Medical professional',
  internal: 'Own staff',
} as const

/** In the order of haste: the first is the most urgent. */
export const urgencies = {
  immediate: 'Immediate: act within 24 hours',
  urgent: 'Urgent: within 72 hours',
  soon: 'Soon: within 5 working days',
  standard: 'Standard',
} as const

export const regions = {
  gatwick: 'Gatwick',
  heathrow: 'Heathrow',
  oxford: 'Oxford',
  north_east: 'North East',
  scotland: 'Scotland',
  bedford: 'Bedford',
  lincoln: 'Lincoln',
  south_coast: 'South coast',
  northern_ireland: 'Northern Ireland',
  manchester: 'Manchester',
  kent: 'Kent',
  prison_estate: 'Prison estate',
  community: 'Community',
  unknown: 'Unknown',
} as const

export type Channel = keyof typeof channels
export type Urgency = keyof typeof urgencies
export type Region = keyof typeof regions
