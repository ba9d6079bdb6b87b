// The file of texts is what a translator works from: what stands in it is used, and what is used stands in it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { shownStates } from '../../../src/referral/codes/state.ts'
import { countryCodes, languageCodes } from '../../../src/web/refer/lists.ts'
import {
  dayParts,
  optionSets,
  type Page,
  pages,
  type Question,
  withRevealed,
} from '../../../src/web/refer/questions.ts'
import ar from '../../../src/web/refer/texts/drafts/ar.json' with { type: 'json' }
import en from '../../../src/web/refer/texts/en.json' with { type: 'json' }

const folder = 'src/web/refer'
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(folder, file), 'utf8'))

const questions = (pages as readonly Page[]).flatMap((page) => page.questions.flatMap(withRevealed))

/** The keys that are put together from the questions. */
const asked = [
  ...(pages as readonly Page[]).map(({ id }) => `page.${id}`),
  ...questions.map(({ id }: Question) => `ask.${id}`),
  ...Object.entries(optionSets).flatMap(([set, codes]) =>
    codes.map((code) => `option.${set}.${code}`),
  ),
  ...dayParts.map((part) => `date.${part}`),
  ...shownStates.map((state) => `state.${state}`),
]

/** The keys that a source names as a whole. */
const prefixes = [...new Set(Object.keys(en).map((key) => key.split('.')[0]))].join('|')
const named = new Set(
  sources.flatMap((text) =>
    [...text.matchAll(new RegExp(`'((?:${prefixes})\\.[\\w.]+)'`, 'g'))].map(([, key = '']) => key),
  ),
)

const optional = (key: string) =>
  /^(page|ask)\..+\.(about|hint|helper)$/.test(key) &&
  asked.includes(key.replace(/\.(about|hint|helper)$/, ''))

t.test('each key that is used is there', async (t) => {
  t.ok(named.size > 60, 'the pattern finds them')
  for (const key of [...asked, ...named]) t.ok(Object.hasOwn(en, key), key)
})

t.test('each key that is there is used', async (t) => {
  const used = new Set([...asked, ...named])
  t.same(
    Object.keys(en).filter((key) => !used.has(key) && !optional(key)),
    [],
  )
})

t.test('a draft has the same keys in the same order, and the same values to fill in', async (t) => {
  t.same(Object.keys(ar), Object.keys(en))
  const filled = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()
  for (const [key, text] of Object.entries(en)) {
    t.same(filled(ar[key as keyof typeof ar]), filled(text), key)
  }
})

t.test('a draft is a translation, but for what is a name', async (t) => {
  const same = Object.entries(en).filter(([key, text]) => ar[key as keyof typeof ar] === text)
  t.same(same, [])
})

t.test('the browser has a name for each language and country', async (t) => {
  for (const language of ['en', 'ar']) {
    const languages = new Intl.DisplayNames([language], { type: 'language' })
    const regions = new Intl.DisplayNames([language], { type: 'region' })
    for (const code of languageCodes) t.not(languages.of(code), code, code)
    for (const code of countryCodes) if (code !== 'XXX') t.not(regions.of(code), code, code)
  }
  t.equal(new Set(languageCodes).size, languageCodes.length)
  t.equal(new Set(countryCodes).size, countryCodes.length)
})
