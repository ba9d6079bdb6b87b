/**
 * All that a trial deployment needs before its first referral, in the order a real one does it: root
 * keys, recipient keys, organisations and clients, the signed keyset, the signed directory. In a
 * real deployment each of these keys is made by another hand, on another machine.
 */

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { generateTokenKey, issueToken } from '../src/access/token.ts'
import { grantable } from '../src/caller.ts'
import { connect } from '../src/database/connect.ts'
import { createAdministration } from '../src/directory/administration.ts'
import { createPublication } from '../src/directory/publication.ts'
import { encodeBase64url } from '../src/protocol/bytes.ts'
import type { KeyFile } from '../src/protocol/keyfile.ts'
import { generateRecipientKey, generateSigningKey, type KeyPair } from '../src/protocol/keys.ts'
import { matchKeyTypes } from '../src/protocol/matching/keytypes.ts'
import { matchingEpochOf } from '../src/protocol/matching/matchingkey.ts'
import { generateMatchingKey, type MatchingKey } from '../src/protocol/matching/voprf.ts'
import { signDirectory } from '../src/protocol/trust/directory.ts'
import {
  type Keyset,
  type MatchingEpoch,
  signKeyset,
  type Trust,
} from '../src/protocol/trust/keyset.ts'
import { type CompartmentName, compartmentNames } from '../src/referral/compartment.ts'

const dayMs = 86_400_000

/** About 40 ms for each match key. */
const stretching = { passes: 2, memoryKiB: 19_456 }

/** What a clinician needs to see a patient, and nothing that names the patient. */
const clinicCompartments: readonly CompartmentName[] = [
  'interpreting',
  'consent',
  'clinical',
  'narrative',
  'documents',
]

type Recipient = Keyset['recipients'][number]

/** An organisation that refers: its directory id, its client, and the key it signs with. */
export type Referring = {
  readonly organisationId: string
  readonly clientId: string
  readonly signing: KeyPair
}

export type World = {
  readonly origin: string
  readonly trust: Trust
  readonly keyset: Keyset
  readonly roots: readonly [KeyPair, KeyPair]
  readonly directoryKey: KeyPair
  /** What the service signs checkpoints of the access log with. */
  readonly logKey: KeyPair
  readonly recipients: Record<'casework' | 'clinic' | 'recovery', Required<KeyFile>>
  /** The keys of matching epoch 1, one a holder. */
  readonly matchingKeys: readonly MatchingKey[]
  readonly referring: Record<'telephone' | 'lawFirm' | 'ngo', Referring>
  /** Client ids of the apps that work the queue, and of the auditor. */
  readonly clients: Record<'casework' | 'clinic' | 'auditor', string>
  /** A token for a client, good for an hour. */
  token(clientId: string): Promise<string>
}

export type CeremonyOptions = {
  readonly ownerUrl: string
  readonly origin: string
  readonly tokenKeyFile: string
  readonly matching?: {
    /** One key, or one for each of two holders; one is made if left out. */
    readonly keys?: readonly MatchingKey[]
    /** What a guess costs; tests ask for less. */
    readonly argon2id?: MatchingEpoch['argon2id']
  }
}

/** Holds the whole ceremony against a migrated database. */
export async function holdCeremony(options: CeremonyOptions): Promise<World> {
  const { ownerUrl, origin, tokenKeyFile, matching = {} } = options
  const { keys: matchingKeys = [generateMatchingKey()], argon2id = stretching } = matching
  const database = connect({ url: ownerUrl, connectionsMax: 2, prepare: true })
  const administration = createAdministration(database)
  const publication = createPublication(database)
  try {
    const roots = [generateSigningKey(), generateSigningKey()] as const
    const [directoryKey, logKey] = [generateSigningKey(), generateSigningKey()]
    const recipients = { casework: newReader(), clinic: newReader(), recovery: newReader() }
    const trust: Trust = {
      origin,
      rootKeys: roots.map(({ publicKey }) => encodeBase64url(publicKey)),
      minimumVersion: 1,
    }
    const epoch = matchingEpochOf(1, matchingKeys.map(publicHalf), {
      types: matchKeyTypes,
      argon2id,
    })
    const keyset = firstKeyset(trust, { directoryKey, logKey }, recipients, [epoch])
    await publication.publishKeyset(signKeyset(keyset, roots[0]), trust)

    const charity = await administration.addOrganisation('The charity')
    const internal = (label: string, { receiving }: Required<KeyFile>) =>
      administration.addClient({
        organisationId: charity,
        label,
        kind: 'internal',
        scopes: [...grantable.internal],
        kids: [receiving.kid],
      })
    const clients = {
      casework: await internal('Casework app', recipients.casework),
      clinic: await internal('Clinic app', recipients.clinic),
      auditor: await administration.addClient({
        organisationId: await administration.addOrganisation('Outside auditor'),
        label: 'Auditor',
        kind: 'auditor',
        scopes: ['audit:read'],
        kids: [],
      }),
    }
    const telephone = await addKey(administration, charity, clients.casework)
    const lawFirm = await addPartner(administration, 'Harbour Law')
    const ngo = await addPartner(administration, 'Open Door')
    const directory = await publication.draftDirectory(origin)
    await publication.publishDirectory(signDirectory(directory, directoryKey))

    if (!existsSync(tokenKeyFile)) await generateTokenKey(tokenKeyFile)
    const tokenKey = await readFile(tokenKeyFile, 'utf8')
    return {
      ...{ origin, trust, keyset, roots, directoryKey, logKey },
      ...{ recipients, matchingKeys, clients },
      referring: { telephone, lawFirm, ngo },
      token: async (clientId) => issueToken(tokenKey, origin, clientId, 60),
    }
  } finally {
    await database.close()
  }
}

type Administration = ReturnType<typeof createAdministration>

async function addPartner(administration: Administration, label: string): Promise<Referring> {
  const organisationId = await administration.addOrganisation(label)
  const clientId = await administration.addClient({
    organisationId,
    label: `${label} client`,
    kind: 'partner',
    // Not `documents:write`, with which a client must prove its key in each request.
    scopes: ['referrals:submit', 'matching:evaluate', 'messages:write'],
    kids: [],
  })
  return addKey(administration, organisationId, clientId)
}

async function addKey(
  administration: Administration,
  organisationId: string,
  clientId: string,
): Promise<Referring> {
  const signing = generateSigningKey()
  const publicKey = encodeBase64url(signing.publicKey)
  await administration.addSigningKey({ organisationId, publicKey })
  return { organisationId, clientId, signing }
}

function publicHalf({ publicKey }: MatchingKey): string {
  return encodeBase64url(publicKey)
}

function newReader(): Required<KeyFile> {
  return { signing: generateSigningKey(), receiving: generateRecipientKey() }
}

/** Version 1: casework and recovery hold everything, the clinic what it needs. */
export function firstKeyset(
  trust: Trust,
  { directoryKey, logKey }: Pick<World, 'directoryKey' | 'logKey'>,
  readers: World['recipients'],
  matching: Keyset['matching'] = [],
): Keyset {
  const now = Date.now()
  const inDays = (days: number) => new Date(now + days * dayMs).toISOString()
  const recipient = (
    label: string,
    { receiving, signing }: Required<KeyFile>,
    compartments: readonly CompartmentName[],
    recovery = false,
  ): Recipient => ({
    kid: receiving.kid,
    label,
    alg: 'X-Wing',
    publicKey: encodeBase64url(receiving.publicKey),
    signingKey: encodeBase64url(signing.publicKey),
    compartments: [...compartments],
    required: true,
    recovery,
  })
  return {
    origin: trust.origin,
    version: 1,
    revokes: [],
    issuedAt: inDays(0),
    refreshBy: inDays(335),
    expiresAt: inDays(365),
    roots: trust.rootKeys,
    protocols: ['sealed-referral/1'],
    directory: { kid: directoryKey.kid, publicKey: encodeBase64url(directoryKey.publicKey) },
    recipients: [
      recipient('Casework', readers.casework, compartmentNames),
      recipient('Clinic', readers.clinic, clinicCompartments),
      recipient('Recovery', readers.recovery, compartmentNames, true),
    ],
    matching,
    log: {
      origin: `${trust.origin}/v1/audit/logs/1`,
      publicKeys: [encodeBase64url(logKey.publicKey)],
      witnesses: [],
      quorum: 0,
    },
  }
}
