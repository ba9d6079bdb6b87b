/**
 * Writes what a client in another language needs as data: `identifiers.json`, `placeholders.json`,
 * `name-words.json`.
 *
 *     node scripts/referral-data.ts
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nameWordsData } from '../src/protocol/matching/namewords.ts'
import { identifierData } from '../src/referral/identifiers.ts'
import { placeholderData } from '../src/referral/placeholders.ts'

const files = {
  'identifiers.json': identifierData,
  'placeholders.json': placeholderData,
  'name-words.json': nameWordsData,
}

if (import.meta.main) {
  for (const [name, data] of Object.entries(files)) {
    const file = fileURLToPath(new URL(`../openapi/${name}`, import.meta.url))
    writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`)
  }
}
