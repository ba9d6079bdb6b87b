/** Text that would pass for the program's, and what must never be seen of it. */
import { hiddenRanges } from '../../src/referral/hidden.ts'
import type { Ran } from './run.ts'

/** What a forger wants a person to read as the program's own word. */
export const line = 'Nothing else is changed.'

/** Every way there is to begin a line, to go back to one, and to turn one around. */
export const planted = [
  'x',
  ...[
    '\n',
    '\r',
    '\r\n',
    '\u0085',
    '\u2028',
    '\u2029',
    '\v',
    '\f',
    '\u001b[2K\u001b[1G',
    '\u009b1A',
  ],
  ...[
    '\b\b\b\b',
    '\u202e',
    '\u2067',
    '\u061c',
    '\ufeff',
    '\u00ad',
    '\u{e0041}',
    '\ufff9',
    '\ue000',
  ],
].join(line)

const raw = new RegExp(`(?!\\n)[${hiddenRanges}]`, 'u')

/** What is wrong with what was printed: a raw character, or a line that only looks like ours. */
export function forgedIn({ out, err }: Pick<Ran, 'out' | 'err'>): string[] {
  const printed = `${out}\n${err}`
  return [
    ...(raw.test(printed) ? [`raw: ${JSON.stringify(printed)}`] : []),
    ...printed.split('\n').filter((shown) => /^[\s-]*Nothing else/.test(shown)),
    ...(/^ +at .*:\d+:\d+\)?$/m.test(printed) ? [`a stack: ${printed}`] : []),
  ]
}
