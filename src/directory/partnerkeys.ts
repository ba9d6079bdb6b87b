/** The keys on record that sign a partner's change of keys. */
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import type { ClientJwk } from '../protocol/partner/clientkey.ts'

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
