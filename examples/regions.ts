import type { Region } from '../src/referral/codes/clear.ts'
import type { Place } from '../src/referral/codes/places.ts'

/** The region of each place; a holding room, a hospital or a police cell tells of none. */
export const regionOfPlace: Record<Place, Region> = {
  'irc-brook-house': 'gatwick',
  'irc-tinsley-house': 'gatwick',
  'irc-colnbrook': 'heathrow',
  'irc-harmondsworth': 'heathrow',
  'irc-campsfield-house': 'oxford',
  'irc-derwentside': 'north_east',
  'irc-dungavel': 'scotland',
  'irc-yarls-wood': 'bedford',
  'irc-haslar': 'south_coast',
  'rsthf-swinderby': 'lincoln',
  'rsthf-larne-house': 'northern_ireland',
  'rsthf-manchester': 'manchester',
  'rhr-manston': 'kent',
  'sthf-holding-room': 'unknown',
  prison: 'prison_estate',
  hospital: 'unknown',
  police: 'unknown',
  released: 'community',
  unknown: 'unknown',
}
