/** The halves of the two ceremonies that happen on the host: drafting, and publishing what was signed. */
import { readFile, writeFile } from 'node:fs/promises'
import type { Keyset } from '../../protocol/trust/keyset.ts'
import { readTrust } from '../settings.ts'
import { nextKeyset } from './drafting.ts'
import { administrative, onHost } from './usage.ts'

const out = { value: 'FILE', help: 'Where to; never overwritten.' }

/** `intake keyset draft`. */
export const keysetDraft = administrative({
  flags: '--out FILE [--changes FILE]...',
  summary: 'Write the next keyset, to be signed elsewhere.',
  details: `It is the newest keyset with the next number and fresh dates, and the members that the
files of --changes hold in place of its own. The first keyset is all changes.`,
  options: {
    out,
    changes: { value: 'FILE', many: true, help: 'What `intake keyset changes` wrote.' },
  },
  async run(input) {
    const file = input.needed('out')
    return onHost(input, async ({ publication, log, origin }) => {
      const newest = await publication.newestKeyset()
      const logOrigin = await log.origin()
      const changes = await Promise.all(input.texts('changes').map(readChanges))
      return writeDraft(nextKeyset(newest, changes, { origin, logOrigin }), file)
    })
  },
})

/** `intake keyset publish`. */
export const keysetPublish = administrative({
  operand: 'FILE',
  flags: '--trust FILE',
  summary: 'Publish a signed keyset, if one of the pinned roots signed it.',
  options: { trust: { value: 'FILE', help: 'The pinned roots, as every client has them.' } },
  async run(input, file) {
    const trustFile = input.needed('trust')
    return onHost(input, async ({ publication }) => {
      const trust = await readTrust(trustFile)
      return { keyset: await publication.publishKeyset(await readText(file), trust) }
    })
  },
})

/** `intake directory draft`. */
export const directoryDraft = administrative({
  flags: '--out FILE',
  summary: 'Write the next directory, to be signed elsewhere.',
  options: { out },
  async run(input) {
    const file = input.needed('out')
    return onHost(input, async ({ publication, origin }) =>
      writeDraft(await publication.draftDirectory(origin), file),
    )
  },
})

/** `intake directory publish`. */
export const directoryPublish = administrative({
  operand: 'FILE',
  summary: "Publish a signed directory, if the newest keyset's directory key signed it.",
  run: (input, file) =>
    onHost(input, async ({ publication }) => ({
      directory: await publication.publishDirectory(await readText(file)),
    })),
})

async function writeDraft(draft: unknown, file: string) {
  // It names partners and volunteers.
  const text = `${JSON.stringify(draft, null, 2)}\n`
  await writeFile(file, text, { mode: 0o600, flag: 'wx' })
  return { draft: file, next: 'Sign it where its key is kept, then publish the signed file here.' }
}

async function readText(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim()
}

async function readChanges(file: string): Promise<Partial<Keyset>> {
  return JSON.parse(await readText(file))
}
