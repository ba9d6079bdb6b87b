/** How the demo is called. */
import { parseArgs } from 'node:util'

/** What one call asks for. */
export type Call =
  | { readonly does: 'help' }
  /** The call itself is wrong; `words` say how. */
  | { readonly does: 'nothing'; readonly words: string }
  /** `port` 0: any that is free. */
  | { readonly does: 'play'; readonly kept: boolean; readonly port: number }

/** Short to type, and what the documents say. */
const portToTry = 8080

export const usage = `Usage: npm run demo [-- --keep]

Plays the whole path of a referral on this machine, in under half a minute, and
leaves nothing behind: neither a process nor a folder.

  --keep     Afterwards leave the service running until Ctrl-C, with a law firm,
             a casework team, an auditor and its host set up under data/try
  --help     Show this

  PORT=8081  before the command: the port of the service (with --keep, else any)`

/** @param port - the environment's PORT */
export function readCall(args: readonly string[], port: string | undefined): Call {
  try {
    const options = { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
    const { values } = parseArgs({ args: [...args], options })
    if (values.help) return { does: 'help' }
    const kept = values.keep ?? false
    if (!port) return { does: 'play', kept, port: kept ? portToTry : 0 }
    const number = /^[0-9]{1,5}$/.test(port) ? Number(port) : Number.NaN
    if (number <= 65_535) return { does: 'play', kept, port: number }
    return { does: 'nothing', words: 'PORT must be a whole number from 0 to 65535.' }
  } catch (error) {
    return { does: 'nothing', words: error instanceof Error ? error.message : String(error) }
  }
}
