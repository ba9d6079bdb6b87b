-- Who may see and write which row (access control that a forgotten WHERE cannot undo).
--
-- intake_owner     owns the tables, migrates, and is what `intake admin` on the host connects as
-- intake_service   the service's login: no DDL, no rows of its own; a member of those below
-- intake_partner   while a referrer is served: the referrals of its own organisation, or of its own
--                  receipt, and nothing else
-- intake_internal  while staff and the service itself are served
-- intake_auditor   while an auditor is served: the log, and nothing that is sealed
-- intake_sequencer while entries of the log are put into its tree, and no other way
-- intake_eraser    for the statements that take away what is erased, and for nothing else
--
-- Roles belong to the cluster, so a second database finds them made.
DO $$ BEGIN CREATE ROLE intake_partner NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
--> statement-breakpoint
DO $$ BEGIN CREATE ROLE intake_internal NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
--> statement-breakpoint
DO $$ BEGIN CREATE ROLE intake_auditor NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
--> statement-breakpoint
DO $$ BEGIN CREATE ROLE intake_sequencer NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
--> statement-breakpoint
DO $$ BEGIN CREATE ROLE intake_eraser NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
--> statement-breakpoint
-- The host gives it a password and LOGIN; until then nobody can be it.
DO $$ BEGIN CREATE ROLE intake_service NOLOGIN NOINHERIT; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
--> statement-breakpoint
-- It may become each of them, and by itself it may do nothing.
GRANT intake_partner, intake_internal, intake_auditor, intake_sequencer, intake_eraser TO intake_service
  WITH INHERIT FALSE, SET TRUE;
--> statement-breakpoint
-- On the role, because a pooler in between passes no settings of a connection on.
ALTER ROLE intake_service SET statement_timeout = '10s';
--> statement-breakpoint
ALTER ROLE intake_service SET lock_timeout = '5s';
--> statement-breakpoint
ALTER ROLE intake_service SET idle_in_transaction_session_timeout = '15s';
--> statement-breakpoint
REVOKE ALL ON SCHEMA public FROM PUBLIC;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO intake_partner, intake_internal, intake_auditor, intake_sequencer, intake_eraser;
--> statement-breakpoint
-- A thief of the service's login finds no place of its own to keep rows in. What else there is, large
-- objects, only a superuser can close (docs/OPERATIONS.md, "First deployment").
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
--> statement-breakpoint
-- The directory: read by both, written by nobody but the owner. A thief of the service's login
-- can neither add a client nor publish a key. A partner sees its own organisation and clients; whom a
-- token names is looked up by the service itself.
GRANT SELECT ON organisation, client, keyset TO intake_partner, intake_internal;
--> statement-breakpoint
-- The signed directory names every partner and volunteer. A partner reads its hash, which stands beside
-- each keyset, and by the function below its own entry, by which its signatures are checked.
GRANT SELECT ON directory TO intake_internal;
--> statement-breakpoint
GRANT SELECT (version, sha256) ON directory TO intake_partner;
--> statement-breakpoint
CREATE FUNCTION own_referrer(of_version integer) RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT referrer
    FROM public.directory d,
         -- The payload of a JWS: base64url without the padding that decode() wants.
         LATERAL (SELECT translate(split_part(d.jws, '.', 2), '-_', '+/') AS text) payload,
         LATERAL (SELECT rpad(payload.text, length(payload.text) + 3, '=') AS text) padded,
         jsonb_array_elements(
           convert_from(
             decode(left(padded.text, (length(payload.text) + 3) / 4 * 4), 'base64'), 'UTF8'
           )::jsonb -> 'referrers'
         ) AS referrer
    WHERE d.version = of_version
      AND referrer ->> 'organisation' = current_setting('app.organisation', true)
  $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION own_referrer FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION own_referrer TO intake_partner, intake_internal;
--> statement-breakpoint
ALTER TABLE organisation ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE client ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own_organisation ON organisation FOR SELECT TO intake_partner
  USING (id = nullif(current_setting('app.organisation', true), '')::uuid);
--> statement-breakpoint
CREATE POLICY own_organisation ON client FOR SELECT TO intake_partner
  USING (organisation_id = nullif(current_setting('app.organisation', true), '')::uuid);
--> statement-breakpoint
CREATE POLICY staff ON organisation FOR SELECT TO intake_internal USING (true);
--> statement-breakpoint
CREATE POLICY staff ON client FOR SELECT TO intake_internal USING (true);
--> statement-breakpoint
GRANT SELECT ON organisation, client TO intake_auditor;
--> statement-breakpoint
CREATE POLICY auditor ON organisation FOR SELECT TO intake_auditor USING (true);
--> statement-breakpoint
CREATE POLICY auditor ON client FOR SELECT TO intake_auditor USING (true);
--> statement-breakpoint

-- The keys of clients: written by the owner, read where a client signs in, which is as the service itself.
GRANT SELECT ON client_key TO intake_internal;
--> statement-breakpoint
ALTER TABLE client_key ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON client_key FOR SELECT TO intake_internal USING (true);
--> statement-breakpoint
-- The keys that tokens are signed with, each sealed under a key that is not here. The service makes them
-- and ends them by itself, and the owner has no part in it.
GRANT SELECT, INSERT, DELETE ON token_key TO intake_internal;
--> statement-breakpoint
ALTER TABLE token_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON token_key TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- What counts once. Whoever is served spends an id, and nobody takes one back before it has expired.
GRANT INSERT ON spent_id TO intake_partner;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON spent_id TO intake_internal;
--> statement-breakpoint
ALTER TABLE spent_id ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY spend ON spent_id FOR INSERT TO intake_partner, intake_internal
  WITH CHECK (expires_at <= now() + interval '1 day');
--> statement-breakpoint
CREATE POLICY expired ON spent_id FOR DELETE TO intake_internal USING (expires_at < now());
--> statement-breakpoint
CREATE POLICY look ON spent_id FOR SELECT TO intake_internal USING (true);
--> statement-breakpoint
-- What challenges of a day are signed with. The service makes it, and forgets it when they have expired.
GRANT SELECT, INSERT, DELETE ON daily_secret TO intake_internal;
--> statement-breakpoint
ALTER TABLE daily_secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON daily_secret TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- What each block of addresses asked for, by which the next challenge is priced.
GRANT SELECT, INSERT, UPDATE (challenges), DELETE ON challenge_block TO intake_internal;
--> statement-breakpoint
ALTER TABLE challenge_block ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON challenge_block TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- A referral of somebody without an account is signed by its receipt, never by a key that an organisation
-- has or had: a reader would take it for that organisation's.
CREATE FUNCTION is_directory_key(of_kid text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT EXISTS (SELECT FROM public.signing_key WHERE kid = of_kid) $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION is_directory_key FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION is_directory_key TO intake_partner;
--> statement-breakpoint

-- Sealed referrals: a referrer stores its own and reads them again; staff change only their state. That they are being
-- looked at no referrer sees: the moment of a first claim depends on who else was referred.
GRANT SELECT, INSERT ON compartment, wrap TO intake_partner, intake_internal;
--> statement-breakpoint
GRANT SELECT, INSERT ON referral TO intake_internal;
--> statement-breakpoint
GRANT INSERT ON referral TO intake_partner;
--> statement-breakpoint
GRANT SELECT (
  id, organisation_id, receipt_hash, reference, received_at, shown_state, shown_at, shown_by, decline_reason, header,
  keyset_version, signer, signature, envelope_hash, matching_hash, sealed_hashes, wrap_hashes, supersedes,
  entry_id, sender
) ON referral TO intake_partner;
--> statement-breakpoint
GRANT UPDATE (state, decline_reason, shown_by) ON referral TO intake_internal;
--> statement-breakpoint
-- When and by which transaction the shown state came: whoever reads up to `pg_snapshot_xmin` and goes on from
-- there misses no referral, in whatever order transactions commit. Nothing is written where the shown state stays.
CREATE FUNCTION note_shown_state() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    new.shown_by := pg_current_xact_id()::text::bigint;
    new.shown_at := date_trunc('milliseconds', now());
    RETURN new;
  END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION note_shown_state FROM PUBLIC;
--> statement-breakpoint
CREATE TRIGGER note_new BEFORE INSERT ON referral FOR EACH ROW EXECUTE FUNCTION note_shown_state();
--> statement-breakpoint
CREATE FUNCTION name_sender() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    new.sender := coalesce(
      new.organisation_id::text, encode(new.receipt_hash, 'hex') || ' ' || new.signer, new.id::text);
    RETURN new;
  END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION name_sender FROM PUBLIC;
--> statement-breakpoint
CREATE TRIGGER name_sender BEFORE INSERT ON referral FOR EACH ROW EXECUTE FUNCTION name_sender();
--> statement-breakpoint
CREATE TRIGGER note_shown BEFORE UPDATE OF state, decline_reason ON referral
  FOR EACH ROW WHEN (
    (CASE new.state WHEN 'in_triage' THEN 'received' ELSE new.state END, new.decline_reason)
    IS DISTINCT FROM (old.shown_state, old.decline_reason))
  EXECUTE FUNCTION note_shown_state();
--> statement-breakpoint
ALTER TABLE referral ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE compartment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE wrap ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
-- After a transaction the setting reads '' rather than NULL: nullif keeps the cast from failing.
CREATE POLICY own_organisation ON referral FOR SELECT TO intake_partner
  USING (organisation_id = nullif(current_setting('app.organisation', true), '')::uuid);
--> statement-breakpoint
CREATE POLICY own_receipt ON referral FOR SELECT TO intake_partner
  USING (
    organisation_id IS NULL
    AND receipt_hash = decode(nullif(current_setting('app.receipt', true), ''), 'hex'));
--> statement-breakpoint
CREATE POLICY own_new ON referral FOR INSERT TO intake_partner
  WITH CHECK (
    (organisation_id = nullif(current_setting('app.organisation', true), '')::uuid
        AND receipt_hash IS NULL
      OR organisation_id IS NULL
        AND receipt_hash = decode(nullif(current_setting('app.receipt', true), ''), 'hex'))
    AND state = 'received' AND decline_reason IS NULL
    AND received_at = date_trunc('milliseconds', now())
  );
--> statement-breakpoint
-- The subquery sees only the caller's own referrals, because it runs under the policy above.
CREATE POLICY own_organisation ON compartment FOR SELECT TO intake_partner
  USING (EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
-- Parts come with their referral, in its transaction, and never after, whoever sends it: a wrap added
-- later would open it to somebody it was not sealed to, or granted to by one of those.
CREATE POLICY own_new ON compartment FOR INSERT TO intake_partner, intake_internal
  WITH CHECK (EXISTS (
    SELECT FROM referral
    WHERE referral.id = referral_id AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
CREATE POLICY own_organisation ON wrap FOR SELECT TO intake_partner
  USING (EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
CREATE POLICY own_new ON wrap FOR INSERT TO intake_partner, intake_internal
  WITH CHECK (grant_signature IS NULL AND EXISTS (
    SELECT FROM referral
    WHERE referral.id = referral_id AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
CREATE POLICY staff ON referral TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON compartment FOR SELECT TO intake_internal USING (true);
--> statement-breakpoint
-- A wrap that ended is withheld from everybody who is served, whatever a statement forgets.
CREATE POLICY staff ON wrap FOR SELECT TO intake_internal USING (ends_at IS NULL OR ends_at > now());
--> statement-breakpoint
-- But one that a recipient granted, which comes with the grant as it was signed; and nobody changes one.
CREATE POLICY granted ON wrap FOR INSERT TO intake_internal WITH CHECK (grant_signature IS NOT NULL);
--> statement-breakpoint
GRANT DELETE ON wrap TO intake_internal;
--> statement-breakpoint
-- A wrap that was granted is taken back; one of sealing is deleted only where another key was granted it without an end.
CREATE FUNCTION is_passed_on(of_referral uuid, from_kid text) RETURNS boolean
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT EXISTS (
      SELECT FROM public.wrap w
      WHERE w.referral_id = of_referral AND w.kid <> from_kid
        AND w.grant_signature IS NOT NULL AND w.ends_at IS NULL)
  $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION is_passed_on FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION is_passed_on TO intake_internal;
--> statement-breakpoint
CREATE POLICY revoked ON wrap FOR DELETE TO intake_internal
  USING (grant_signature IS NOT NULL OR is_passed_on(referral_id, kid));
--> statement-breakpoint
-- Those that ended are deleted by this function, which runs as the owner, who sees and deletes these and no others.
CREATE POLICY ended_as_owner ON wrap FOR SELECT TO CURRENT_USER USING (ends_at <= now());
--> statement-breakpoint
CREATE POLICY delete_ended_as_owner ON wrap FOR DELETE TO CURRENT_USER USING (ends_at <= now());
--> statement-breakpoint
CREATE FUNCTION delete_ended_wraps(at_most integer) RETURNS TABLE (referral_id uuid, kid text)
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
    DELETE FROM public.wrap w
    USING (SELECT e.referral_id, e.kid FROM public.wrap e WHERE e.ends_at <= now()
           ORDER BY e.ends_at LIMIT at_most) ended
    WHERE w.referral_id = ended.referral_id AND w.kid = ended.kid
    RETURNING w.referral_id, w.kid
  $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION delete_ended_wraps FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION delete_ended_wraps TO intake_internal;
--> statement-breakpoint
-- Who could have opened a referral: an auditor sees that there is one, which keys it was sealed to (by the
-- hashes that were signed, which outlive a wrap) and who was bound to them; never what is sealed.
GRANT SELECT (id, reference, received_at, keyset_version, wrap_hashes) ON referral TO intake_auditor;
--> statement-breakpoint
GRANT SELECT (referral_id, kid) ON wrap TO intake_auditor;
--> statement-breakpoint
CREATE POLICY auditor ON referral FOR SELECT TO intake_auditor USING (true);
--> statement-breakpoint
CREATE POLICY auditor ON wrap FOR SELECT TO intake_auditor USING (true);
--> statement-breakpoint
-- Who sent a referral withdraws it, or asks for that, once, and nobody takes that back: an organisation with what it signed,
-- and whoever holds a receipt without, for people to decide. Where that came from no referrer reads. What an organisation
-- withdraws is withdrawn from that moment on; what has its answer, it withdraws no more.
GRANT INSERT ON withdrawal TO intake_partner, intake_internal;
--> statement-breakpoint
GRANT SELECT (referral_id, asked_at, kept_until, decision, decided_at) ON withdrawal TO intake_partner;
--> statement-breakpoint
GRANT SELECT ON withdrawal TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (decision, decided_at, settled_at) ON withdrawal TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (state) ON referral TO intake_partner;
--> statement-breakpoint
ALTER TABLE withdrawal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own ON withdrawal FOR SELECT TO intake_partner
  USING (EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
CREATE POLICY own_new ON withdrawal FOR INSERT TO intake_partner, intake_internal
  WITH CHECK (
    asked_at = date_trunc('milliseconds', now()) AND kept_until = asked_at + interval '168 hours'
    AND decision IS NULL AND settled_at IS NULL
    AND EXISTS (
      SELECT FROM referral
      WHERE referral.id = referral_id
        AND (envelope IS NOT NULL) = (referral.organisation_id IS NOT NULL)));
--> statement-breakpoint
CREATE POLICY own_withdrawn ON referral FOR UPDATE TO intake_partner
  USING (
    organisation_id = nullif(current_setting('app.organisation', true), '')::uuid
    AND state IN ('received', 'in_triage', 'waiting_list', 'returned_for_information'))
  WITH CHECK (state = 'withdrawn');
--> statement-breakpoint
CREATE POLICY staff ON withdrawal FOR SELECT TO intake_internal USING (true);
--> statement-breakpoint
CREATE POLICY decide ON withdrawal FOR UPDATE TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- Which referrals of people without an account wait to be opened, and from which block of addresses. They come
-- with their referral, and go when staff are handed it or answer it, and come back if that answer is taken back; no referrer sees how many there are.
GRANT INSERT ON unopened TO intake_partner;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON unopened TO intake_internal;
--> statement-breakpoint
ALTER TABLE unopened ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own_new ON unopened FOR INSERT TO intake_partner
  WITH CHECK (EXISTS (
    SELECT FROM referral
    WHERE referral.id = referral_id AND organisation_id IS NULL
      AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
CREATE POLICY staff ON unopened TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (began_at, openings) ON opening_budget TO intake_internal;
--> statement-breakpoint
ALTER TABLE opening_budget ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON opening_budget TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- A referrer sees no statement of urgency: it would tell when its referral was opened.
GRANT SELECT, INSERT ON urgency_statement TO intake_internal;
--> statement-breakpoint
ALTER TABLE urgency_statement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON urgency_statement TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint

-- Documents. Whoever sent a referral uploads to it and fetches what is there, also what recipients sent. A file is
-- begun now and under one's own name, and finished once; only staff's own steps remove any.
GRANT SELECT, INSERT, UPDATE (stored_at) ON document TO intake_partner, intake_internal;
--> statement-breakpoint
GRANT DELETE ON document TO intake_internal;
--> statement-breakpoint
ALTER TABLE document ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own ON document FOR SELECT TO intake_partner
  USING (EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
CREATE POLICY own_new ON document FOR INSERT TO intake_partner
  WITH CHECK (
    begun_at = date_trunc('milliseconds', now()) AND stored_at IS NULL
    AND EXISTS (SELECT FROM referral WHERE referral.id = referral_id)
    AND (client_id IS NULL
      OR EXISTS (
        SELECT FROM client
        WHERE client.id = client_id
          AND client.organisation_id = nullif(current_setting('app.organisation', true), '')::uuid)));
--> statement-breakpoint
CREATE POLICY own_end ON document FOR UPDATE TO intake_partner
  USING (stored_at IS NULL AND EXISTS (SELECT FROM referral WHERE referral.id = referral_id))
  WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON document TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint

-- Match values. A referrer writes them with its referral, and reads none: they would show that others
-- asked about the same person. Added later, they could point it at somebody else's case; dated back,
-- they would be looked at before older ones.
GRANT INSERT ON match_value TO intake_partner;
--> statement-breakpoint
-- A recipient's keys replace the referrer's, and those of an epoch that is over are deleted.
GRANT SELECT, INSERT, DELETE ON match_value TO intake_internal;
--> statement-breakpoint
GRANT SELECT, INSERT ON match_check TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (checked_at, signer, signature) ON match_check TO intake_internal;
--> statement-breakpoint
ALTER TABLE match_value ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE match_check ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own_new ON match_value FOR INSERT TO intake_partner
  WITH CHECK (
    at = date_trunc('milliseconds', now())
    AND EXISTS (
      SELECT FROM referral
      WHERE referral.id = referral_id AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
CREATE POLICY staff ON match_value TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON match_check TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- How much each client has had evaluated today. A partner reads and raises its own organisation's
-- clients' numbers, because it is as the partner that its budget is charged; whoever calls for staff, all.
GRANT SELECT, INSERT, UPDATE (elements) ON evaluation_budget TO intake_partner, intake_internal;
--> statement-breakpoint
ALTER TABLE evaluation_budget ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own_organisation ON evaluation_budget TO intake_partner
  USING (EXISTS (
    SELECT FROM client
    WHERE client.id = client_id
      AND client.organisation_id = nullif(current_setting('app.organisation', true), '')::uuid));
--> statement-breakpoint
CREATE POLICY staff ON evaluation_budget TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint

-- The queue. A referrer adds only the item of a new referral of its own, at the place that its deadline
-- gives it, and reads none.
GRANT INSERT ON triage_item TO intake_partner;
--> statement-breakpoint
GRANT SELECT, INSERT ON triage_item TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (
  case_id, referral_id, arrived_at, respond_by, region, channel, organisation_id,
  referral_ids, urgency, own_due_at, due_at, merged_into, fence, lapses, leased_by,
  leased_until, claimed_at, changed, escalated_at, escalated_before, park_reason, parked_until,
  aside_id, completed_at, outcome, completed_late, reopened_at
) ON triage_item TO intake_internal;
--> statement-breakpoint
ALTER TABLE triage_item ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own_new ON triage_item FOR INSERT TO intake_partner
  WITH CHECK (
    cardinality(referral_ids) = 1 AND referral_id = referral_ids[1]
    AND EXISTS (
      SELECT FROM referral
      WHERE referral.id = referral_ids[1] AND received_at = date_trunc('milliseconds', now())
        AND referral.organisation_id IS NOT DISTINCT FROM triage_item.organisation_id)
    AND due_at >= arrived_at AND arrived_at = date_trunc('milliseconds', now())
    AND own_due_at = due_at AND merged_into IS NULL
    AND fence = 0 AND lapses = 0 AND leased_by IS NULL AND leased_until IS NULL
    AND claimed_at IS NULL AND NOT changed AND escalated_at IS NULL AND escalated_before IS NULL
    AND park_reason IS NULL AND parked_until IS NULL AND aside_id IS NULL
    AND completed_at IS NULL AND reopened_at IS NULL
  );
--> statement-breakpoint
CREATE POLICY staff ON triage_item TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- What a person said of urgency is never changed, and taken back only by saying something else.
GRANT SELECT, INSERT ON urgency_setting TO intake_internal;
--> statement-breakpoint
ALTER TABLE urgency_setting ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON urgency_setting TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- Who claimed what under which key, for as long as the leases last: no longer, whatever a statement says.
GRANT SELECT, INSERT, DELETE ON claim_key TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (body_hash, item_ids, fences, expires_at) ON claim_key TO intake_internal;
--> statement-breakpoint
ALTER TABLE claim_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON claim_key TO intake_internal
  USING (true) WITH CHECK (expires_at <= now() + interval '1 hour');
--> statement-breakpoint
-- The queue is the table that is written most. Room on each page keeps its updates heap-only, and
-- vacuum comes by rows changed, not by a share of a table that only grows.
ALTER TABLE triage_item SET (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000
);
--> statement-breakpoint
-- For how long vacuum has had to keep dead rows for somebody's transaction; NULL where that is not to be seen:
-- PostgreSQL shows it of other logins only to who has pg_read_all_stats, which a superuser may give the owner
-- (docs/OPERATIONS.md, "Health"). One number leaves, and no statement of anybody's. Vacuum waits for no vacuum.
CREATE FUNCTION oldest_snapshot_seconds() RETURNS double precision
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN coalesce((
      SELECT extract(epoch FROM clock_timestamp() - min(activity.xact_start))
      FROM pg_stat_activity activity
      WHERE activity.backend_xmin IS NOT NULL
        AND activity.pid <> pg_backend_pid()
        AND (activity.datname IS NULL OR activity.datname = current_database())
        AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum v WHERE v.pid = activity.pid)
    ), 0) END
  $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION oldest_snapshot_seconds FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION oldest_snapshot_seconds TO intake_internal;
--> statement-breakpoint
-- What became of items, written in the statement of each act, whoever acts. Nobody may write it otherwise, so it says
-- nothing that did not happen; and what is to be kept for a while is not the service's to forget.
--
-- Whoever reads in the order of (position, number), and stops below the horizon (`pg_snapshot_xmin`), misses nothing:
-- a transaction that is still to commit has an id at or above it, and no position is below the id of its
-- transaction. Nor does it see two changes of one case in the wrong order. The second waited for the row that the
-- first had locked, and this function runs after that: its snapshot, newer than that of the statement, counts the
-- first transaction among those that have ended, though that may have the higher id.
CREATE FUNCTION note_triage_change() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
    DECLARE
      types text[] := '{opened}';
      urgencies CONSTANT text[] := '{immediate,urgent,soon,standard}';
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        types := array_remove(ARRAY[
          CASE WHEN old.merged_into IS NULL AND new.lapses > old.lapses THEN 'lapsed' END,
          CASE WHEN new.escalated_at IS DISTINCT FROM old.escalated_at AND new.escalated_at IS NOT NULL
               THEN 'escalated' END,
          CASE WHEN old.merged_into IS NULL AND new.merged_into IS NOT NULL THEN 'merged' END,
          CASE WHEN old.merged_into IS NOT NULL AND new.merged_into IS NULL THEN 'split' END,
          CASE WHEN new.merged_into IS NULL AND new.completed_at IS NOT NULL AND old.completed_at IS NULL
               THEN 'completed' END,
          CASE WHEN new.reopened_at IS NOT NULL AND old.reopened_at IS NULL THEN 'reopened' END,
          CASE WHEN new.fence > old.fence AND new.completed_at IS NULL AND new.leased_until IS NOT NULL
               THEN 'claimed' END,
          CASE WHEN new.fence > old.fence AND old.leased_until IS NOT NULL AND new.leased_until IS NULL
                    AND new.merged_into IS NULL AND new.escalated_at IS NOT DISTINCT FROM old.escalated_at
                    AND new.park_reason IS NULL
               THEN 'released' END,
          CASE WHEN new.fence > old.fence AND new.park_reason IS NOT NULL THEN 'parked' END,
          CASE WHEN old.park_reason IS NOT NULL AND new.park_reason IS NULL AND new.merged_into IS NULL
                    AND new.completed_at IS NULL
               THEN 'woken' END,
          CASE WHEN new.referral_id = old.referral_id
                    AND (array_position(urgencies, new.urgency) < array_position(urgencies, old.urgency)
                         OR new.merged_into IS NULL AND old.merged_into IS NULL AND new.due_at < old.due_at)
               THEN 'raised' END,
          CASE WHEN new.referral_id = old.referral_id
                    AND array_position(urgencies, new.urgency) > array_position(urgencies, old.urgency)
               THEN 'lowered' END,
          CASE WHEN new.merged_into IS NULL
                    AND (new.referral_ids <> old.referral_ids
                         OR old.escalated_at IS NOT NULL AND new.escalated_at IS NULL)
               THEN 'changed' END
        ], NULL);
      END IF;
      IF TG_OP = 'UPDATE' AND old.leased_until IS NOT NULL AND old.completed_at IS NULL AND new.fence > old.fence THEN
        INSERT INTO public.triage_attempt (item_id, fence, client_id, claimed_at, ended_at, ending)
        SELECT old.id, old.fence, old.leased_by, old.claimed_at,
               CASE ending WHEN 'lapsed' THEN old.leased_until ELSE date_trunc('milliseconds', now()) END,
               ending
        FROM (SELECT CASE
          WHEN new.lapses > old.lapses OR new.merged_into IS NOT NULL AND old.leased_until <= now() THEN 'lapsed'
          WHEN new.outcome = 'withdrawn' AND old.leased_until <= now() THEN 'lapsed'
          WHEN new.outcome = 'withdrawn' THEN 'withdrawn'
          WHEN new.merged_into IS NOT NULL THEN 'merged'
          WHEN new.completed_at IS NOT NULL THEN 'completed'
          WHEN new.leased_until IS NOT NULL THEN 'handed_over'
          WHEN new.park_reason IS NOT NULL THEN 'parked'
          WHEN new.leased_by IS NULL THEN 'released'
          ELSE 'unopenable'
        END AS ending) ended;
      END IF;
      INSERT INTO public.triage_change (position, type, item_id, case_id, at)
      SELECT greatest(pg_current_xact_id()::text::bigint,
                      pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1),
             type,
             CASE WHEN type IN ('raised', 'lowered') THEN coalesce(new.merged_into, new.id) ELSE new.id END,
             new.case_id, date_trunc('milliseconds', now())
      FROM unnest(types) type;
      RETURN NULL;
    END
  $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION note_triage_change FROM PUBLIC;
--> statement-breakpoint
CREATE TRIGGER note_opening AFTER INSERT ON triage_item
  FOR EACH ROW WHEN (new.merged_into IS NULL) EXECUTE FUNCTION note_triage_change();
--> statement-breakpoint
-- Not for what is told to nobody, above all renewals.
CREATE TRIGGER note_change AFTER UPDATE ON triage_item
  FOR EACH ROW WHEN (
    (old.fence, old.lapses, old.urgency, old.due_at, old.merged_into, old.referral_ids,
     old.escalated_at, old.park_reason, old.completed_at)
    IS DISTINCT FROM
    (new.fence, new.lapses, new.urgency, new.due_at, new.merged_into, new.referral_ids,
     new.escalated_at, new.park_reason, new.completed_at))
  EXECUTE FUNCTION note_triage_change();
--> statement-breakpoint
-- How each lease ended is kept in the same statement: all of it, and nothing that did not happen.
GRANT SELECT ON triage_attempt TO intake_internal;
--> statement-breakpoint
ALTER TABLE triage_attempt ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY note_as_owner ON triage_attempt FOR INSERT TO CURRENT_USER WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON triage_attempt FOR SELECT TO intake_internal USING (true);
--> statement-breakpoint
GRANT SELECT, DELETE ON triage_change TO intake_internal;
--> statement-breakpoint
ALTER TABLE triage_change ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY note_as_owner ON triage_change FOR INSERT TO CURRENT_USER WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON triage_change FOR SELECT TO intake_internal USING (true);
--> statement-breakpoint
-- Or whose position this cluster has not reached: those came from another, with a backup.
CREATE POLICY over ON triage_change FOR DELETE TO intake_internal
  USING (
    at < now() - interval '7 days'
    OR position >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint);
--> statement-breakpoint
-- Rows come and go by themselves, so vacuum comes by rows and not by a share of the table.
ALTER TABLE triage_change SET (
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000
);
--> statement-breakpoint

-- Who is to be told of immediate items that nobody holds: known to the service itself, and to nobody it serves.
GRANT SELECT, INSERT, DELETE ON unheld_item, duty_mail TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (fence, since, told) ON unheld_item TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (number, attempts, not_before) ON duty_mail TO intake_internal;
--> statement-breakpoint
ALTER TABLE unheld_item ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE duty_mail ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON unheld_item TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON duty_mail TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint

-- Webhooks. Where an endpoint is, and whose, is never changed; its client removes it and makes another.
GRANT SELECT, INSERT, DELETE ON webhook_endpoint TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (
  secret, earlier_secret, earlier_until, disabled_at, disabled_for, epoch, position, number, gap_at, tries,
  next_try_at, leased_until, fence, sent, recorded_on, delivered_at, failures
) ON webhook_endpoint TO intake_internal;
--> statement-breakpoint
ALTER TABLE webhook_endpoint ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON webhook_endpoint TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint

-- Cases. A referrer writes the case and the waiting of its new referral and never after, and reads
-- neither. A judgement is ended, never changed or removed; a note not even that.
GRANT INSERT ON referral_case, pairing TO intake_partner;
--> statement-breakpoint
GRANT SELECT, INSERT ON referral_case, judgement, note TO intake_internal;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON pairing, case_flag TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (case_id) ON referral_case TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (queued_at, attempts, not_before) ON pairing TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (ended_at) ON judgement TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (at) ON case_flag TO intake_internal;
--> statement-breakpoint
ALTER TABLE referral_case ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE pairing ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE judgement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE case_flag ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own_new ON referral_case FOR INSERT TO intake_partner
  WITH CHECK (EXISTS (
    SELECT FROM referral
    WHERE referral.id = referral_id AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
CREATE POLICY own_new ON pairing FOR INSERT TO intake_partner
  WITH CHECK (
    attempts = 0 AND not_before IS NULL AND queued_at = date_trunc('milliseconds', now())
    AND EXISTS (
      SELECT FROM referral
      WHERE referral.id = referral_id AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
CREATE POLICY staff ON referral_case TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON pairing TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON judgement TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON note TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- What a referrer asks for has to be seen by people: no other flag is its to raise.
GRANT INSERT ON case_flag TO intake_partner;
--> statement-breakpoint
CREATE POLICY own_withdrawal ON case_flag FOR INSERT TO intake_partner
  WITH CHECK (
    kind = 'withdrawal' AND at = date_trunc('milliseconds', now())
    AND EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
CREATE POLICY staff ON case_flag TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint

-- Messages. A referrer adds to the threads of its own referrals, on its own side, and reads both: what it reads it has
-- opened. When its own were opened it sees from the next day in London on: sooner it would tell when its referral was
-- looked at, which depends on who else was referred. What a message does to the queue is a step of the service.
GRANT SELECT (
  referral_id, place, side, number, message_id, envelope, urgency, deliver, language, stored_at, entry_id
) ON message TO intake_partner;
--> statement-breakpoint
GRANT INSERT (
  referral_id, place, side, number, message_id, envelope, urgency, stored_at, entry_id
) ON message TO intake_partner;
--> statement-breakpoint
GRANT SELECT, INSERT ON message TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (settled_at) ON message TO intake_internal;
--> statement-breakpoint
GRANT SELECT, INSERT ON message_delivery TO intake_partner, intake_internal;
--> statement-breakpoint
ALTER TABLE message ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE message_delivery ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own ON message FOR SELECT TO intake_partner
  USING (EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
CREATE POLICY own_new ON message FOR INSERT TO intake_partner
  WITH CHECK (
    side = 'referrer' AND stored_at = date_trunc('milliseconds', now())
    AND EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
CREATE POLICY staff ON message TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own ON message_delivery FOR SELECT TO intake_partner
  USING (EXISTS (
    SELECT FROM message m
    WHERE m.referral_id = message_delivery.referral_id AND m.place = message_delivery.place
      AND (m.side = 'recipient'
        OR at < date_trunc('day', now() AT TIME ZONE 'Europe/London') AT TIME ZONE 'Europe/London')));
--> statement-breakpoint
CREATE POLICY own_new ON message_delivery FOR INSERT TO intake_partner
  WITH CHECK (
    way = 'opened' AND language IS NULL AND at = date_trunc('milliseconds', now())
    AND EXISTS (
      SELECT FROM message m
      WHERE m.referral_id = message_delivery.referral_id AND m.place = message_delivery.place
        AND m.side = 'recipient'));
--> statement-breakpoint
CREATE POLICY staff ON message_delivery TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- Erasing. What is left says who was erased when, and by whose word; it is written once. A bearer is told of what it sent
-- by a hash of the hash of its receipt, for that itself is gone.
GRANT SELECT, INSERT ON erasure TO intake_internal;
--> statement-breakpoint
GRANT SELECT (referral_id, erased_at, receipt_mark) ON erasure TO intake_partner;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON legal_hold TO intake_internal;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (epoch, since) ON served_as TO intake_internal;
--> statement-breakpoint
-- Whoever begins an upload asks whether a file without a row may be one that a restore has lost.
GRANT SELECT (since) ON served_as TO intake_partner;
--> statement-breakpoint
-- What goes when its time has come says the owner alone, on the host.
GRANT SELECT ON retention_rule TO intake_internal;
--> statement-breakpoint
ALTER TABLE retention_rule ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON retention_rule FOR SELECT TO intake_internal USING (true);
--> statement-breakpoint
ALTER TABLE erasure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE legal_hold ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE served_as ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY read ON erasure FOR SELECT TO intake_internal USING (true);
--> statement-breakpoint
-- Nothing under a legal hold is erased, whatever a statement forgets.
-- By retention only what a rule of the owner's says: of that state, and for so many days in it.
CREATE POLICY now ON erasure FOR INSERT TO intake_internal WITH CHECK (
  erased_at = date_trunc('milliseconds', now())
  AND NOT EXISTS (SELECT FROM legal_hold h WHERE h.referral_id = erasure.referral_id)
  AND (rule <> 'retention' OR EXISTS (
    SELECT FROM referral r JOIN retention_rule p ON p.state = r.state
    WHERE r.id = erasure.referral_id AND p.begins_at <= now() AND r.shown_at < now() - p.days * interval '24 hours')));
--> statement-breakpoint
CREATE POLICY own_receipt ON erasure FOR SELECT TO intake_partner
  USING (receipt_mark = sha256(
    convert_to('referral-intake erased receipt', 'UTF8')
      || decode(nullif(current_setting('app.receipt', true), ''), 'hex')));
--> statement-breakpoint
CREATE POLICY own_erased ON referral FOR SELECT TO intake_partner
  USING (
    organisation_id IS NULL AND state = 'erased'
    AND EXISTS (SELECT FROM erasure WHERE erasure.referral_id = referral.id));
--> statement-breakpoint
CREATE POLICY staff ON legal_hold TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON served_as TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY read ON served_as FOR SELECT TO intake_partner USING (true);
--> statement-breakpoint
-- The eraser: what belongs to a referral is deleted, and what was signed emptied, only where it is erased. A row of `erasure`
-- says so, in the same transaction, and is never taken back.
CREATE FUNCTION is_erased(of_referral uuid) RETURNS boolean
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
  AS $$ SELECT EXISTS (SELECT FROM public.erasure e WHERE e.referral_id = of_referral) $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION is_erased FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION is_erased TO intake_eraser;
--> statement-breakpoint
GRANT SELECT (referral_id) ON erasure TO intake_eraser;
--> statement-breakpoint
CREATE POLICY look ON erasure FOR SELECT TO intake_eraser USING (true);
--> statement-breakpoint
GRANT SELECT (id, state, supersedes, organisation_id, sender) ON referral TO intake_eraser;
--> statement-breakpoint
GRANT UPDATE (
  state, decline_reason, receipt_hash, header, signer, signature, matching_hash, sealed_hashes, wrap_hashes, supersedes,
  sender
) ON referral TO intake_eraser;
--> statement-breakpoint
-- Its new row must be one that it sees, though it amends nothing any more.
CREATE POLICY look ON referral FOR SELECT TO intake_eraser USING (true);
--> statement-breakpoint
CREATE POLICY erase ON referral FOR UPDATE TO intake_eraser
  USING (is_erased(id) OR is_erased(supersedes)) WITH CHECK (true);
--> statement-breakpoint
-- Of what amended an erased one only the link goes.
CREATE FUNCTION refuse_emptying() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    RAISE EXCEPTION 'only what is erased is emptied' USING ERRCODE = 'insufficient_privilege';
  END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION refuse_emptying FROM PUBLIC;
--> statement-breakpoint
CREATE TRIGGER empty_erased BEFORE UPDATE ON referral FOR EACH ROW WHEN (
    current_user = 'intake_eraser' AND new.state <> 'erased' AND (
      new.supersedes IS NOT NULL
      OR (new.state, new.decline_reason, new.receipt_hash, new.header, new.signer, new.signature, new.matching_hash,
          new.sealed_hashes, new.wrap_hashes)
         IS DISTINCT FROM
         (old.state, old.decline_reason, old.receipt_hash, old.header, old.signer, old.signature, old.matching_hash,
          old.sealed_hashes, old.wrap_hashes)))
  EXECUTE FUNCTION refuse_emptying();
--> statement-breakpoint
-- Nothing is added to what is erased, also by whoever found it standing: each of these rows refers to its referral, so its
-- statement waits for an erasure that is under way, and this is asked after that. Told as a conflict of transactions, it is
-- tried again, and then finds it erased. The erasure itself still moves what it deletes next.
CREATE POLICY look_as_owner ON erasure FOR SELECT TO CURRENT_USER USING (pg_trigger_depth() > 0);
--> statement-breakpoint
CREATE FUNCTION refuse_erased() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF EXISTS (
      SELECT FROM added JOIN public.erasure e ON e.referral_id = (to_jsonb(added) ->> TG_ARGV[0])::uuid
      WHERE e.xmin <> pg_current_xact_id()::xid
    ) THEN
      RAISE EXCEPTION 'the referral was erased meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
  END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION refuse_erased FROM PUBLIC;
--> statement-breakpoint
DO $$
  DECLARE added text;
  BEGIN
    FOREACH added IN ARRAY ARRAY[
      'withdrawal', 'urgency_statement', 'urgency_setting', 'match_check', 'case_flag', 'note', 'message_delivery'
    ] LOOP
      EXECUTE format(
        'CREATE TRIGGER refuse_erased AFTER INSERT ON %I REFERENCING NEW TABLE AS added
           FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased(%L)',
        added, 'referral_id');
    END LOOP;
  END
$$;
--> statement-breakpoint
-- Of an amendment the same, row by row: most referrals amend nothing, and do not pay for it.
CREATE FUNCTION refuse_amending() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF EXISTS (SELECT FROM public.erasure e WHERE e.referral_id = new.supersedes) THEN
      RAISE EXCEPTION 'the referral was erased meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
  END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION refuse_amending FROM PUBLIC;
--> statement-breakpoint
CREATE TRIGGER refuse_erased AFTER INSERT ON referral
  FOR EACH ROW WHEN (new.supersedes IS NOT NULL) EXECUTE FUNCTION refuse_amending();
--> statement-breakpoint
-- Every table whose rows go with their referral (src/erasure/tables.ts).
DO $$
  DECLARE held text;
  BEGIN
    FOREACH held IN ARRAY ARRAY[
      'compartment', 'wrap', 'withdrawal', 'unopened', 'urgency_statement', 'urgency_setting', 'match_value',
      'match_check', 'pairing', 'case_flag', 'note', 'message_delivery', 'message', 'referral_case', 'triage_item'
    ] LOOP
      EXECUTE format('GRANT SELECT (referral_id), DELETE ON %I TO intake_eraser', held);
      EXECUTE format('CREATE POLICY erase ON %I TO intake_eraser USING (is_erased(referral_id))', held);
    END LOOP;
  END
$$;
--> statement-breakpoint
GRANT SELECT (id) ON triage_item TO intake_eraser;
--> statement-breakpoint
GRANT SELECT (item_id), DELETE ON triage_attempt, unheld_item TO intake_eraser;
--> statement-breakpoint
-- The subquery sees only items of what is erased.
CREATE POLICY erase ON triage_attempt TO intake_eraser
  USING (EXISTS (SELECT FROM triage_item i WHERE i.id = item_id));
--> statement-breakpoint
CREATE POLICY erase ON unheld_item TO intake_eraser
  USING (EXISTS (SELECT FROM triage_item i WHERE i.id = item_id));
--> statement-breakpoint
-- A judgement of others forgets the note beside it, if that was about what is erased.
GRANT SELECT (left_id, right_id, note_referral_id), DELETE, UPDATE (note_referral_id, note_number)
  ON judgement TO intake_eraser;
--> statement-breakpoint
CREATE POLICY look ON judgement FOR SELECT TO intake_eraser USING (true);
--> statement-breakpoint
CREATE POLICY erase ON judgement FOR DELETE TO intake_eraser USING (is_erased(left_id) OR is_erased(right_id));
--> statement-breakpoint
CREATE POLICY forget_note ON judgement FOR UPDATE TO intake_eraser
  USING (is_erased(note_referral_id)) WITH CHECK (true);
--> statement-breakpoint
CREATE TRIGGER empty_erased BEFORE UPDATE OF note_referral_id, note_number ON judgement
  FOR EACH ROW WHEN (num_nonnulls(new.note_referral_id, new.note_number) > 0)
  EXECUTE FUNCTION refuse_emptying();
--> statement-breakpoint

-- The access log: everybody appends, staff and auditors read, nobody changes or removes an entry.
GRANT INSERT ON audit_entry, audit_opening TO intake_partner;
--> statement-breakpoint
GRANT SELECT, INSERT ON audit_entry, audit_opening TO intake_internal, intake_auditor;
--> statement-breakpoint
ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE audit_opening ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY append ON audit_entry FOR INSERT TO intake_partner WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY append ON audit_opening FOR INSERT TO intake_partner WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY auditor ON audit_entry TO intake_auditor USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY auditor ON audit_opening TO intake_auditor USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON audit_entry TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON audit_opening TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- `intake admin` logs what it does, and as the owner it reads no referral and no entry.
CREATE POLICY append_as_owner ON audit_entry FOR INSERT TO CURRENT_USER WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY append_as_owner ON audit_opening FOR INSERT TO CURRENT_USER WITH CHECK (true);
--> statement-breakpoint
-- With each entry comes the row by which the sequencer finds it, from whoever may append one.
GRANT INSERT ON audit_pending TO intake_partner, intake_internal, intake_auditor;
--> statement-breakpoint
ALTER TABLE audit_pending ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY append ON audit_pending FOR INSERT
  TO intake_partner, intake_internal, intake_auditor, CURRENT_USER WITH CHECK (true);
--> statement-breakpoint
-- A queue: rows come and go by the second, so vacuum comes by rows and not by a share of the table.
ALTER TABLE audit_pending SET (
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_threshold = -1
);
--> statement-breakpoint

-- The tree. Only the sequencer appends to it: it takes what waits, gives each entry its index, lets the last
-- tiles grow, and moves the head. It sees of an entry what it hashes, and of the openings nothing.
GRANT SELECT, DELETE ON audit_pending TO intake_sequencer;
--> statement-breakpoint
CREATE POLICY take ON audit_pending FOR SELECT TO intake_sequencer USING (true);
--> statement-breakpoint
CREATE POLICY taken ON audit_pending FOR DELETE TO intake_sequencer USING (true);
--> statement-breakpoint
GRANT SELECT (id, leaf) ON audit_entry TO intake_sequencer;
--> statement-breakpoint
CREATE POLICY hash ON audit_entry FOR SELECT TO intake_sequencer USING (true);
--> statement-breakpoint
GRANT SELECT, INSERT ON audit_index, audit_tile, audit_cosignature TO intake_sequencer;
--> statement-breakpoint
GRANT UPDATE (hashes) ON audit_tile TO intake_sequencer;
--> statement-breakpoint
GRANT SELECT, INSERT (n, origin) ON audit_log TO intake_sequencer;
--> statement-breakpoint
GRANT UPDATE (size, checkpoint, signed_at) ON audit_log TO intake_sequencer;
--> statement-breakpoint
-- What everybody may fetch: hashes and checkpoints say nothing of what was done. Which entry stands where is
-- for those who may read entries.
GRANT SELECT ON audit_log, audit_tile, audit_cosignature
  TO intake_partner, intake_internal, intake_auditor;
--> statement-breakpoint
GRANT SELECT ON audit_index TO intake_internal, intake_auditor;
--> statement-breakpoint
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE audit_index ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE audit_tile ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE audit_cosignature ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY public ON audit_log FOR SELECT USING (true);
--> statement-breakpoint
CREATE POLICY public ON audit_tile FOR SELECT USING (true);
--> statement-breakpoint
CREATE POLICY public ON audit_cosignature FOR SELECT USING (true);
--> statement-breakpoint
CREATE POLICY readers ON audit_index FOR SELECT
  TO intake_internal, intake_auditor, intake_sequencer USING (true);
--> statement-breakpoint
-- The first log begins by itself. Another is opened on the host (`intake admin log restart`).
CREATE POLICY first ON audit_log FOR INSERT TO intake_sequencer WITH CHECK (n = 1);
--> statement-breakpoint
CREATE POLICY move ON audit_log FOR UPDATE TO intake_sequencer
  USING (closed_at IS NULL) WITH CHECK (closed_at IS NULL);
--> statement-breakpoint
CREATE POLICY append ON audit_index FOR INSERT TO intake_sequencer WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY append ON audit_tile FOR INSERT TO intake_sequencer WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY grow ON audit_tile FOR UPDATE TO intake_sequencer
  USING (octet_length(hashes) < 8192) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY append ON audit_cosignature FOR INSERT TO intake_sequencer WITH CHECK (true);
--> statement-breakpoint
-- Of the log a referrer reads no table, and by this function the first opening of its own referral by each
-- recipient key, once the day in London is over: sooner it would tell of the referrals beside it. The function
-- runs as the owner, who sees by these policies what is the caller's own, and nothing where nobody is served.
CREATE POLICY own_as_owner ON referral FOR SELECT TO CURRENT_USER
  USING (
    organisation_id = nullif(current_setting('app.organisation', true), '')::uuid
    OR organisation_id IS NULL
      AND receipt_hash = decode(nullif(current_setting('app.receipt', true), ''), 'hex'));
--> statement-breakpoint
-- Other entries have objects that are no UUIDs.
CREATE POLICY own_openings_as_owner ON audit_entry FOR SELECT TO CURRENT_USER
  USING (EXISTS (
    SELECT FROM referral
    WHERE referral.id = CASE
      WHEN action = 'referral.opened' AND outcome = 'permitted' THEN object_id::uuid
    END));
--> statement-breakpoint
CREATE POLICY own_openings_as_owner ON audit_index FOR SELECT TO CURRENT_USER
  USING (EXISTS (SELECT FROM audit_entry WHERE audit_entry.id = entry_id));
--> statement-breakpoint
CREATE FUNCTION own_openings(of_referral uuid)
  RETURNS TABLE (recipient text, opened_at timestamptz, day text, leaf bytea, log integer, place bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT DISTINCT ON (said.recipient)
           said.recipient, e.at, to_char(e.at AT TIME ZONE 'Europe/London', 'YYYY-MM-DD'), e.leaf,
           i.log, i.index
    FROM public.audit_entry e
    LEFT JOIN public.audit_index i ON i.entry_id = e.id,
         LATERAL (SELECT convert_from(e.leaf, 'UTF8')::jsonb ->> 'recipient' AS recipient) said
    WHERE e.object_id = of_referral::text AND e.action = 'referral.opened' AND e.outcome = 'permitted'
      AND e.at < date_trunc('day', now() AT TIME ZONE 'Europe/London') AT TIME ZONE 'Europe/London'
    ORDER BY said.recipient, e.at, e.id
  $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION own_openings FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION own_openings TO intake_partner, intake_internal;
--> statement-breakpoint
CREATE POLICY restart_as_owner ON audit_log TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
-- Hashes do not compress, and the last tile of a level is written anew with each batch.
ALTER TABLE audit_tile ALTER hashes SET STORAGE EXTERNAL;
--> statement-breakpoint
-- The planner keeps samples of what it analyses, where an erasure does not reach, and a table that was emptied keeps its
-- last. No statement asks for sealed or signed bytes by what they are; for match values and hashes it asks by an index,
-- which without samples is believed to find more than it does, and is still what finds them with the least work.
ALTER TABLE compartment ALTER sealed SET STATISTICS 0;
--> statement-breakpoint
ALTER TABLE wrap ALTER encapsulated SET STATISTICS 0, ALTER sealed_keys SET STATISTICS 0, ALTER grant_signature SET STATISTICS 0;
--> statement-breakpoint
ALTER TABLE referral ALTER header SET STATISTICS 0, ALTER signature SET STATISTICS 0, ALTER sealed_hashes SET STATISTICS 0,
  ALTER wrap_hashes SET STATISTICS 0, ALTER matching_hash SET STATISTICS 0, ALTER receipt_hash SET STATISTICS 0,
  ALTER signer SET STATISTICS 0, ALTER sender SET STATISTICS 0;
--> statement-breakpoint
ALTER TABLE unopened ALTER block SET STATISTICS 0;
--> statement-breakpoint
ALTER TABLE message ALTER envelope SET STATISTICS 0;
--> statement-breakpoint
ALTER TABLE note ALTER envelope SET STATISTICS 0, ALTER beside_sha256 SET STATISTICS 0;
--> statement-breakpoint
ALTER TABLE withdrawal ALTER envelope SET STATISTICS 0, ALTER block SET STATISTICS 0;
--> statement-breakpoint
ALTER TABLE urgency_statement ALTER signature SET STATISTICS 0;
--> statement-breakpoint
ALTER TABLE match_value ALTER value SET STATISTICS 0;
--> statement-breakpoint
ALTER TABLE match_check ALTER signature SET STATISTICS 0;
