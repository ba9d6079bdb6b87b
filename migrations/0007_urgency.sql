CREATE TABLE "urgency_statement" (
	"referral_id" uuid NOT NULL,
	"urgency" text NOT NULL,
	"rules" integer NOT NULL,
	"at" text NOT NULL,
	"signer" text NOT NULL,
	"signature" "bytea" NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "urgency_statement_referral_id_urgency_pk" PRIMARY KEY("referral_id","urgency")
);
--> statement-breakpoint
DROP INDEX "triage_item_merged";--> statement-breakpoint
ALTER TABLE "triage_item" ADD COLUMN "urgency" text NOT NULL;--> statement-breakpoint
ALTER TABLE "triage_item" ADD COLUMN "respond_by" date;--> statement-breakpoint
ALTER TABLE "urgency_statement" ADD CONSTRAINT "urgency_statement_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_opening_reference" ON "audit_opening" USING btree ((details ->> 'reference')) WHERE details ->> 'reference' is not null;--> statement-breakpoint
CREATE INDEX "triage_item_merged" ON "triage_item" USING btree ("merged_into") WHERE merged_into is not null;