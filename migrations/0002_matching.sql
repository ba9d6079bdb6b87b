CREATE TABLE "case_flag" (
	"id" uuid PRIMARY KEY NOT NULL,
	"referral_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "case_flag_once" UNIQUE("referral_id","kind")
);
--> statement-breakpoint
CREATE TABLE "judgement" (
	"id" uuid PRIMARY KEY NOT NULL,
	"left_id" uuid NOT NULL,
	"right_id" uuid NOT NULL,
	"verdict" text NOT NULL,
	"basis" text NOT NULL,
	"probability" real,
	"bits" jsonb NOT NULL,
	"made_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"entry_id" uuid NOT NULL,
	"merged_case_id" uuid,
	"merged_referral_id" uuid,
	"note" "bytea"
);
--> statement-breakpoint
CREATE TABLE "match_check" (
	"referral_id" uuid NOT NULL,
	"epoch" integer NOT NULL,
	"checked_at" timestamp (3) with time zone NOT NULL,
	"signer" text NOT NULL,
	"signature" "bytea" NOT NULL,
	CONSTRAINT "match_check_referral_id_epoch_pk" PRIMARY KEY("referral_id","epoch")
);
--> statement-breakpoint
CREATE TABLE "pairing" (
	"referral_id" uuid PRIMARY KEY NOT NULL,
	"queued_at" timestamp (3) with time zone NOT NULL,
	"attempts" smallint DEFAULT 0 NOT NULL,
	"not_before" timestamp (3) with time zone
);
--> statement-breakpoint
DROP INDEX "triage_item_order";--> statement-breakpoint
-- What is there already keeps its place: the owner sees rows only while row security is not forced.
ALTER TABLE "match_value" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "triage_item" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "referral" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "match_value" ADD COLUMN "at" timestamp (3) with time zone;--> statement-breakpoint
UPDATE "match_value" SET "at" = "referral"."received_at" FROM "referral" WHERE "referral"."id" = "match_value"."referral_id";--> statement-breakpoint
ALTER TABLE "match_value" ALTER COLUMN "at" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "triage_item" ADD COLUMN "referral_id" uuid;--> statement-breakpoint
ALTER TABLE "triage_item" ADD COLUMN "own_due_at" timestamp (3) with time zone;--> statement-breakpoint
UPDATE "triage_item" SET "referral_id" = "referral_ids"[1], "own_due_at" = "due_at";--> statement-breakpoint
ALTER TABLE "triage_item" ALTER COLUMN "referral_id" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "triage_item" ALTER COLUMN "own_due_at" SET NOT NULL;--> statement-breakpoint
INSERT INTO "pairing" ("referral_id", "queued_at") SELECT "id", "received_at" FROM "referral";--> statement-breakpoint
ALTER TABLE "match_value" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "triage_item" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "referral" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "triage_item" ADD COLUMN "merged_into" uuid;--> statement-breakpoint
ALTER TABLE "triage_item" ADD COLUMN "claimed_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "triage_item" ADD COLUMN "changed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "triage_item" ADD COLUMN "escalated_before" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "case_flag" ADD CONSTRAINT "case_flag_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "judgement" ADD CONSTRAINT "judgement_left_id_referral_id_fk" FOREIGN KEY ("left_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "judgement" ADD CONSTRAINT "judgement_right_id_referral_id_fk" FOREIGN KEY ("right_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "match_check" ADD CONSTRAINT "match_check_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pairing" ADD CONSTRAINT "pairing_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "case_flag_order" ON "case_flag" USING btree ("at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "judgement_current" ON "judgement" USING btree ("left_id","right_id") WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "judgement_left" ON "judgement" USING btree ("left_id");--> statement-breakpoint
CREATE INDEX "judgement_right" ON "judgement" USING btree ("right_id");--> statement-breakpoint
CREATE INDEX "judgement_merged" ON "judgement" USING btree ("merged_case_id") WHERE merged_case_id is not null;--> statement-breakpoint
CREATE INDEX "judgement_open" ON "judgement" USING btree ("made_at","id") WHERE ended_at is null and verdict in ('possible', 'unsure');--> statement-breakpoint
CREATE INDEX "pairing_order" ON "pairing" USING btree ("queued_at","referral_id");--> statement-breakpoint
CREATE INDEX "match_value_shared" ON "match_value" USING btree ("epoch","type","value","at","referral_id");--> statement-breakpoint
CREATE UNIQUE INDEX "triage_item_referral" ON "triage_item" USING btree ("referral_id") WHERE completed_at is null;--> statement-breakpoint
CREATE INDEX "triage_item_merged" ON "triage_item" USING btree ("merged_into") WHERE completed_at is null;--> statement-breakpoint
CREATE INDEX "triage_item_order" ON "triage_item" USING btree ("due_at","id") WHERE completed_at is null and merged_into is null;