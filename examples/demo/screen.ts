/** What the demo prints: eighty columns, however long a story is. */

import { shown } from '../../src/client/index.ts'

const columns = 80

/** One line. */
export function say(line: string): void {
  console.log(fitted(shown(line)))
}

/** The head of an act. */
export function act(number: number, title: string): void {
  console.log(`\n${number}. ${title}`)
}

/** A name and what there is to show of it, in two columns. */
export function show(name: string, value: string): void {
  say(`   ${name.padEnd(22)} ${value}`)
}

/** Bytes as a thief sees them. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 18), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function fitted(line: string): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`
}
