export const places = {
  'irc-brook-house': 'Brook House, Gatwick',
  'irc-tinsley-house': 'Tinsley House, Gatwick',
  'irc-colnbrook': 'Colnbrook, Heathrow',
  'irc-harmondsworth': 'Harmondsworth, Heathrow',
  'irc-campsfield-house': 'Campsfield House, Oxford',
  'irc-derwentside': 'Derwentside, County Durham',
  'irc-dungavel': 'Dungavel, South Lanarkshire',
  'irc-yarls-wood': "Yarl's Wood, Bedford",
  'irc-haslar': 'Haslar, Gosport',
  'rsthf-swinderby': 'Swinderby, Lincoln (residential short-term)',
  'rsthf-larne-house': 'Larne House, Northern Ireland (residential short-term)',
  'rsthf-manchester': 'Manchester (residential short-term)',
  'rhr-manston': 'Manston, Kent (residential holding rooms)',
  'sthf-holding-room': 'A short-term holding room',
  prison: 'A prison, named by its HMPPS id where known',
  hospital: 'Hospital',
  police: 'Police custody',
  released: 'Released',
  unknown: 'Unknown',
} as const

export type Place = keyof typeof places
