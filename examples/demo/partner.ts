/** Act 10: a partner that nobody knows is brought in, and refers. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createReferrer, createSignIn, type Draft, ServiceProblem } from '../../src/client/index.ts'
import { connect } from '../../src/database/connect.ts'
import { createPartners } from '../../src/directory/partners.ts'
import { createPublication } from '../../src/directory/publication.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import { fingerprintOf, isFingerprintOf } from '../../src/protocol/partner/block.ts'
import { generateClientKey } from '../../src/protocol/partner/clientkey.ts'
import {
  admissionBlock,
  admissionOf,
  makeRequest,
  readAdmission,
  readRequest,
  requestBlock,
} from '../../src/protocol/partner/request.ts'
import { signDirectory } from '../../src/protocol/trust/directory.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'
import { type Overheard, overhearing } from './stolen.ts'

const newcomer = 'Kessingland Law'
const draftFile = join(import.meta.dirname, '../partners/draft.json')

/** Its client, and a request of its that somebody overheard. */
type Newcomer = { readonly clientId: string; readonly overheard: Overheard }

/** Brings it in, and has it refer, once too early and once in time. */
export async function partnerJoins(stage: Stage): Promise<Newcomer> {
  act(10, 'A partner is brought in: two blocks by e-mail, two telephone calls')
  const { world, url } = stage
  const keys = newKeys()
  const request = makeRequest(newcomer, keys, new Date())
  const mail = requestBlock(request).replaceAll(/^/gm, '> ')
  show(`${newcomer} sends`, `${mail.split('\n').length - 1} lines, its three public keys in them`)
  show('and reads out', fingerprintOf(request))
  // Whoever changes the e-mail can put a whole block of their own there, and no other voice on the telephone.
  const forged = makeRequest(newcomer, newKeys(), new Date())
  if (isFingerprintOf(forged, fingerprintOf(request)))
    throw new Error('two blocks, one fingerprint')
  show('a thief’s own block', 'has other digits: nothing is recorded')

  const [organisationId, clientId] = [newId(), newId()]
  const issuer = `${url}/oauth`
  const given = { url, issuer, tokenEndpoint: `${issuer}/token`, clientId, trust: world.trust }
  const received = readRequest(mail)
  const admission = admissionOf(received, given)
  const database = connect({ url: stage.ownerUrl, connectionsMax: 1, prepare: true })
  try {
    await createPartners(database).add({ organisationId, isNew: true, clientId, request: received })
    show('the administrator', 'records organisation, client and two keys, all or none')
    const joined = readAdmission(admissionBlock(admission), request)
    show('and reads out', fingerprintOf(admission))
    const referrer = createReferrer({
      url: joined.url,
      trust: joined.trust,
      signer: keys.signing,
      token: createSignIn({ url: joined.url, clientId: joined.clientId, key: keys.client }),
    })
    const draft: Draft = JSON.parse(await readFile(draftFile, 'utf8'))
    const envelope = await referrer.seal(draft)
    const early = await referrer.submit(envelope).catch((error: unknown) => error)
    const code = early instanceof ServiceProblem ? early.problem.code : 'none'
    show('it refers too early', `422 ${code}: no published directory has its key`)
    const publication = createPublication(database)
    const directory = await publication.draftDirectory(world.origin)
    await publication.publishDirectory(signDirectory(directory, world.directoryKey))
    const { result, overheard } = await overhearing(() => referrer.submit(envelope))
    show('the directory is out', `201, reference ${result.reference}`)
    return { clientId, overheard }
  } finally {
    await database.close()
  }
}

function newKeys() {
  return {
    signing: generateSigningKey(),
    reply: generateRecipientKey(),
    client: generateClientKey(),
  }
}
