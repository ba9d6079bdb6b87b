/** The public keys that clients sign in with (RFC 7523): rows of `client_key`. */
import type { Scope } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import type { PublicJwk, SignInAlgorithm } from '../protocol/jwk.ts'

/** Validity by the database's clock; `until` is `null` where no end is set. */
export type ClientKey = {
  readonly kid: string
  readonly clientId: string
  readonly jwk: PublicJwk
  readonly alg: SignInAlgorithm
  readonly validFrom: Date
  readonly validUntil: Date | null
}

/** Returns whether it was added: a key is one client's, once. */
export async function insertClientKey(tx: Tx, key: ClientKey): Promise<boolean> {
  const { kid, clientId, jwk, alg, validFrom, validUntil } = key
  const { count } = await tx.sql`
    insert into client_key (kid, client_id, jwk, alg, valid_from, valid_until)
    values (${kid}, ${clientId}, ${JSON.stringify(jwk)}::text::jsonb, ${alg}, ${validFrom.toISOString()},
            ${validUntil?.toISOString() ?? null})
    on conflict (kid) do nothing`
  return count === 1
}

/** Notes when a key ends; one that had ended stays so. Returns whether there is such a key. */
export async function endClientKey(tx: Tx, kid: string, until: Date): Promise<boolean> {
  const { count } = await tx.sql`
    update client_key set valid_until = least(valid_until, ${until.toISOString()}::timestamptz)
    where kid = ${kid}`
  return count > 0
}

type SignIn = {
  readonly kind: 'partner' | 'internal' | 'auditor'
  readonly scopes: Scope[]
  readonly keys: Pick<ClientKey, 'kid' | 'jwk'>[]
}

/** A client that may sign in now, what it is granted, and the keys that are valid now. */
export async function selectSignIn(tx: Tx, clientId: string) {
  const [row] = await tx.sql<SignIn[]>`
    select c.kind, c.scopes,
           (select coalesce(jsonb_agg(jsonb_build_object('kid', k.kid, 'jwk', k.jwk)), '[]')
            from client_key k
            where k.client_id = c.id and k.valid_from <= now()
              and (k.valid_until is null or k.valid_until > now())) as keys
    from client c join organisation o on o.id = c.organisation_id
    where c.id = ${clientId} and c.disabled_at is null and o.disabled_at is null`
  return row
}
