/** What `intake admin` does on the host: organisations, their clients and their signing keys. */
import { grantable, type Scope } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import { algorithmOf, readPublicJwk, thumbprintOf } from '../protocol/jwk.ts'
import { kidOf } from '../protocol/kid.ts'
import { Label, organisationLabelMax } from '../protocol/label.ts'
import { newId } from '../protocol/uuid.ts'
import { schemaProblems } from '../referral/problems.ts'
import { asAdministrator } from './administrator.ts'
import { endClientKey, insertClientKey } from './clientkeys.ts'
import {
  disableClient,
  disableOrganisation,
  endSigningKey,
  insertClient,
  insertOrganisation,
  insertSigningKey,
  isOrganisation,
  isSigningKey,
  selectClients,
} from './store.ts'

export type NewClient = {
  readonly organisationId: string
  readonly label: string
  readonly kind: 'partner' | 'internal' | 'auditor'
  readonly scopes: readonly Scope[]
  /** The recipient keys it may claim and open for. */
  readonly kids: readonly string[]
}

export type NewSigningKey = {
  readonly organisationId: string
  /** base64url of 32 bytes. */
  readonly publicKey: string
  readonly from?: Date
  readonly until?: Date
}

export type NewClientKey = {
  readonly clientId: string
  /** A JWK of the public half, of P-256 or Ed25519. */
  readonly jwk: unknown
  readonly from?: Date
  readonly until?: Date
}

export type Administration = ReturnType<typeof createAdministration>

export function createAdministration(database: Database) {
  const { recorded, recordedAll } = asAdministrator(database)
  return {
    ...clientActs(recorded),
    ...auditorActs(recordedAll),
    ...clientKeyActs(recorded),
    ...keyActs(recorded),
  }
}

type Recorded = ReturnType<typeof asAdministrator>['recorded']
type RecordedAll = ReturnType<typeof asAdministrator>['recordedAll']

function clientActs(recorded: Recorded) {
  return {
    /** Returns the new organisation's id. */
    async addOrganisation(label: string): Promise<string> {
      const id = newId()
      await recorded('organisation.added', async (tx) => {
        requireLabel(label)
        await insertOrganisation(tx, id, label)
        return { object: { kind: 'organisation', id } }
      })
      return id
    },

    /** Returns the new client's id. A scope that its kind may not have is refused. */
    async addClient({ scopes, kids, ...client }: NewClient): Promise<string> {
      const id = newId()
      await recorded('client.added', async (tx) => {
        requireGrantable(client.kind, scopes)
        requireLabel(client.label)
        requireKids(client.kind, kids)
        await requireOrganisation(tx, client.organisationId)
        await insertClient(tx, { id, ...client, scopes: [...scopes], kids: [...kids] })
        return { object: { kind: 'client', id } }
      })
      return id
    },

    /** Takes effect on the next request to any replica within two seconds. */
    async disableClient(id: string): Promise<void> {
      await recorded('client.disabled', async (tx) => {
        if (!(await disableClient(tx, id))) throw new Refusal('not-found', `no client ${id}`)
        return { object: { kind: 'client', id } }
      })
    },

    /** The same for all clients of an organisation. */
    async disableOrganisation(id: string): Promise<void> {
      await recorded('organisation.disabled', async (tx) => {
        if (!(await disableOrganisation(tx, id))) {
          throw new Refusal('not-found', `no organisation ${id}`)
        }
        return { object: { kind: 'organisation', id } }
      })
    },

    /** Notes that a token was made; the token itself is nobody's business. */
    async recordToken(clientId: string): Promise<void> {
      await recorded('token.issued', async (tx) => {
        await requireClient(tx, clientId)
        return { object: { kind: 'client', id: clientId } }
      })
    },

    /** All clients, with their organisations' labels. */
    async listClients() {
      const { clients } = await recorded('client.listed', async (tx) => ({
        clients: await selectClients(tx),
        object: { kind: 'client', id: 'all' },
      }))
      return clients.map(({ organisation, ...client }) => ({ client, organisation }))
    },
  }
}

function auditorActs(recordedAll: RecordedAll) {
  return {
    /**
     * Lets an auditor in: its organisation, its client and the key that it signs in with, all or none.
     *
     * @param label - what both are called
     * @param jwk - of the public half, of P-256 or Ed25519
     * @returns the ids of all three
     */
    async addAuditor(label: string, jwk: unknown) {
      const { ids } = await recordedAll('client.added', async (tx) => {
        requireLabel(label)
        const organisationId = newId()
        const client = { id: newId(), organisationId, label, kind: 'auditor', kids: [] } as const
        await insertOrganisation(tx, organisationId, label)
        await insertClient(tx, { ...client, kids: [], scopes: [...grantable.auditor] })
        const kid = await addClientKey(tx, { clientId: client.id, jwk })
        const acts = [
          { action: 'organisation.added', object: { kind: 'organisation', id: organisationId } },
          { action: 'client.added', object: { kind: 'client', id: client.id } },
          { action: 'client-key.added', object: { kind: 'key', id: kid } },
        ] as const
        return { acts, ids: { organisationId, clientId: client.id, kid } }
      })
      return ids
    },
  }
}

function clientKeyActs(recorded: Recorded) {
  return {
    /** Returns the key's thumbprint. From `from` on the client may sign in with it. */
    async addClientKey(key: NewClientKey): Promise<string> {
      const { object } = await recorded('client-key.added', async (tx) => {
        await requireClient(tx, key.clientId)
        return { object: { kind: 'key', id: await addClientKey(tx, key) } as const }
      })
      return object.id
    },

    /** From `until` on, or now, nobody signs in with it; a token that was issued lives five minutes. */
    async endClientKey(kid: string, { until }: { readonly until?: Date }): Promise<void> {
      await recorded('client-key.ended', async (tx) => {
        if (!(await endClientKey(tx, kid, until ?? tx.now))) {
          throw new Refusal('not-found', 'no client key of that id')
        }
        return { object: { kind: 'key', id: kid } }
      })
    },
  }
}

function keyActs(recorded: Recorded) {
  return {
    /** Returns the key's id. It counts once it stands in a published directory. */
    async addSigningKey({
      organisationId,
      publicKey,
      from,
      until,
    }: NewSigningKey): Promise<string> {
      const { object } = await recorded('signing-key.added', async (tx) => {
        const bytes = decodeBase64url(publicKey, 32)
        const kid = kidOf('Ed25519', bytes)
        await requireOrganisation(tx, organisationId)
        if (await isSigningKey(tx, kid)) {
          throw new Refusal('malformed-request', 'that signing key is on record already')
        }
        const validity = { validFrom: from ?? tx.now, validUntil: until ?? null }
        await insertSigningKey(tx, organisationId, { kid, publicKey: bytes, ...validity })
        return { object: { kind: 'key', id: kid } as const }
      })
      return object.id
    },

    /** From `until` on what it signs is refused; from `compromisedFrom` on it never counted. */
    async endSigningKey(
      kid: string,
      end: { readonly until?: Date; readonly compromisedFrom?: Date },
    ): Promise<void> {
      await recorded('signing-key.ended', async (tx) => {
        if (!(await endSigningKey(tx, kid, end))) {
          throw new Refusal('not-found', 'no signing key of that id')
        }
        return { object: { kind: 'key', id: kid } }
      })
    },
  }
}

/** @returns the key's thumbprint */
async function addClientKey(tx: Tx, { clientId, from, until, ...given }: NewClientKey) {
  const jwk = readPublicJwk(given.jwk)
  const kid = thumbprintOf(jwk)
  const validity = { validFrom: from ?? tx.now, validUntil: until ?? null }
  if (await insertClientKey(tx, { kid, clientId, jwk, alg: algorithmOf(jwk), ...validity })) {
    return kid
  }
  throw new Refusal('malformed-request', 'that key is registered already: one key, one client')
}

function requireGrantable(kind: NewClient['kind'], scopes: readonly Scope[]): void {
  const beyond = scopes.filter((scope) => !grantable[kind].includes(scope))
  if (beyond.length === 0) return
  const detail = `a client of kind ${kind} may not have ${beyond.join(' ')}`
  throw new Refusal('malformed-request', detail)
}

/** As the signed directory lets one be: what stands here goes into the next. */
const OrganisationLabel = Label(organisationLabelMax)

function requireLabel(label: string): void {
  const [problem] = schemaProblems(OrganisationLabel, label)
  if (problem) throw new Refusal('malformed-request', `a label ${problem.detail}`)
}

function requireKids(kind: NewClient['kind'], kids: readonly string[]): void {
  if (kids.length > 0 && kind !== 'internal') {
    throw new Refusal('malformed-request', 'only an internal client holds recipient keys')
  }
  for (const kid of kids) decodeBase64url(kid, 16)
}

async function requireOrganisation(tx: Tx, id: string): Promise<void> {
  if (!(await isOrganisation(tx, id))) throw new Refusal('not-found', `no organisation ${id}`)
}

async function requireClient(tx: Tx, id: string): Promise<void> {
  const clients = await selectClients(tx)
  if (!clients.some((client) => client.id === id)) throw new Refusal('not-found', `no client ${id}`)
}
