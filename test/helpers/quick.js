/**
 * Loaded before anything else by every process of a test run, for what costs each of some hundred
 * processes the most of its start, and is the same in all of them:
 *
 * - the types of our own files are taken off once (strip.ts), with every character at its place;
 * - the packages of the service (some 1,100 files) are read as a few files (join.ts).
 *
 * What runs is what runs without it. V8's own cache of code (NODE_COMPILE_CACHE) would save more, and
 * is not used: out of it coverage counts whole functions, and no longer their branches.
 *
 * JavaScript, for the first file with types costs a process a tenth of a second.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const folder = join(import.meta.dirname, '../../.tap/stripped', process.version)

/** Where a source stands without its types: named by its content, so it is never out of date. */
export function strippedFile(source) {
  return join(folder, createHash('sha256').update(source).digest('hex'))
}

/** The names that are read joined: what our files import where a process needs it to start. */
export const joinedNames = [
  '@fastify/jwt',
  '@fastify/swagger',
  '@fastify/type-provider-typebox',
  'any-ascii',
  'canonicalize',
  'csv-parse/sync',
  'fast-jwt',
  'fastify',
  'fastify-plugin',
  'libphonenumber-js/min',
  'libsodium-wrappers',
  'murmurhash',
  'pino',
  'postgres',
  'prom-client',
  'typebox',
  'typebox/compile',
  'typebox/error',
  'typebox/format',
  'typebox/schema',
  'typebox/value',
  'uuid',
]

const lock = readFileSync(join(import.meta.dirname, '../../package-lock.json'))

/** Where the joined packages stand: named by what they are made from, so they are never out of date. */
export const joinedFolder = join(
  import.meta.dirname,
  '../../.tap/joined',
  createHash('sha256').update(lock).update(joinedNames.join()).digest('hex'),
)

/** The file of one of those names, in the folder. */
export function joinedFile(name) {
  return `${name.replaceAll('/', '+')}.mjs`
}

const joined = new Map(
  // Where they are not there, Node finds the packages itself, as ever.
  (existsSync(joinedFolder) ? joinedNames : []).map((name) => [
    name,
    pathToFileURL(join(joinedFolder, joinedFile(name))).href,
  ]),
)

const ours = pathToFileURL(join(import.meta.dirname, '../../')).href

/** What a package imports is for itself to say: it may want another version, or CommonJS. */
const isOurs = (url) => url?.startsWith(ours) && !url.includes('/node_modules/')

registerHooks({
  resolve(specifier, context, next) {
    const url = isOurs(context.parentURL) ? joined.get(specifier) : undefined
    return url ? { url, format: 'module', shortCircuit: true } : next(specifier, context)
  },
  load(url, context, next) {
    const loaded = next(url, context)
    if (loaded.format !== 'module-typescript') return loaded
    try {
      return { ...loaded, format: 'module', source: readFileSync(strippedFile(loaded.source)) }
    } catch {
      // It is not there: Node does it itself, as ever.
      return loaded
    }
  },
})

// Processes that this one starts do the same.
const option = `--import=${import.meta.url}`
const options = process.env.NODE_OPTIONS ?? ''
if (!options.includes(option)) process.env.NODE_OPTIONS = `${options} ${option}`.trim()
