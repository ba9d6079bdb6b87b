/**
 * Partners, as the administrator brings them in on the host: an organisation, its client, and the two
 * keys of its request, all or none. And as they change their keys, with a time in which both count.
 */
import type { Action, AuditObject } from '../audit/entry.ts'
import type { Database, Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { decodeBase64url, encodeBase64url } from '../protocol/bytes.ts'
import { algorithmOf, thumbprintOf } from '../protocol/jwk.ts'
import { kidOf } from '../protocol/kid.ts'
import { type PartnerKeyChange, requireOldKeys } from '../protocol/partner/change.ts'
import type { ClientJwk } from '../protocol/partner/clientkey.ts'
import type { PartnerRequest } from '../protocol/partner/request.ts'
import { asAdministrator } from './administrator.ts'
import { endClientKey, insertClientKey } from './clientkeys.ts'
import { selectPartnerKeys } from './partnerkeys.ts'
import {
  endSigningKey,
  insertClient,
  insertOrganisation,
  insertSigningKey,
  isOrganisation,
  isSigningKey,
} from './store.ts'

export type Partners = ReturnType<typeof createPartners>

/** What a partner's client may ask for. */
const partnerScopes = ['referrals:submit', 'matching:evaluate', 'messages:write'] as const

const dayMs = 86_400_000

/** A partner as it is recorded; the ids are drawn by whoever calls. */
export type NewPartner = {
  readonly organisationId: string
  /** Whether that organisation is to be added, or is there and gets one more client. */
  readonly isNew: boolean
  readonly clientId: string
  /** Whose proofs were checked when it was read. */
  readonly request: PartnerRequest
}

export function createPartners(database: Database) {
  const { recordedAll } = asAdministrator(database)
  return {
    /** Records all that a request asks for. The signing key counts once it is in a published directory. */
    async add({ organisationId, isNew, clientId, request }: NewPartner): Promise<void> {
      await recordedAll('client.added', async (tx) => {
        const { label } = request
        if (isNew) await insertOrganisation(tx, organisationId, label)
        else if (!(await isOrganisation(tx, organisationId))) {
          throw new Refusal('not-found', `no organisation ${organisationId}`)
        }
        const client = { id: clientId, organisationId, label, kids: [] }
        await insertClient(tx, { ...client, kind: 'partner', scopes: [...partnerScopes] })
        return {
          acts: [
            ...(isNew ? [act('organisation.added', 'organisation', organisationId)] : []),
            act('client.added', 'client', clientId),
            ...(await addKeys(tx, organisationId, clientId, request)),
          ],
        }
      })
    },

    /**
     * Records the new keys of a change that both old keys signed, and lets the old ones end.
     *
     * @returns the moment at which the old keys end
     * @throws Refusal `block-unproven` if the old keys are not on record, have ended, or did not sign
     */
    async rotate(change: PartnerKeyChange, overlapDays: number): Promise<Date> {
      const { until } = await recordedAll('client-key.added', async (tx) => {
        const { clientId, old } = change
        const recorded = await selectPartnerKeys(tx, clientId, old)
        if (!recorded)
          throw new Refusal('block-unproven', 'its old keys are not on record, or ended')
        requireOldKeys(change, {
          signingKey: encodeBase64url(recorded.signingKey),
          clientKey: recorded.clientKey,
        })
        const until = new Date(tx.now.getTime() + overlapDays * dayMs)
        const added = await addKeys(tx, recorded.organisationId, clientId, change)
        // One that ends before keeps its end.
        const ends = new Date(recorded.signingUntil ?? until)
        await endSigningKey(tx, old.signing, { until: ends < until ? ends : until })
        await endClientKey(tx, old.client, until)
        const ended = [
          act('signing-key.ended', 'key', old.signing),
          act('client-key.ended', 'key', old.client),
        ]
        return { until, acts: [...added, ...ended] }
      })
      return until
    },
  }
}

type Keys = { readonly signingKey: string; readonly clientKey: ClientJwk }

async function addKeys(tx: Tx, organisationId: string, clientId: string, keys: Keys) {
  const publicKey = decodeBase64url(keys.signingKey, 32)
  const kid = kidOf('Ed25519', publicKey)
  const clientKid = thumbprintOf(keys.clientKey)
  if (await isSigningKey(tx, kid)) throw spent()
  const validity = { validFrom: tx.now, validUntil: null }
  await insertSigningKey(tx, organisationId, { kid, publicKey, ...validity })
  const { clientKey: jwk } = keys
  const client = { kid: clientKid, clientId, jwk, alg: algorithmOf(jwk), ...validity }
  if (!(await insertClientKey(tx, client))) throw spent()
  return [act('signing-key.added', 'key', kid), act('client-key.added', 'key', clientKid)]
}

function spent(): Refusal {
  return new Refusal('block-spent', 'a key of it is on record already')
}

function act(action: Action, kind: AuditObject['kind'], id: string) {
  return { action, object: { kind, id } }
}
