import type { Static, TSchema } from 'typebox'
import * as Type from 'typebox'
import type { CompartmentName } from './compartment.ts'
import { Clinical } from './fields/clinical.ts'
import { Consent } from './fields/consent.ts'
import { Contact } from './fields/contact.ts'
import { Detention } from './fields/detention.ts'
import { Documents } from './fields/documents.ts'
import { Identity } from './fields/identity.ts'
import { Interpreting } from './fields/interpreting.ts'
import { Legal } from './fields/legal.ts'
import { Narrative } from './fields/narrative.ts'
import { Referrer } from './fields/referrer.ts'

/** The schema of each compartment, in the order in which a person is asked. */
export const compartmentSchemas = {
  interpreting: Interpreting,
  identity: Identity,
  contact: Contact,
  consent: Consent,
  referrer: Referrer,
  detention: Detention,
  legal: Legal,
  clinical: Clinical,
  narrative: Narrative,
  documents: Documents,
} satisfies Record<CompartmentName, TSchema>

/**
 * What a referral says, all of it sealed: the ten compartments, every one present, empty or not, so
 * that a stranger learns nothing from which questions were answered.
 */
export const Referral = Type.Object(compartmentSchemas, {
  additionalProperties: false,
  description: 'Ten compartments, each sealed with a key of its own. All are present.',
})

export type Referral = Static<typeof Referral>
