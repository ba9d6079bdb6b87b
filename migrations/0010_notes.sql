CREATE TABLE "note" (
	"referral_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"envelope" "bytea" NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	"entry_id" uuid NOT NULL,
	CONSTRAINT "note_referral_id_number_pk" PRIMARY KEY("referral_id","number")
);
--> statement-breakpoint
ALTER TABLE "judgement" ADD COLUMN "note_referral_id" uuid;--> statement-breakpoint
ALTER TABLE "judgement" ADD COLUMN "note_number" integer;--> statement-breakpoint
ALTER TABLE "note" ADD CONSTRAINT "note_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "judgement" ADD CONSTRAINT "judgement_note" FOREIGN KEY ("note_referral_id","note_number") REFERENCES "public"."note"("referral_id","number") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "judgement" DROP COLUMN "note";