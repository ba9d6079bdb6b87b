-- Who may see and write which row of matching and cases. A referrer writes three of these rows, for its
-- new referral and never after, and reads none: each would show that others asked about the same person.
GRANT INSERT ON pairing TO intake_partner;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON pairing TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (queued_at, attempts, not_before) ON pairing TO intake_internal;
--> statement-breakpoint
-- A recipient's keys replace the referrer's, and those of an epoch that is over are deleted.
GRANT DELETE ON match_value TO intake_internal;
--> statement-breakpoint
GRANT SELECT, INSERT ON match_check TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (checked_at, signer, signature) ON match_check TO intake_internal;
--> statement-breakpoint
-- A judgement is ended, never changed or removed.
GRANT SELECT, INSERT ON judgement TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (ended_at) ON judgement TO intake_internal;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON case_flag TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (at) ON case_flag TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (case_id) ON referral_case TO intake_internal;
--> statement-breakpoint
GRANT UPDATE (case_id, referral_ids, due_at, merged_into, claimed_at, changed, escalated_before)
  ON triage_item TO intake_internal;
--> statement-breakpoint
ALTER TABLE pairing ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE match_check ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE judgement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE case_flag ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own_new ON pairing FOR INSERT TO intake_partner
  WITH CHECK (
    attempts = 0 AND not_before IS NULL AND queued_at = date_trunc('milliseconds', now())
    AND EXISTS (
      SELECT FROM referral
      WHERE referral.id = referral_id AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
CREATE POLICY staff ON pairing TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON match_check TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON judgement TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY staff ON case_flag TO intake_internal USING (true) WITH CHECK (true);
--> statement-breakpoint
-- Match values come with their referral. Added later, they could point it at somebody else's case;
-- dated back, they would be looked at before older ones.
DROP POLICY own_organisation ON match_value;
--> statement-breakpoint
CREATE POLICY own_new ON match_value FOR INSERT TO intake_partner
  WITH CHECK (
    at = date_trunc('milliseconds', now())
    AND EXISTS (
      SELECT FROM referral
      WHERE referral.id = referral_id AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
DROP POLICY own_organisation ON referral_case;
--> statement-breakpoint
CREATE POLICY own_new ON referral_case FOR INSERT TO intake_partner
  WITH CHECK (EXISTS (
    SELECT FROM referral
    WHERE referral.id = referral_id AND received_at = date_trunc('milliseconds', now())));
--> statement-breakpoint
DROP POLICY own_new ON triage_item;
--> statement-breakpoint
CREATE POLICY own_new ON triage_item FOR INSERT TO intake_partner
  WITH CHECK (
    cardinality(referral_ids) = 1 AND referral_id = referral_ids[1]
    AND EXISTS (
      SELECT FROM referral
      WHERE referral.id = referral_ids[1] AND received_at = date_trunc('milliseconds', now()))
    AND due_at >= arrived_at AND arrived_at = date_trunc('milliseconds', now())
    AND own_due_at = due_at AND merged_into IS NULL
    AND fence = 0 AND lapses = 0 AND leased_by IS NULL AND leased_until IS NULL
    AND claimed_at IS NULL AND NOT changed AND escalated_at IS NULL AND escalated_before IS NULL
    AND completed_at IS NULL
  );
