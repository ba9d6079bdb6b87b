-- A recipient's statement raises an item, also while somebody holds it. A referrer sees none: it would
-- tell when its referral was opened.
GRANT UPDATE (urgency, own_due_at) ON triage_item TO intake_internal;
--> statement-breakpoint
GRANT SELECT, INSERT ON urgency_statement TO intake_internal;
--> statement-breakpoint
ALTER TABLE urgency_statement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON urgency_statement TO intake_internal USING (true) WITH CHECK (true);
