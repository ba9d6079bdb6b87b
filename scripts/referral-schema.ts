/**
 * Writes `referral.schema.json`: what a referral says, for partners who validate without our code.
 *
 *     node scripts/referral-schema.ts
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compartmentNames } from '../src/referral/compartment.ts'
import { consentRule } from '../src/referral/consent.ts'
import { Referral } from '../src/referral/fields.ts'

const file = fileURLToPath(new URL('../openapi/referral.schema.json', import.meta.url))

/** The published schema, JSON Schema 2020-12. */
export function referralSchema(): object {
  // Through JSON, which drops what only TypeScript sees.
  const { properties, description, ...rules } = JSON.parse(JSON.stringify(Referral))
  const compartments = compartmentNames.map((name) => [
    name,
    {
      title: `Compartment ${name}`,
      ...properties[name],
      ...(name === 'consent' && consentRule),
    },
  ])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://intake.example.org/referral.schema.json',
    title: 'Referral, sealed-referral/1',
    description,
    ...rules,
    properties: Object.fromEntries(compartments),
  }
}

if (import.meta.main) {
  writeFileSync(file, `${JSON.stringify(referralSchema(), null, 2)}\n`)
}
