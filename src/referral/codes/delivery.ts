/** How a reply reaches somebody who reads none here: a person says when it has. */
export const deliveryWays = {
  read_aloud: 'Read aloud',
  letter: 'Handed over as a letter',
} as const

export type Way = keyof typeof deliveryWays
export const ways = Object.keys(deliveryWays) as Way[]
