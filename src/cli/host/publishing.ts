/** The halves of the two ceremonies that happen on the host: drafting, and publishing what was signed. */
import { readFile, writeFile } from 'node:fs/promises'
import type { Keyset } from '../../protocol/trust/keyset.ts'
import { directoryFaults } from '../../protocol/trust/rules.ts'
import { refuse } from '../ceremony/signing.ts'
import { readTrust } from '../settings.ts'
import { nextKeyset } from './drafting.ts'
import { granteeOptions, granteesIn } from './grantees.ts'
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
  flags: '--out FILE [--grantee FILE ...]... [--without KID]...',
  summary: 'Write the next directory, to be signed elsewhere.',
  details: `It lists the organisations that refer, with their keys on record, and the grantees of the newest
one. A grantee is a reader beside the recipients, a volunteer clinician or an interpreter, to whom a recipient
may grant compartments of a referral. FILE is the public half of its key, as \`intake keys generate --kind
recipient\` leaves it; behind it stand its --label and --compartments, and --until if its time ends. One of the
same id is replaced, and --without takes one out. It opens with a client of its own: \`intake admin client add
--kind internal --scope referrals:open --kid KID\`.`,
  options: { out, ...granteeOptions },
  async run(input) {
    const file = input.needed('out')
    return onHost(input, async ({ publication, origin }) => {
      const draft = await publication.draftDirectory(origin)
      const directory = { ...draft, grantees: await granteesIn(input, draft.grantees) }
      refuse(directoryFaults(directory))
      return writeDraft(directory, file)
    })
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
