/**
 * Writes double-metaphone-words.json: words through every branch of the source of `double-metaphone`
 * that a token of the letters a to z can take, each with its primary code.
 *
 *     node test/vectors/generate-double-metaphone.ts            chooses the words, and writes
 *     node test/vectors/generate-double-metaphone.ts --check    fails where a branch is not taken
 *
 * Which are taken is measured by V8, block by block, also the right sides of `&&`, `||` and `?:`.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { doubleMetaphone } from 'double-metaphone'
import variants from './name-variants.json' with { type: 'json' }
import { people } from './people.ts'
import { spellings } from './spellings.ts'

const file = new URL('./double-metaphone-words.json', import.meta.url)
const path = createRequire(import.meta.url).resolve('double-metaphone')
const source = readFileSync(path, 'utf8')
const session = new Session()

type Covered = Uint8Array

/** Which characters of the source are in blocks that ran since the last call. */
async function takeCoverage(): Promise<Covered> {
  const covered = new Uint8Array(source.length)
  const { result } = await new Promise<{ result: readonly Script[] }>((resolve, reject) => {
    session.post('Profiler.takePreciseCoverage', (error, found) => {
      if (error) reject(error)
      else resolve(found)
    })
  })
  const script = result.find(({ url }) => url === pathToFileURL(path).href)
  for (const { ranges } of script?.functions ?? []) {
    // From the outside inwards: an inner block says more than the one around it.
    for (const { startOffset, endOffset, count } of ranges) {
      covered.fill(Number(count > 0), startOffset, endOffset)
    }
  }
  return covered
}

type Range = { readonly startOffset: number; readonly endOffset: number; readonly count: number }
type Script = {
  readonly url: string
  readonly functions: readonly { readonly ranges: readonly Range[] }[]
}

/** Those of `words` that take a block that none before took, and what all take together. */
async function choose(words: Iterable<string>, codeOf: typeof doubleMetaphone) {
  const all = new Uint8Array(source.length)
  const chosen: string[] = []
  for (const word of words) {
    codeOf(word)
    const covered = await takeCoverage()
    let isNew = false
    for (const [at, is] of covered.entries()) {
      if (is === 0 || all[at] === 1) continue
      all[at] = 1
      isNew = true
    }
    if (isNew) chosen.push(word)
  }
  return { chosen, all }
}

/** The blocks that are not taken, each as the source that stands there. */
function blocksOutside(covered: Covered): string[] {
  const blocks: string[] = []
  let text = ''
  for (const [at, is] of [...covered, 1].entries()) {
    if (is === 0) text += source[at]
    else if (text !== '') {
      blocks.push(text.replace(/\s+/g, ' ').trim())
      text = ''
    }
  }
  return blocks.filter((block) => block !== '')
}

/** Words that a branch is known for, or that no name takes. */
const crafted =
  'abbas abdallah abdulla abdullah abdurrahman accad accident ache addad aeiouyx agg agha ' +
  'agn agy ais aisha ajb ajose al alireza anger aqq ar architect arisl arnow artois awr ' +
  'bacchus bacher bajador beck bellocchio bgn bhatti biaggi bough breaux broughton ' +
  'cabdiraxmaan cabrillo caesar cagney cal campbell carlisle cch ccia ch changiz chem ' +
  'chemistry chia chianti chorus cier cough czerny czes czugh danger dawit dgn dgy dumb ' +
  'dzhambazki edgar edge ews ffx filipowicz focaccia fxc gallego gallegos gallena gallenos ' +
  'gebremedhin ggn ghasemi ghia gli gnome golnaz hagos hassan honchar hugh hux ibrahim ' +
  'island jaamac jcik jose kgn khalil kjj kkn knight known laugh ltksnmbzz macher manger ' +
  'mcclellan mch mchugh michael mohammed mulugeta najj nation nw oragho orallo oratio ' +
  'orchestra orchid orillo orugho orumbo owsk pappas ph pizza plumber pneumonia popescu ' +
  'psalm psl qureshi rachid ranger raspberry rebwar resnais rogier sadegh sch scheherazade ' +
  'schem schenker scher schermerhorn schmidt schneider school scia selvarajah shaista ' +
  'shcherbakov sheim shp sia siank singh smith sugar suzuki syed tagliaro tch tcz th thames ' +
  'thapa thomas thumb tichner tim tschechow tsige uccee ukasz umar umb villa vvan wachtler ' +
  'wasserman weldegebriel why wicz witz wright xavier xebat xerox xhevahire yankelovich ' +
  'yivanna youssef zacharia zewde zhao zola zza'

/** Names first, so that most of the words are names. */
function candidates(): Iterable<string> {
  const names = [
    ...people.flatMap(({ givenNames = '', familyName = '' }) => [givenNames, familyName]),
    ...spellings.flatMap(({ own, other }) => [...own, ...other]),
    ...Object.values(variants).flat(),
  ]
  const words = [
    ...names
      .join(' ')
      .toLowerCase()
      .split(/[^a-z]+/),
    ...crafted.split(' '),
  ]
  return new Set(words.filter((word) => word.length > 1))
}

session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
const { doubleMetaphone: codeOf } = await import('double-metaphone')
const start = await takeCoverage()

const { values } = parseArgs({ options: { check: { type: 'boolean' } } })
if (values.check) {
  const { words, never } = JSON.parse(readFileSync(file, 'utf8'))
  const { all } = await choose(Object.keys(words), codeOf)
  const left = blocksOutside(all.map((is, at) => is | (start[at] ?? 0)))
  if (JSON.stringify(left) !== JSON.stringify(never)) {
    console.error(`test/vectors/double-metaphone-words.json passes over:\n${left.join('\n')}`)
    process.exitCode = 1
  }
} else {
  const { version } = JSON.parse(readFileSync(new URL('package.json', pathToFileURL(path)), 'utf8'))
  const { chosen, all } = await choose(candidates(), codeOf)
  const vectors = {
    note:
      'Words of the letters a to z that together take every branch of the source of the npm package ' +
      'double-metaphone that such words can take, each with its primary code, not cut to four letters, ' +
      'before equal neighbours are written once. `never` are the blocks that no such word takes.',
    package: 'double-metaphone',
    version,
    source: { file: 'index.js', sha256: createHash('sha256').update(source).digest('hex') },
    words: Object.fromEntries(chosen.toSorted().map((word) => [word, codeOf(word)[0]])),
    never: blocksOutside(all.map((is, at) => is | (start[at] ?? 0))),
  }
  writeFileSync(file, `${JSON.stringify(vectors, null, 1)}\n`)
}
