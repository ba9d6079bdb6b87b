// The house rules that a type cannot state. The tables are the architecture: who may import whom,
// and where each kind of package may be used.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

/** A feature may import the features to its left, never one to its right. */
const features = [
  'audit',
  'proof',
  'directory',
  'vault',
  'documents',
  'matching',
  'triage',
  'cases',
  'erasure',
  'intake',
  'reading',
  'messages',
  'webhooks',
]

/** One table, of which half would tell half. */
const tables = ['http/problems.ts']

const pureRoles = ['errors', 'caller', 'referral', 'protocol', 'pure']

/** What each role of file may import from this project. */
const mayImport: Record<string, readonly string[]> = {
  errors: [],
  caller: [],
  config: ['config', 'errors', 'protocol'],
  disk: ['protocol'],
  log: ['config'],
  problems: ['errors'],
  referral: ['referral', 'errors'],
  protocol: ['protocol', 'referral', 'errors'],
  pure: pureRoles,
  schemas: ['schemas', ...pureRoles],
  database: ['database', 'protocol', 'errors', 'caller'],
  // Read by drizzle-kit alone: what serves would load drizzle with it, which takes 240 MB.
  tables: ['tables'],
  // Bytes that stand beside the database.
  files: ['disk', 'errors'],
  // Of its own feature: the statements of one table may take more than one file.
  store: ['store', 'database', ...pureRoles],
  service: ['service', 'store', 'files', 'schemas', 'database', ...pureRoles],
  // A route knows what it calls by type.
  routes: ['services', 'schemas', ...pureRoles],
  services: ['service', 'schemas', 'database', ...pureRoles],
  access: ['access', 'services', 'database', ...pureRoles],
  client: ['client', 'schemas', 'protocol', 'referral', 'errors'],
  // The keyholder is a process of its own: it knows neither the database nor any service.
  keyholder: ['keyholder', 'disk', 'config', ...pureRoles],
  background: ['background', 'service', 'files', 'database', 'disk', 'log', ...pureRoles],
  // Pages, each built apart: what they know of a service they know through the SDK.
  web: ['web', 'client', 'protocol', 'referral'],
  cli: ['cli', 'host', 'client', 'problems', 'config', 'disk', 'protocol', 'referral', 'errors'],
  host: [
    ...['host', 'cli', 'service', 'access', 'database', 'keyholder'],
    ...['config', 'disk', 'log', ...pureRoles],
  ],
  shell: [
    ...['shell', 'problems', 'routes', 'services', 'access', 'database', 'keyholder', 'background'],
    // The API document names the schemas.
    ...['service', 'schemas', 'config', 'disk', 'log', ...pureRoles],
  ],
}

/** Where each kind of package may be used: one place for HTTP, one for SQL, one for secrets. */
const usedBy: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(fastify|fastify-plugin|@fastify\/.*)$/, ['routes', 'access', 'keyholder', 'shell']],
  [/^(fast-jwt|jose|oidc-provider)$/, ['access']],
  [/^oauth4webapi$/, ['client']],
  [/^postgres$/, ['store', 'database']],
  [/^drizzle-orm(\/.*)?$/, ['database', 'tables']],
  [/^(libsodium-wrappers|canonicalize|uuid|@noble\/.*|@hpke\/.*)$/, ['protocol']],
  // The recipe of match keys: both ends must come to the same letters.
  [/^(any-ascii|double-metaphone|libphonenumber-js(\/.*)?|murmurhash)$/, ['protocol']],
  [
    /^typebox(\/.*)?$/,
    ['schemas', 'referral', 'protocol', 'config', 'client', 'keyholder', 'shell'],
  ],
  // A service, a step and a route know the shapes they speak in by type only.
  [/^typebox$/, ['service', 'routes']],
  // The proof of work: the client works out what the service asks.
  [/^altcha-lib(\/.*)?$/, ['client', 'service', 'web']],
  [/^nodemailer$/, ['background']],
  [/^@tus\//, ['files']],
  [/^pino$/, ['log']],
  [/^prom-client$/, ['shell']],
  [/^(@inquirer\/password|csv-parse(\/.*)?)$/, ['cli']],
  // Of a keyholder only the hash of its passphrase (keyholder/worker.ts).
  [/^node:crypto$/, ['access', 'keyholder']],
  [
    /^node:(?!crypto)/,
    [...['shell', 'cli', 'host', 'database', 'access', 'keyholder', 'background', 'disk'], 'files'],
  ],
  // What a file is handed out as.
  [/^node:stream$/, ['service']],
]

const sources = new Map(
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => [file, readFileSync(join('src', file), 'utf8')]),
)

t.test('every file keeps to its place', async (t) => {
  for (const [file, text] of sources) {
    t.strictSame([...importFaults(file, text), ...textFaults(file, text)], [], file)
  }
})

t.test('the rules see what they forbid', async (t) => {
  const seen = (file: string, line: string) => importFaults(file, line).length > 0
  t.ok(
    seen('audit/service.ts', "import { x } from '../intake/service.ts'"),
    'a feature to its right',
  )
  t.ok(seen('intake/service.ts', "import { x } from '../triage/store/claim.ts'"), "another's store")
  t.ok(seen('intake/service.ts', "import { x } from '../vault/naming.ts'"), "another's step")
  t.ok(
    seen('triage/routes.ts', "import { x } from './store/claim.ts'"),
    'a route that skips its service',
  )
  t.ok(seen('triage/service.ts', "import postgres from 'postgres'"), 'SQL outside a store')
  t.ok(seen('database/mark.ts', "import { x } from './schema/vault.ts'"), 'drizzle in what serves')
  t.ok(seen('client/open.ts', "import sodium from 'libsodium-wrappers'"), 'cryptography outside')
  t.ok(
    seen('protocol/envelope/seal.ts', "import { randomBytes } from 'node:crypto'"),
    'Node in a browser',
  )
  t.ok(seen('protocol/log/hash.ts', "import { x } from '../bytes.ts'"), 'a tree with roots')
  t.ok(seen('protocol/log/hash.ts', "import x from 'libsodium-wrappers'"), 'its own hashes')
  t.ok(
    seen('keyholder/keyholder.ts', "import { x } from '../matching/store.ts'"),
    'a keyholder with tables',
  )
  t.ok(
    seen('keyholder/keyholder.ts', "import sodium from 'libsodium-wrappers'"),
    'its own cryptography',
  )
  t.ok(
    seen('protocol/envelope/seal.ts', "await import('../../database/connect.ts')"),
    'a dynamic import',
  )
  t.ok(
    seen('web/refer/main.ts', "import { x } from '../../intake/service.ts'"),
    'a page with a service',
  )
  t.ok(seen('web/refer/main.ts', "import { x } from 'typebox'"), 'a package in a page')
  t.notOk(seen('intake/service.ts', "import { x } from '../triage/service.ts'"), 'and nothing else')
  t.ok(textFaults('client/open.ts', 'const x = process.env.HOME').length > 0, 'the environment')
  t.ok(
    textFaults('cli/recipient/open.ts', 'process.stdout.write(x)').length > 0,
    'a way past the terminal',
  )
  t.ok(textFaults('client/open.ts', '\n'.repeat(400)).length > 0, 'a file past 300 lines')
})

function importFaults(file: string, text: string): string[] {
  const imports = text.matchAll(
    /^(?:import|export)\s(?:[^'"]*?from )?'([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...imports].flatMap(([, named, dynamic]) => {
    const target = named ?? dynamic ?? ''
    return target.startsWith('.')
      ? projectFaults(file, normalize(join(dirname(file), target)))
      : packageFaults(file, target)
  })
}

function projectFaults(file: string, target: string): string[] {
  if (target.startsWith('..')) return []
  const faults: string[] = []
  if (!mayImport[role(file)]?.includes(role(target))) {
    faults.push(`${role(file)} imports ${role(target)} ${target}`)
  }
  if (rank(file) >= 0 && rank(target) > rank(file)) faults.push(`imports to its right: ${target}`)
  // The log's tree is of use to others as it is: it can be taken out and published.
  if (isTree(file) && !isTree(target)) faults.push(`leaves the tree for ${target}`)
  // Of another feature only its service and what is pure; the wiring knows doors and steps as well.
  const isInner = role(target) === 'store' || (role(target) === 'service' && !isService(target))
  if (isInner && features.includes(folder(file)) && folder(target) !== folder(file)) {
    faults.push(`reaches into ${target}`)
  }
  if (role(target) === 'store' && role(file) === 'shell') faults.push(`reaches into ${target}`)
  if (folder(target) === 'access' && !['access', 'shell', 'host'].includes(role(file))) {
    faults.push(`only the shell knows ${target}`)
  }
  return faults
}

function packageFaults(file: string, name: string): string[] {
  if (isTree(file)) return [`the tree uses ${name}`]
  const allowed = usedBy.some(
    ([pattern, roles]) => pattern.test(name) && roles.includes(role(file)),
  )
  return allowed ? [] : [`${role(file)} uses ${name}`]
}

function textFaults(file: string, text: string): string[] {
  const faults: string[] = []
  if (text.split('\n').length > 301 && !tables.includes(file)) faults.push('longer than 300 lines')
  if (/\b(TODO|FIXME)\b/.test(text)) faults.push('something left undone')
  if (/\bprocess\.env\b/.test(text) && folder(file) !== 'config') {
    faults.push('reads the environment')
  }
  const writes = /\bprocess\.std(out|err)\.write\b|\bconsole\./.test(text)
  if (writes && folder(file) === 'cli' && file !== 'cli/terminal.ts') {
    faults.push('writes past terminal.ts, where hidden characters are escaped')
  }
  if (/\bBuffer\b/.test(text) && ['client', 'protocol', 'referral', 'web'].includes(folder(file))) {
    faults.push('a Buffer where a browser must follow')
  }
  return faults
}

/** What a file is, by where it stands and, within a feature, by what it does. */
function role(file: string): string {
  const [first = '', second = ''] = file.split('/')
  if (first === 'http') return second === 'problems.ts' ? 'problems' : 'shell'
  if (first === 'cli' && second === 'host') return 'host'
  if (first === 'database' && second === 'schema') return 'tables'
  if (second === '') {
    const stem = first.replace('.ts', '')
    return Object.hasOwn(mayImport, stem) ? stem : 'shell'
  }
  if (!features.includes(first)) return first
  const text = sources.get(file) ?? ''
  if (second === 'files.ts') return 'files'
  if (second.endsWith('schemas.ts')) return 'schemas'
  if (/\bapp\.route\(/.test(text)) return 'routes'
  if (/\btx\.sql\b/.test(text)) return 'store'
  return /\b(Tx|Database)\b/.test(text) ? 'service' : 'pure'
}

function isTree(file: string): boolean {
  return file.startsWith('protocol/log/')
}

function isService(file: string): boolean {
  return file.endsWith('/service.ts')
}

function folder(file: string): string {
  return file.split('/')[0] ?? ''
}

function rank(file: string): number {
  return features.indexOf(folder(file))
}
