-- Notes go between recipients: no referrer sees one, nor that there are any. Nobody changes or removes one.
GRANT SELECT, INSERT ON note TO intake_internal;
--> statement-breakpoint
ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY staff ON note TO intake_internal USING (true) WITH CHECK (true);
