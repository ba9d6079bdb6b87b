// Goal: the committed examples can be sent, and are what their script makes.
// Method: each file is checked as `intake refer` does, on the day for which it was written.
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { makeReferrals } from '../../examples/make-referrals.ts'
import { regionOfPlace } from '../../examples/regions.ts'
import { checkDraft } from '../../src/referral/draft.ts'
import { proposeUrgency } from '../../src/referral/urgency.ts'

const now = new Date('2026-11-22T10:00:00Z')
const folder = new URL('../../examples/referrals/', import.meta.url)
const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
const examples = files.map((file) => ({
  file,
  value: JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
}))

t.strictSame(
  new Map(examples.map(({ file, value }) => [file, value])),
  new Map([...makeReferrals()].sort(([one], [other]) => (one < other ? -1 : 1))),
  'the committed files are what the script makes',
)

const count: Record<string, number> = {}
for (const { file, value } of examples) {
  const checked = checkDraft(value)
  if (checked.refusal !== undefined) {
    t.fail(`${file} can be sealed`, { problems: checked.problems })
    continue
  }
  const { draft, referral } = checked
  const { urgency } = proposeUrgency(referral, now)
  count[urgency] = (count[urgency] ?? 0) + 1
  t.equal(draft.urgency ?? 'standard', urgency, `${file} states what the rules proposed that day`)
  const { places } = referral.detention
  const place = typeof places === 'string' ? undefined : places.at(-1)?.place
  if (place && draft.region !== 'unknown') {
    t.equal(draft.region, regionOfPlace[place], `${file} is of the region of its place`)
  }
  const { familyName = '' } = referral.identity
  t.ok(familyName.length >= 5, `${file} has a family name that a search can look for`)
}

t.strictSame(count, { immediate: 3, urgent: 6, soon: 9, standard: 18 })
