/**
 * Loaded before anything else by every process of a test run, for what costs each of some hundred
 * processes the most of its start, and is the same in all of them:
 *
 * - the types of our own files are taken off once (strip.ts), with every character at its place;
 * - where one file of drizzle-orm names another, its format is told. Node reads the package's
 *   180 KB of `exports` anew for each to find it out: half a second a process.
 *
 * What runs is what runs without it. V8's own cache of code (NODE_COMPILE_CACHE) would save more, and
 * is not used: out of it coverage counts whole functions, and no longer their branches.
 *
 * JavaScript, for the first file with types costs a process a tenth of a second.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../.tap/stripped', process.version)

/** Where a source stands without its types: named by its content, so it is never out of date. */
export function strippedFile(source) {
  return join(folder, createHash('sha256').update(source).digest('hex'))
}

registerHooks({
  resolve(specifier, context, next) {
    const { parentURL = '' } = context
    const isDrizzle = parentURL.includes('/node_modules/drizzle-orm/') && parentURL.endsWith('.js')
    if (!isDrizzle || !/^\.\.?\/.*\.js$/.test(specifier)) return next(specifier, context)
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
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
