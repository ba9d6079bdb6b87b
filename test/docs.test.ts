// The documents say what the code does, as far as a machine can tell. What the demo prints is held to
// README.md by test/system/demo.test.ts.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import manifest from '../package.json' with { type: 'json' }
import { readBlock } from '../scripts/block.ts'
import { withExamples } from '../scripts/partners.ts'
import { firstDifference, masked } from '../scripts/readme.ts'
import { withExample } from '../scripts/worked-example.ts'
import { problems } from '../src/http/problems.ts'

const documents = [
  ...readdirSync('.').filter((file) => file.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
]

const sources = ['src', 'test', 'bench', 'examples', 'migrations', 'openapi', 'docker'].flatMap(
  (folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.([jt]s|sql|sh|yaml|conf)$/.test(file))
      .map((file) => join(folder, file)),
)

const read = (file: string) => readFileSync(file, 'utf8')
const withoutCode = (text: string) => text.replace(/^ *```.*?^ *```$/gms, '')
const headings = (file: string, level: string) =>
  [...withoutCode(read(file)).matchAll(new RegExp(`^${level} (.+)$`, 'gm'))].map(
    ([, name]) => name!,
  )

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')

t.test('every relative link leads to a file, and to a heading that it has', async (t) => {
  const found = { links: 0, anchors: 0 }
  for (const file of documents) {
    const links = withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)/g)
    for (const [, link = ''] of links) {
      if (/^[a-z]+:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? file : join(dirname(file), path)
      t.ok(existsSync(target), `${file}: ${link}`)
      found.links += 1
      if (anchor === undefined) continue
      found.anchors += 1
      const anchors = headings(target, '#+').map(anchorOf)
      t.ok(anchors.includes(anchor), `${file}: ${link}`)
    }
  }
  t.ok(found.links > 50 && found.anchors > 10, `the pattern finds them: ${JSON.stringify(found)}`)
})

t.test('every file that a document names in code is there', async (t) => {
  const named = /`((?:src|test|docs|examples|openapi|migrations|bench)\/[\w./-]+\.\w+)`/g
  let found = 0
  for (const file of documents) {
    for (const [, name = ''] of read(file).matchAll(named)) {
      t.ok(existsSync(name), `${file}: ${name}`)
      found += 1
    }
  }
  t.ok(found > 10, `the pattern finds them: ${found}`)
})

t.test('every document that a comment names is there, and has the heading it quotes', async (t) => {
  const found = { documents: 0, headings: 0 }
  for (const file of sources) {
    // A comment may break its line inside of a name.
    const text = read(file).replace(/\n[ \t]*(?:\*|\/\/|#|--)[ \t]?/g, ' ')
    for (const [name] of text.matchAll(/[\w./-]*\w\.md\b/g)) {
      t.ok(existsSync(name) || existsSync(join(dirname(file), name)), `${file}: ${name}`)
      found.documents += 1
    }
    for (const [, name = '', heading = ''] of text.matchAll(/(docs\/[\w-]+\.md), "([^"]+)"/g)) {
      t.ok(headings(name, '#+').includes(heading), `${file}: ${name}, ${heading}`)
      found.headings += 1
    }
  }
  t.ok(found.documents > 10 && found.headings > 0, `it finds them: ${JSON.stringify(found)}`)
})

t.test('every problem code has its section, and every section a code', async (t) => {
  t.same(headings('docs/PROBLEMS.md', '##').sort(), Object.keys(problems).sort())
})

t.test('every dependency has its section, and every section a dependency', async (t) => {
  const { dependencies, devDependencies } = manifest
  const [atRunTime = '', forDevelopment = ''] =
    read('docs/dependencies.md').split('## For development')
  const sections = (text: string) => [...text.matchAll(/^### (.+)$/gm)].map(([, name]) => name)
  t.same(sections(atRunTime).sort(), Object.keys(dependencies).sort())
  t.same(sections(forDevelopment).sort(), Object.keys(devDependencies).sort())
})

t.test('the worked example is that of the vectors', async (t) => {
  const text = read('docs/PROTOCOL.md')
  t.equal(text, withExample(text))
})

t.test('the programs for partners are the files, and the table of refusals is whole', async (t) => {
  const text = read('docs/PARTNERS.md')
  t.equal(text, withExamples(text))
})

t.test('the programs that verify webhooks are the files', async (t) => {
  const text = read('docs/WEBHOOKS.md')
  for (const file of readdirSync('examples/webhooks')) {
    t.ok(text.includes(`\n${read(join('examples/webhooks', file))}\`\`\``), file)
  }
})

t.test('every environment variable of the configuration is documented', async (t) => {
  const source = readdirSync('src/config')
    .map((file) => read(join('src/config', file)))
    .join('\n')
  const variables = [...source.matchAll(/environment\.([A-Z_]+)|environment, '([A-Z_]+)'/g)]
  const names = new Set(variables.map(([, read, parsed]) => read ?? parsed))
  const operations = read('docs/OPERATIONS.md')
  t.ok(names.size > 10, 'the pattern finds them')
  for (const name of names) t.ok(operations.includes(`\`${name}\``), String(name))
})

t.test(
  'figures that vary do not make an output another one, and nothing else is masked',
  async (t) => {
    const shown = readBlock(read('README.md'), 'output of the demo').replace(
      /^```text\n|\n```$/g,
      '',
    )
    t.equal(masked(shown), shown, 'README.md holds no figure of one run')
    const figures: [masked: RegExp, figure: string][] = [
      [/process xxxxx/, 'process 4242'],
      [/xx,xxx bytes/, '31,600 bytes'],
      [/x{36}/g, 'a1'.repeat(18)],
      [/x{32}/g, 'a1'.repeat(16)],
      [/reference xxxxxxxx/, 'reference 12345678'],
      [/xxxx files/, '999 files'],
      [/xx becomes xx/, '7 becomes 6'],
      [/xxxxxxxx(-xxxx){3}-x{12}/, '01935f3a-7c00-7000-8000-000000000001'],
    ]
    for (const [it] of figures) t.match(shown, it)
    const run = figures.reduce((text, [it, figure]) => text.replace(it, figure), shown)
    t.equal(firstDifference(shown, run), undefined)
    t.match(firstDifference(shown, shown.replace('0 found', '1 found')), /0 found[\s\S]*1 found/)
    t.match(firstDifference(shown, `${shown}\nand more`), /ends/)
  },
)
