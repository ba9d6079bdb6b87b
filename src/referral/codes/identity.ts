export const genders = {
  woman: 'Woman',
  man: 'Man',
  non_binary: 'Non-binary',
  other: 'In another way',
  not_said: 'Preferred not to say',
} as const

/** The numbers by which a person is known; `identifiers.ts` has the form of each. */
export const identifierTypes = {
  uan: 'Unique application number',
  gwf: 'Global web form number',
  cid: 'Home Office CID person number',
  home_office_file: 'Home Office file number',
  port_reference: 'Port reference',
  prison_number: 'Prison number',
  appeal: 'First-tier Tribunal appeal number',
  upper_tribunal: 'Upper Tribunal number',
  bail: 'Immigration bail number',
} as const

export type IdentifierType = keyof typeof identifierTypes
