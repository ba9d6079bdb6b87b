CREATE TABLE "evaluation_budget" (
	"client_id" uuid NOT NULL,
	"day" date NOT NULL,
	"elements" integer NOT NULL,
	CONSTRAINT "evaluation_budget_client_id_day_pk" PRIMARY KEY("client_id","day")
);
--> statement-breakpoint
ALTER TABLE "evaluation_budget" ADD CONSTRAINT "evaluation_budget_client_id_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."client"("id") ON DELETE no action ON UPDATE no action;