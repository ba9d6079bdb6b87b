/** Act 15: a law firm sends documents in a message, and one that is exchanged on the server's disk is refused. */
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openInto } from '../../src/cli/documents/opening.ts'
import { sendDocuments } from '../../src/cli/documents/sending.ts'
import {
  type Attachment,
  attachmentsIn,
  createReferrer,
  type Draft,
  type Envelope,
  type Reader,
  Refusal,
} from '../../src/client/index.ts'
import { connect } from '../../src/database/connect.ts'
import { createAdministration } from '../../src/directory/administration.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

const draft: Draft = {
  channel: 'legal_representative',
  region: 'unknown',
  referral: { identity: { givenNames: 'Farid', familyName: 'Rahimi' } },
}

const text = 'Two letters, by his surgeon and by his doctor.'
/** Long enough to be sealed in several chunks. */
const letters = ['Surgeon', 'Doctor'].map((by) => ({
  name: `${by}’s letter.pdf`,
  content: `%PDF-1.7\n${`A letter by the ${by}. `.repeat(5_000)}`,
}))

/**
 * Two files go out with one message, and casework opens them; then one is exchanged where it is stored.
 *
 * @returns the referral that they are about
 */
export async function documentExchanged(stage: Stage): Promise<Envelope> {
  act(15, 'Documents go with a message, and the disk that keeps them is not believed')
  const lawFirm = stage.referrer('lawFirm')
  const envelope = await lawFirm.seal(draft)
  const { referralId } = await lawFirm.submit(envelope)
  await sendLetters(stage, referralId)

  const casework = stage.reader('casework')
  const named = await lettersIn(casework, referralId)
  const stored = named.map(({ documentId }) => join(stage.folder, 'documents', documentId))
  const sealed = await Promise.all(stored.map((file) => readFile(file)))
  const legible = sealed.filter((bytes) => bytes.includes('A letter by'))
  show(
    'the server keeps',
    `${named.length} documents without names, ${legible.length} of them in the clear`,
  )

  const opened = join(stage.folder, 'opened')
  show('casework opens both', (await openAll(casework, referralId, named, opened)).join(', '))
  const [path = '', other = ''] = stored
  await copyFile(other, path)
  show('a hand on the disk', 'puts the second in the place of the first')
  const again = join(stage.folder, 'opened-again')
  const [refused = ''] = await openAll(casework, referralId, named, again)
  show('casework opens them', refused)
  const written = (await readdir(again)).join(', ')
  show('in its folder', written)
  const first = await readFile(join(opened, 'document-1.pdf'), 'utf8')
  if (first !== letters[0]?.content || legible.length > 0) throw new Error('they are not as sent')
  if (written !== 'document-2.pdf') throw new Error('what was exchanged was opened')
  return envelope
}

/** Uploads the files while they are sealed, and names them in a message before they are whole. */
async function sendLetters({ folder, ...stage }: Stage, referralId: string): Promise<void> {
  const home = join(folder, 'law-firm')
  const referrer = await documentsClient(stage)
  const files = letters.map(({ name }) => {
    return { path: join(folder, name), about: { type: 'medical_records', name } } as const
  })
  for (const { name, content } of letters) await writeFile(join(folder, name), content)
  const { failure } = await sendDocuments({ home, referralId, files }, referrer, (documents) =>
    referrer.send(referralId, { text, documents }),
  )
  if (failure !== undefined) throw failure
  show('the law firm writes', text)
  show('and uploads, sealed', letters.map(({ name }) => name).join(', '))
}

/** A client of the law firm that may upload; the one of the ceremony may not. */
async function documentsClient({ ownerUrl, url, world }: Omit<Stage, 'folder'>) {
  const { organisationId, signing } = world.referring.lawFirm
  const database = connect({ url: ownerUrl, connectionsMax: 1, prepare: true })
  try {
    const clientId = await createAdministration(database).addClient({
      ...{ organisationId, label: 'Harbour Law, documents', kind: 'partner', kids: [] },
      scopes: ['messages:write', 'documents:write'],
    })
    const token = () => world.token(clientId)
    return createReferrer({ url, trust: world.trust, signer: signing, token })
  } finally {
    await database.close()
  }
}

async function lettersIn(casework: Reader, referralId: string): Promise<Attachment[]> {
  const about = await casework.open(await casework.fetch(referralId))
  if (!about.opened) throw new Error(`casework could not open: ${about.step}`)
  const [message] = (await casework.messages(about)).messages
  if (!message?.opened) throw new Error('the message does not open')
  return attachmentsIn((message.content as { documents?: unknown }).documents)
}

/** As `intake documents get` does. @returns what became of each */
async function openAll(
  casework: Reader,
  referralId: string,
  named: readonly Attachment[],
  folder: string,
): Promise<string[]> {
  const became: string[] = []
  for (const [at, attachment] of named.entries()) {
    const place = { folder, number: at + 1, allowsActive: false }
    try {
      const path = await openInto(casework, referralId, attachment, place)
      became.push(path.slice(folder.length + 1))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      became.push(`document-${at + 1} was not written: ${error.code}`)
    }
  }
  return became
}
