CREATE TABLE "challenge_block" (
	"hour" timestamp (3) with time zone NOT NULL,
	"block" "bytea" NOT NULL,
	"challenges" integer NOT NULL,
	CONSTRAINT "challenge_block_hour_block_pk" PRIMARY KEY("hour","block")
);
--> statement-breakpoint
CREATE TABLE "daily_secret" (
	"day" date PRIMARY KEY NOT NULL,
	"secret" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "spent_id" (
	"kind" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "spent_id_kind_hash_pk" PRIMARY KEY("kind","hash")
);
--> statement-breakpoint
CREATE TABLE "token_key" (
	"kid" text PRIMARY KEY NOT NULL,
	"sealed" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"signs_from" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_cosignature" (
	"log" integer NOT NULL,
	"size" bigint NOT NULL,
	"witness" text NOT NULL,
	"checkpoint" text NOT NULL,
	"line" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "audit_cosignature_log_size_witness_pk" PRIMARY KEY("log","size","witness")
);
--> statement-breakpoint
CREATE TABLE "audit_entry" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"action" text NOT NULL,
	"outcome" text NOT NULL,
	"object_id" text,
	"leaf" "bytea" NOT NULL,
	CONSTRAINT "audit_entry_at" UNIQUE("at","id"),
	CONSTRAINT "audit_entry_short" CHECK (octet_length(leaf) <= 4096)
);
--> statement-breakpoint
CREATE TABLE "audit_index" (
	"log" integer NOT NULL,
	"index" bigint NOT NULL,
	"entry_id" uuid NOT NULL,
	CONSTRAINT "audit_index_log_index_pk" PRIMARY KEY("log","index"),
	CONSTRAINT "audit_index_entry" UNIQUE("entry_id"),
	CONSTRAINT "audit_index_counted" CHECK (index >= 0)
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"n" integer PRIMARY KEY NOT NULL,
	"origin" text NOT NULL,
	"size" bigint DEFAULT 0 NOT NULL,
	"checkpoint" text,
	"signed_at" timestamp (3) with time zone,
	"first_entry_id" uuid,
	"closed_at" timestamp (3) with time zone,
	CONSTRAINT "audit_log_signed" CHECK ((size = 0) = (checkpoint is null)),
	CONSTRAINT "audit_log_signed_at" CHECK ((checkpoint is null) = (signed_at is null))
);
--> statement-breakpoint
CREATE TABLE "audit_opening" (
	"entry_id" uuid PRIMARY KEY NOT NULL,
	"client_id" uuid,
	"organisation_id" uuid,
	"client_label" text,
	"organisation_label" text,
	"person" text,
	"actor_salt" "bytea",
	"details" jsonb,
	"details_salt" "bytea",
	"refusal" text,
	"refused_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "audit_pending" (
	"at" timestamp (3) with time zone NOT NULL,
	"entry_id" uuid NOT NULL,
	CONSTRAINT "audit_pending_at_entry_id_pk" PRIMARY KEY("at","entry_id")
);
--> statement-breakpoint
CREATE TABLE "audit_tile" (
	"log" integer NOT NULL,
	"level" smallint NOT NULL,
	"n" bigint NOT NULL,
	"hashes" "bytea" NOT NULL,
	CONSTRAINT "audit_tile_log_level_n_pk" PRIMARY KEY("log","level","n"),
	CONSTRAINT "audit_tile_whole" CHECK (octet_length(hashes) % 32 = 0 and octet_length(hashes) between 32 and 8192)
);
--> statement-breakpoint
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
	"note_referral_id" uuid,
	"note_number" integer
);
--> statement-breakpoint
CREATE TABLE "note" (
	"referral_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"envelope" "bytea" NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	"entry_id" uuid NOT NULL,
	"beside_sha256" "bytea",
	CONSTRAINT "note_referral_id_number_pk" PRIMARY KEY("referral_id","number")
);
--> statement-breakpoint
CREATE TABLE "pairing" (
	"referral_id" uuid PRIMARY KEY NOT NULL,
	"queued_at" timestamp (3) with time zone NOT NULL,
	"attempts" smallint DEFAULT 0 NOT NULL,
	"not_before" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "referral_case" (
	"referral_id" uuid PRIMARY KEY NOT NULL,
	"case_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "client" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organisation_id" uuid NOT NULL,
	"label" text NOT NULL,
	"kind" text NOT NULL,
	"scopes" text[] NOT NULL,
	"kids" text[] DEFAULT '{}' NOT NULL,
	"disabled_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "client_key" (
	"kid" text PRIMARY KEY NOT NULL,
	"client_id" uuid NOT NULL,
	"jwk" jsonb NOT NULL,
	"alg" text NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_until" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "directory" (
	"version" integer PRIMARY KEY NOT NULL,
	"jws" text NOT NULL,
	"sha256" "bytea" NOT NULL,
	"published_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "keyset" (
	"version" integer PRIMARY KEY NOT NULL,
	"jws" text NOT NULL,
	"sha256" "bytea" NOT NULL,
	"revokes" integer[] NOT NULL,
	"published_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "organisation" (
	"id" uuid PRIMARY KEY NOT NULL,
	"label" text NOT NULL,
	"disabled_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "signing_key" (
	"kid" text PRIMARY KEY NOT NULL,
	"organisation_id" uuid NOT NULL,
	"public_key" "bytea" NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_until" timestamp (3) with time zone,
	"compromised_from" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "document" (
	"id" uuid PRIMARY KEY NOT NULL,
	"referral_id" uuid NOT NULL,
	"client_id" uuid,
	"bytes" bigint NOT NULL,
	"begun_at" timestamp (3) with time zone NOT NULL,
	"stored_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "erasure" (
	"referral_id" uuid PRIMARY KEY NOT NULL,
	"erased_at" timestamp (3) with time zone NOT NULL,
	"rule" text NOT NULL,
	"entry_id" uuid NOT NULL,
	"receipt_mark" "bytea"
);
--> statement-breakpoint
CREATE TABLE "legal_hold" (
	"referral_id" uuid PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"placed_at" timestamp (3) with time zone NOT NULL,
	"entry_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "retention_rule" (
	"state" text PRIMARY KEY NOT NULL,
	"days" integer NOT NULL,
	"set_at" timestamp (3) with time zone NOT NULL,
	"begins_at" timestamp (3) with time zone NOT NULL,
	"epoch" text NOT NULL,
	CONSTRAINT "retention_closed" CHECK (state in ('declined', 'redirected', 'closed', 'withdrawn')),
	CONSTRAINT "retention_days" CHECK ("retention_rule"."days" between 7 and 36500)
);
--> statement-breakpoint
CREATE TABLE "served_as" (
	"n" smallint PRIMARY KEY NOT NULL,
	"epoch" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "served_as_one" CHECK ("served_as"."n" = 1)
);
--> statement-breakpoint
CREATE TABLE "withdrawal" (
	"referral_id" uuid PRIMARY KEY NOT NULL,
	"asked_at" timestamp (3) with time zone NOT NULL,
	"entry_id" uuid NOT NULL,
	"kept_until" timestamp (3) with time zone NOT NULL,
	"envelope" "bytea",
	"block" "bytea",
	"decision" text,
	"decided_at" timestamp (3) with time zone,
	"settled_at" timestamp (3) with time zone,
	CONSTRAINT "withdrawal_decided" CHECK ((decision is null) = (decided_at is null)),
	CONSTRAINT "withdrawal_told" CHECK (envelope is null or (block is null and decision is null))
);
--> statement-breakpoint
CREATE TABLE "evaluation_budget" (
	"client_id" uuid NOT NULL,
	"day" date NOT NULL,
	"elements" integer NOT NULL,
	CONSTRAINT "evaluation_budget_client_id_day_pk" PRIMARY KEY("client_id","day"),
	CONSTRAINT "evaluation_budget_spent" CHECK (elements >= 0)
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
CREATE TABLE "match_value" (
	"referral_id" uuid NOT NULL,
	"epoch" integer NOT NULL,
	"type" text NOT NULL,
	"value" "bytea" NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "match_value_referral_id_epoch_type_value_pk" PRIMARY KEY("referral_id","epoch","type","value")
);
--> statement-breakpoint
CREATE TABLE "message" (
	"referral_id" uuid NOT NULL,
	"place" integer NOT NULL,
	"side" text NOT NULL,
	"number" integer NOT NULL,
	"message_id" uuid NOT NULL,
	"envelope" "bytea" NOT NULL,
	"urgency" text,
	"deliver" text,
	"language" text,
	"stored_at" timestamp (3) with time zone NOT NULL,
	"entry_id" uuid NOT NULL,
	"settled_at" timestamp (3) with time zone,
	CONSTRAINT "message_referral_id_place_pk" PRIMARY KEY("referral_id","place"),
	CONSTRAINT "message_number" UNIQUE("referral_id","side","number"),
	CONSTRAINT "message_once" UNIQUE("referral_id","message_id")
);
--> statement-breakpoint
CREATE TABLE "message_delivery" (
	"referral_id" uuid NOT NULL,
	"place" integer NOT NULL,
	"way" text NOT NULL,
	"language" text,
	"at" timestamp (3) with time zone NOT NULL,
	"entry_id" uuid NOT NULL,
	CONSTRAINT "message_delivery_referral_id_place_way_pk" PRIMARY KEY("referral_id","place","way")
);
--> statement-breakpoint
CREATE TABLE "claim_key" (
	"client_id" uuid NOT NULL,
	"hash" "bytea" NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"item_ids" uuid[] NOT NULL,
	"fences" bigint[] NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "claim_key_client_id_hash_pk" PRIMARY KEY("client_id","hash")
);
--> statement-breakpoint
CREATE TABLE "duty_mail" (
	"step" smallint NOT NULL,
	"address_sha256" "bytea" NOT NULL,
	"number" bigint DEFAULT 0 NOT NULL,
	"attempts" smallint DEFAULT 0 NOT NULL,
	"not_before" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "duty_mail_step_address_sha256_pk" PRIMARY KEY("step","address_sha256")
);
--> statement-breakpoint
CREATE TABLE "triage_attempt" (
	"item_id" uuid NOT NULL,
	"fence" bigint NOT NULL,
	"client_id" uuid NOT NULL,
	"claimed_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone NOT NULL,
	"ending" text NOT NULL,
	CONSTRAINT "triage_attempt_item_id_fence_pk" PRIMARY KEY("item_id","fence")
);
--> statement-breakpoint
CREATE TABLE "triage_change" (
	"position" bigint NOT NULL,
	"number" bigint GENERATED BY DEFAULT AS IDENTITY (sequence name "triage_change_number_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"type" text NOT NULL,
	"item_id" uuid NOT NULL,
	"case_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "triage_change_position_number_pk" PRIMARY KEY("position","number")
);
--> statement-breakpoint
CREATE TABLE "triage_item" (
	"id" uuid PRIMARY KEY NOT NULL,
	"case_id" uuid NOT NULL,
	"referral_id" uuid NOT NULL,
	"referral_ids" uuid[] NOT NULL,
	"arrived_at" timestamp (3) with time zone NOT NULL,
	"urgency" text NOT NULL,
	"respond_by" date,
	"region" text NOT NULL,
	"channel" text NOT NULL,
	"organisation_id" uuid,
	"own_due_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"merged_into" uuid,
	"fence" bigint DEFAULT 0 NOT NULL,
	"lapses" smallint DEFAULT 0 NOT NULL,
	"leased_by" uuid,
	"leased_until" timestamp (3) with time zone,
	"claimed_at" timestamp (3) with time zone,
	"changed" boolean DEFAULT false NOT NULL,
	"escalated_at" timestamp (3) with time zone,
	"escalated_before" timestamp (3) with time zone,
	"park_reason" text,
	"parked_until" timestamp (3) with time zone,
	"aside_id" uuid,
	"completed_at" timestamp (3) with time zone,
	"outcome" text,
	"completed_late" boolean,
	"reopened_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "unheld_item" (
	"item_id" uuid PRIMARY KEY NOT NULL,
	"fence" bigint NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"told" smallint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "urgency_setting" (
	"entry_id" uuid NOT NULL,
	"referral_id" uuid NOT NULL,
	"urgency" text NOT NULL,
	"set_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "urgency_setting_referral_id_entry_id_pk" PRIMARY KEY("referral_id","entry_id")
);
--> statement-breakpoint
CREATE TABLE "compartment" (
	"referral_id" uuid PRIMARY KEY NOT NULL,
	"names" text[] NOT NULL,
	"sealed" "bytea"[] NOT NULL,
	CONSTRAINT "compartment_whole" CHECK (cardinality("compartment"."names") = cardinality("compartment"."sealed"))
);
--> statement-breakpoint
CREATE TABLE "opening_budget" (
	"client_id" uuid PRIMARY KEY NOT NULL,
	"began_at" timestamp (3) with time zone NOT NULL,
	"openings" integer NOT NULL,
	CONSTRAINT "opening_budget_spent" CHECK (openings > 0)
);
--> statement-breakpoint
CREATE TABLE "referral" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organisation_id" uuid,
	"receipt_hash" "bytea",
	"reference" text NOT NULL,
	"received_at" timestamp (3) with time zone NOT NULL,
	"state" text NOT NULL,
	"decline_reason" text,
	"shown_state" text GENERATED ALWAYS AS (case state when 'in_triage' then 'received' else state end) STORED NOT NULL,
	"shown_at" timestamp (3) with time zone NOT NULL,
	"shown_by" bigint NOT NULL,
	"header" "bytea" NOT NULL,
	"keyset_version" integer NOT NULL,
	"signer" text NOT NULL,
	"signature" "bytea" NOT NULL,
	"envelope_hash" "bytea" NOT NULL,
	"matching_hash" "bytea",
	"sealed_hashes" "bytea" NOT NULL,
	"wrap_hashes" "bytea" NOT NULL,
	"supersedes" uuid,
	"entry_id" uuid NOT NULL,
	"sender" text NOT NULL,
	CONSTRAINT "referral_reference_unique" UNIQUE("reference"),
	CONSTRAINT "referral_supersedes" UNIQUE("sender","supersedes"),
	CONSTRAINT "referral_own" UNIQUE("sender","id"),
	CONSTRAINT "referral_sender" CHECK (sender = coalesce(organisation_id::text, encode(receipt_hash, 'hex') || ' ' || signer, id::text)),
	CONSTRAINT "referral_erased" CHECK (case when state = 'erased'
        then octet_length(header || signature || sealed_hashes || wrap_hashes) = 0 and signer = ''
          and num_nonnulls(receipt_hash, matching_hash, supersedes, decline_reason) = 0
        else octet_length(header) > 0 end)
);
--> statement-breakpoint
CREATE TABLE "unopened" (
	"referral_id" uuid PRIMARY KEY NOT NULL,
	"block" "bytea"
);
--> statement-breakpoint
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
CREATE TABLE "wrap" (
	"referral_id" uuid NOT NULL,
	"kid" text NOT NULL,
	"encapsulated" "bytea" NOT NULL,
	"sealed_keys" "bytea" NOT NULL,
	"granted_compartments" text[],
	"granted_by" text,
	"granted_at" text,
	"granted_until" text,
	"grant_signature" "bytea",
	"ends_at" timestamp (3) with time zone,
	CONSTRAINT "wrap_referral_id_kid_pk" PRIMARY KEY("referral_id","kid"),
	CONSTRAINT "wrap_granted_whole" CHECK (num_nulls(granted_compartments, granted_by, granted_at, grant_signature) in (0, 4)
          and (grant_signature is not null or granted_until is null and ends_at is null))
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoint" (
	"id" uuid PRIMARY KEY NOT NULL,
	"client_id" uuid NOT NULL,
	"url" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"secret" "bytea" NOT NULL,
	"earlier_secret" "bytea",
	"earlier_until" timestamp (3) with time zone,
	"disabled_at" timestamp (3) with time zone,
	"disabled_for" text,
	"epoch" text NOT NULL,
	"position" bigint NOT NULL,
	"number" bigint NOT NULL,
	"gap_at" timestamp (3) with time zone,
	"tries" smallint DEFAULT 0 NOT NULL,
	"next_try_at" timestamp (3) with time zone NOT NULL,
	"leased_until" timestamp (3) with time zone,
	"fence" bigint DEFAULT 0 NOT NULL,
	"sent" bigint DEFAULT 0 NOT NULL,
	"recorded_on" date NOT NULL,
	"delivered_at" timestamp (3) with time zone,
	"failures" jsonb DEFAULT '[]'::jsonb NOT NULL
);
--> statement-breakpoint
ALTER TABLE "audit_cosignature" ADD CONSTRAINT "audit_cosignature_log_audit_log_n_fk" FOREIGN KEY ("log") REFERENCES "public"."audit_log"("n") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_index" ADD CONSTRAINT "audit_index_log_audit_log_n_fk" FOREIGN KEY ("log") REFERENCES "public"."audit_log"("n") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_index" ADD CONSTRAINT "audit_index_entry_id_audit_entry_id_fk" FOREIGN KEY ("entry_id") REFERENCES "public"."audit_entry"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_first_entry_id_audit_entry_id_fk" FOREIGN KEY ("first_entry_id") REFERENCES "public"."audit_entry"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_opening" ADD CONSTRAINT "audit_opening_entry_id_audit_entry_id_fk" FOREIGN KEY ("entry_id") REFERENCES "public"."audit_entry"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_pending" ADD CONSTRAINT "audit_pending_entry" FOREIGN KEY ("at","entry_id") REFERENCES "public"."audit_entry"("at","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_tile" ADD CONSTRAINT "audit_tile_log_audit_log_n_fk" FOREIGN KEY ("log") REFERENCES "public"."audit_log"("n") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "case_flag" ADD CONSTRAINT "case_flag_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "judgement" ADD CONSTRAINT "judgement_left_id_referral_id_fk" FOREIGN KEY ("left_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "judgement" ADD CONSTRAINT "judgement_right_id_referral_id_fk" FOREIGN KEY ("right_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "judgement" ADD CONSTRAINT "judgement_note" FOREIGN KEY ("note_referral_id","note_number") REFERENCES "public"."note"("referral_id","number") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "note" ADD CONSTRAINT "note_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pairing" ADD CONSTRAINT "pairing_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "referral_case" ADD CONSTRAINT "referral_case_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "client" ADD CONSTRAINT "client_organisation_id_organisation_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "public"."organisation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "client_key" ADD CONSTRAINT "client_key_client_id_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."client"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signing_key" ADD CONSTRAINT "signing_key_organisation_id_organisation_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "public"."organisation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "document" ADD CONSTRAINT "document_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "document" ADD CONSTRAINT "document_client_id_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."client"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "erasure" ADD CONSTRAINT "erasure_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "legal_hold" ADD CONSTRAINT "legal_hold_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "withdrawal" ADD CONSTRAINT "withdrawal_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluation_budget" ADD CONSTRAINT "evaluation_budget_client_id_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."client"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "match_check" ADD CONSTRAINT "match_check_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "match_value" ADD CONSTRAINT "match_value_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message" ADD CONSTRAINT "message_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_delivery" ADD CONSTRAINT "message_delivery_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_delivery" ADD CONSTRAINT "message_delivery_of" FOREIGN KEY ("referral_id","place") REFERENCES "public"."message"("referral_id","place") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "claim_key" ADD CONSTRAINT "claim_key_client_id_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."client"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "urgency_setting" ADD CONSTRAINT "urgency_setting_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "compartment" ADD CONSTRAINT "compartment_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "opening_budget" ADD CONSTRAINT "opening_budget_client_id_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."client"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "referral" ADD CONSTRAINT "referral_organisation_id_organisation_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "public"."organisation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "referral" ADD CONSTRAINT "referral_keyset_version_keyset_version_fk" FOREIGN KEY ("keyset_version") REFERENCES "public"."keyset"("version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "referral" ADD CONSTRAINT "referral_amends_own" FOREIGN KEY ("sender","supersedes") REFERENCES "public"."referral"("sender","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "unopened" ADD CONSTRAINT "unopened_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "urgency_statement" ADD CONSTRAINT "urgency_statement_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "wrap" ADD CONSTRAINT "wrap_referral_id_referral_id_fk" FOREIGN KEY ("referral_id") REFERENCES "public"."referral"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "webhook_endpoint_client_id_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."client"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "spent_id_expires" ON "spent_id" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "audit_entry_object" ON "audit_entry" USING btree ("object_id","at","id");--> statement-breakpoint
CREATE INDEX "audit_entry_refused" ON "audit_entry" USING btree ("at","id") WHERE outcome <> 'permitted';--> statement-breakpoint
CREATE INDEX "audit_entry_rare" ON "audit_entry" USING btree ("action","at","id") WHERE action not in ('referral.submitted', 'referral.paired', 'referral.opened', 'matching.evaluated');--> statement-breakpoint
CREATE INDEX "audit_entry_published" ON "audit_entry" USING btree ("at") WHERE action = 'keyset.published' and outcome = 'permitted';--> statement-breakpoint
CREATE UNIQUE INDEX "audit_log_open" ON "audit_log" USING btree (("closed_at" is null)) WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "audit_opening_client" ON "audit_opening" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "audit_opening_organisation" ON "audit_opening" USING btree ("organisation_id");--> statement-breakpoint
CREATE INDEX "audit_opening_client_refused" ON "audit_opening" USING btree ("client_id","refusal","refused_at","entry_id") WHERE refusal is not null;--> statement-breakpoint
CREATE INDEX "audit_opening_organisation_refused" ON "audit_opening" USING btree ("organisation_id","refusal","refused_at","entry_id") WHERE refusal is not null;--> statement-breakpoint
CREATE INDEX "audit_opening_reference" ON "audit_opening" USING btree ((details ->> 'reference')) WHERE details ->> 'reference' is not null;--> statement-breakpoint
CREATE INDEX "audit_opening_acts" ON "audit_opening" USING gin (jsonb_path_query_array(details, '$.acts[*].* ? (@ like_regex "^[0-9a-f-]{36}$")')) WHERE details -> 'acts' -> 0 is not null;--> statement-breakpoint
CREATE INDEX "case_flag_order" ON "case_flag" USING btree ("at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "judgement_current" ON "judgement" USING btree ("left_id","right_id") WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "judgement_left" ON "judgement" USING btree ("left_id");--> statement-breakpoint
CREATE INDEX "judgement_right" ON "judgement" USING btree ("right_id");--> statement-breakpoint
CREATE INDEX "judgement_merged" ON "judgement" USING btree ("merged_case_id") WHERE merged_case_id is not null;--> statement-breakpoint
CREATE INDEX "judgement_open" ON "judgement" USING btree ("made_at","id") WHERE ended_at is null and verdict in ('possible', 'unsure');--> statement-breakpoint
CREATE INDEX "pairing_order" ON "pairing" USING btree ("queued_at","referral_id");--> statement-breakpoint
CREATE INDEX "referral_case_case" ON "referral_case" USING btree ("case_id");--> statement-breakpoint
CREATE INDEX "client_key_client" ON "client_key" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "document_referral" ON "document" USING btree ("referral_id");--> statement-breakpoint
CREATE INDEX "document_client" ON "document" USING btree ("client_id","begun_at");--> statement-breakpoint
CREATE INDEX "document_unfinished" ON "document" USING btree ("begun_at") WHERE stored_at is null;--> statement-breakpoint
CREATE INDEX "erasure_receipt" ON "erasure" USING btree ("receipt_mark") WHERE receipt_mark is not null;--> statement-breakpoint
CREATE INDEX "erasure_order" ON "erasure" USING btree ("erased_at","referral_id");--> statement-breakpoint
CREATE INDEX "withdrawal_unsettled" ON "withdrawal" USING btree ("asked_at","referral_id") WHERE envelope is not null and settled_at is null;--> statement-breakpoint
CREATE INDEX "withdrawal_asked" ON "withdrawal" USING btree ("asked_at","referral_id") WHERE envelope is null and decision is null;--> statement-breakpoint
CREATE INDEX "withdrawal_block" ON "withdrawal" USING btree ("block","asked_at") WHERE block is not null;--> statement-breakpoint
CREATE INDEX "match_value_shared" ON "match_value" USING btree ("epoch","type","value","at","referral_id");--> statement-breakpoint
CREATE INDEX "message_unsettled" ON "message" USING btree ("stored_at") WHERE side = 'referrer' and settled_at is null;--> statement-breakpoint
CREATE INDEX "claim_key_expires" ON "claim_key" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "triage_item_order" ON "triage_item" USING btree ("due_at","id") WHERE completed_at is null and merged_into is null and park_reason is null;--> statement-breakpoint
CREATE INDEX "triage_item_parked" ON "triage_item" USING btree ("parked_until") WHERE completed_at is null and merged_into is null and park_reason is not null;--> statement-breakpoint
CREATE INDEX "triage_item_case" ON "triage_item" USING btree ("case_id");--> statement-breakpoint
CREATE UNIQUE INDEX "triage_item_referral" ON "triage_item" USING btree ("referral_id") WHERE completed_at is null;--> statement-breakpoint
CREATE INDEX "triage_item_merged" ON "triage_item" USING btree ("merged_into","completed_at") WHERE merged_into is not null;--> statement-breakpoint
CREATE INDEX "triage_item_lapsed" ON "triage_item" USING btree ("id") WHERE lapses >= 4 and completed_at is null and escalated_at is null;--> statement-breakpoint
CREATE INDEX "referral_receipt" ON "referral" USING btree ("receipt_hash") WHERE receipt_hash is not null;--> statement-breakpoint
CREATE INDEX "referral_shown" ON "referral" USING btree ("organisation_id","shown_by","id") WHERE organisation_id is not null;--> statement-breakpoint
CREATE INDEX "wrap_kid" ON "wrap" USING btree ("kid","referral_id");--> statement-breakpoint
CREATE INDEX "wrap_ends" ON "wrap" USING btree ("ends_at") WHERE ends_at is not null;--> statement-breakpoint
CREATE INDEX "webhook_endpoint_client" ON "webhook_endpoint" USING btree ("client_id");