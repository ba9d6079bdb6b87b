-- Who may see and write which row (access control that a forgotten WHERE cannot undo).
--
-- intake_owner     owns the tables, migrates, and is what `intake admin` on the host connects as
-- intake_service   the service's login: no DDL, no rows of its own; a member of those below
-- intake_partner   while a referrer is served: its own organisation's referrals, and nothing else
-- intake_internal  while staff and the service itself are served
-- intake_auditor   while an auditor is served: the log, and nothing that is sealed
--
-- Roles belong to the cluster, so a second database finds them made.
DO $$ BEGIN CREATE ROLE intake_partner NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
--> statement-breakpoint
DO $$ BEGIN CREATE ROLE intake_internal NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
--> statement-breakpoint
DO $$ BEGIN CREATE ROLE intake_auditor NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
--> statement-breakpoint
-- The host gives it a password and LOGIN; until then nobody can be it.
DO $$ BEGIN CREATE ROLE intake_service NOLOGIN NOINHERIT; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
--> statement-breakpoint
-- It may become each of them, and by itself it may do nothing.
GRANT intake_partner, intake_internal, intake_auditor TO intake_service WITH INHERIT FALSE, SET TRUE;
--> statement-breakpoint
-- On the role, for a pooler in between passes no settings of a connection on.
ALTER ROLE intake_service SET statement_timeout = '10s';
--> statement-breakpoint
ALTER ROLE intake_service SET lock_timeout = '5s';
--> statement-breakpoint
ALTER ROLE intake_service SET idle_in_transaction_session_timeout = '15s';
--> statement-breakpoint
REVOKE ALL ON SCHEMA public FROM PUBLIC;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO intake_partner, intake_internal, intake_auditor;
--> statement-breakpoint
-- The directory: read by both, written by nobody but the owner. A thief of the service's login
-- can neither add a client nor publish a key.
GRANT SELECT ON organisation, client, keyset, directory TO intake_partner, intake_internal;
--> statement-breakpoint
GRANT SELECT, INSERT ON referral, compartment, wrap TO intake_partner, intake_internal;
--> statement-breakpoint
GRANT UPDATE (state, decline_reason) ON referral TO intake_internal;
--> statement-breakpoint
-- A referrer writes these and never reads them: a case would show that others asked about the
-- same person.
GRANT INSERT ON referral_case, triage_item, match_value, audit_entry, audit_opening TO intake_partner;
--> statement-breakpoint
GRANT SELECT, INSERT ON referral_case, triage_item, match_value, audit_entry, audit_opening TO intake_internal;
--> statement-breakpoint
GRANT SELECT, INSERT ON audit_entry, audit_opening TO intake_auditor;
--> statement-breakpoint
GRANT UPDATE (fence, lapses, leased_by, leased_until, escalated_at, completed_at, outcome, completed_late) ON triage_item TO intake_internal;
--> statement-breakpoint
ALTER TABLE referral ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE compartment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE wrap ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE match_value ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE triage_item ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE referral_case ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE audit_opening ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
-- After a transaction the setting reads '' rather than NULL: nullif keeps the cast from failing.
CREATE POLICY own_organisation ON referral TO intake_partner
  USING (organisation_id = nullif(current_setting('app.organisation', true), '')::uuid)
  WITH CHECK (
    organisation_id = nullif(current_setting('app.organisation', true), '')::uuid
    AND state = 'received' AND decline_reason IS NULL
  );
--> statement-breakpoint
-- The subquery sees only the caller's own referrals, for it runs under the policy above.
CREATE POLICY own_organisation ON compartment FOR SELECT TO intake_partner
  USING (EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
-- Parts come with their referral, in its transaction, and never after: a wrap added later would
-- open it to somebody it was not sealed to.
CREATE POLICY own_new ON compartment FOR INSERT TO intake_partner
  WITH CHECK (EXISTS (
    SELECT FROM referral
    WHERE referral.id = referral_id AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
CREATE POLICY own_organisation ON wrap FOR SELECT TO intake_partner
  USING (EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
CREATE POLICY own_new ON wrap FOR INSERT TO intake_partner
  WITH CHECK (EXISTS (
    SELECT FROM referral
    WHERE referral.id = referral_id AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
CREATE POLICY own_organisation ON match_value FOR INSERT TO intake_partner
  WITH CHECK (EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
CREATE POLICY own_organisation ON referral_case FOR INSERT TO intake_partner
  WITH CHECK (EXISTS (SELECT FROM referral WHERE referral.id = referral_id));
--> statement-breakpoint
-- A referrer queues only a new referral of its own, at the place that its deadline gives it.
CREATE POLICY own_new ON triage_item FOR INSERT TO intake_partner
  WITH CHECK (
    cardinality(referral_ids) = 1
    AND EXISTS (
      SELECT FROM referral
      WHERE referral.id = referral_ids[1] AND received_at = date_trunc('milliseconds', now()))
    AND due_at >= arrived_at AND arrived_at = date_trunc('milliseconds', now())
    AND fence = 0 AND lapses = 0 AND leased_by IS NULL AND leased_until IS NULL
    AND escalated_at IS NULL AND completed_at IS NULL
  );
--> statement-breakpoint
CREATE POLICY append ON audit_entry FOR INSERT TO intake_partner WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY append ON audit_opening FOR INSERT TO intake_partner WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY auditor ON audit_entry TO intake_auditor USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY auditor ON audit_opening TO intake_auditor USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON referral TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON compartment TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON wrap TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON match_value TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON referral_case TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON triage_item TO intake_internal USING (true) WITH CHECK (true);
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
-- The queue is the table that is written most. Room on each page keeps its updates heap-only, and
-- vacuum comes by rows changed, not by a share of a table that only grows.
ALTER TABLE triage_item SET (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000
);
