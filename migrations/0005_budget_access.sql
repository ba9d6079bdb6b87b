-- How much each client has had evaluated today. A partner reads and raises its own organisation's
-- clients' numbers, for it is as the partner that its budget is charged; whoever calls for staff, all.
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
