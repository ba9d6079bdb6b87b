/** The key ceremony of docs/OPERATIONS.md, command by command, in one folder. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Command, readInput } from '../../src/cli/command.ts'
import { folderOf, intake, node, type Ran } from './run.ts'

const mainUrl = new URL('../../src/cli/main.ts', import.meta.url).href

/** `intake` in words, each FILE of them in the walk's own folder; the owner's login is set. */
export async function startWalk(t: Pick<Test, 'teardown'>, ownerUrl: string) {
  const folder = await folderOf(t)
  const environment = { DATABASE_OWNER_URL: ownerUrl, ORIGIN: 'intake.test', DATA_DIR: folder }
  const wordsOf = (command: string) =>
    [...command.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => {
      if (quoted !== undefined) return quoted
      return /^[\w.-]+\.(key|pub|json|jws|pem|token)$/.test(word) ? join(folder, word) : word
    })
  const run = (command: string): Promise<Ran> => intake(wordsOf(command), environment)
  return {
    folder,
    run,
    /** The same in this process, for the many calls that a command refuses. */
    call: (command: Command, words: string) =>
      Promise.resolve().then(() => command.run(readInput(command, wordsOf(words)))),
    /** Runs commands that succeed, one after the other in one process; answers what they printed. */
    async done(...commands: readonly string[]): Promise<string> {
      const script = `import { main } from ${JSON.stringify(mainUrl)}
        for (const args of ${JSON.stringify(commands.map(wordsOf))}) {
          process.exitCode ||= await main(args)
        }`
      const { code, out, err } = await node(['--input-type=module', '--eval', script], environment)
      if (code !== 0) throw new Error(`${commands.join('; ')}: ${code}\n${out}${err}`)
      return out
    },
    read: (file: string) => readFile(join(folder, file), 'utf8'),
  }
}

/** Each person's own keys. */
export const keys = [
  'keys generate --no-passphrase --out root-a.key',
  'keys generate --no-passphrase --out root-b.key',
  'keys generate --no-passphrase --out directory.key',
  'keys generate --no-passphrase --out log.key',
  'keys generate --no-passphrase --kind recipient --out casework.key',
  'keys generate --no-passphrase --kind recipient --out recovery.key',
]

/** What the first keyset is made of. */
export const firstChanges =
  'keyset changes --out changes.json --origin intake.test ' +
  '--root root-a.pub --root root-b.pub --directory directory.pub --log log.pub ' +
  '--recipient casework.pub --label Casework --compartments all --recovery recovery.pub'

/** From the changes to a published keyset, and the trust of every client. */
export const firstKeyset = [
  'keyset draft --changes changes.json --out keyset-1.draft.json',
  'keyset sign keyset-1.draft.json --key root-a.key --out keyset-1.jws --yes',
  'keyset trust keyset-1.jws --root root-a.pub --root root-b.pub --out trust.json',
  'keyset publish keyset-1.jws --trust trust.json',
]
