/**
 * The Damm check digit: notices every single wrong digit and every swap of two neighbours, the two
 * ways in which people copy a number wrongly.
 *
 * H. Michael Damm, "Total anti-symmetrische Quasigruppen", Marburg 2004.
 */

// The quasigroup of order 10 from that thesis. Its diagonal is zero, so that a number followed by
// its own check digit ends in state 0.
const quasigroup = [
  [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
  [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
  [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
  [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
  [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
  [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
  [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
  [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
  [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
  [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
]

/** The check digit to write after `digits`, a string of ASCII digits. */
export function dammDigit(digits: string): string {
  let state = 0
  for (const digit of digits) state = quasigroup[state]?.[Number(digit)] ?? state
  return String(state)
}

/** Whether `digits` ends in its own check digit. */
export function dammValid(digits: string): boolean {
  return /^[0-9]{2,}$/.test(digits) && dammDigit(digits) === '0'
}
