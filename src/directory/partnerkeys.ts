/** The keys that a partner's request and change name. */
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import type { ClientJwk } from '../protocol/partner/clientkey.ts'

/** Valid from the transaction's time on. */
export async function insertClientKey(
  tx: Tx,
  clientId: string,
  kid: string,
  jwk: ClientJwk,
): Promise<void> {
  await tx.sql`
    insert into client_key (kid, client_id, jwk, alg, valid_from)
    values (${kid}, ${clientId}, ${JSON.stringify(jwk)}::text::jsonb, ${jwk.crv}, ${tx.now.toISOString()})`
}

/** Ends a key, unless it ends before. */
export async function endClientKey(tx: Tx, kid: string, until: Date): Promise<void> {
  await tx.sql`
    update client_key set valid_until = least(valid_until, ${until.toISOString()}::timestamptz)
    where kid = ${kid}`
}

/** Whether a key of that id was ever recorded. */
export async function isClientKey(tx: Tx, kid: string): Promise<boolean> {
  const rows = await tx.sql`select from client_key where kid = ${kid}`
  return rows.length > 0
}

/**
 * Both keys of a partner's client that may call, by their ids; nothing unless both count at the
 * transaction's time.
 */
export async function selectPartnerKeys(
  tx: Tx,
  clientId: string,
  kids: { readonly signing: string; readonly client: string },
) {
  const now = tx.now.toISOString()
  const [row] = await tx.sql<
    {
      organisationId: string
      signingKey: Uint8Array
      signingUntil: string | null
      clientKey: ClientJwk
    }[]
  >`
    select c.organisation_id as "organisationId", s.public_key as "signingKey",
           ${iso(tx, 's.valid_until')} as "signingUntil", k.jwk as "clientKey"
    from client c
    join organisation o on o.id = c.organisation_id
    join signing_key s on s.organisation_id = c.organisation_id
    join client_key k on k.client_id = c.id
    where c.id = ${clientId} and c.kind = 'partner'
      and c.disabled_at is null and o.disabled_at is null
      and s.kid = ${kids.signing} and s.compromised_from is null
      and s.valid_from <= ${now} and coalesce(s.valid_until > ${now}, true)
      and k.kid = ${kids.client}
      and k.valid_from <= ${now} and coalesce(k.valid_until > ${now}, true)`
  return row
}
