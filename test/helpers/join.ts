/** Writes packages of hundreds of small files as a few, for the processes of a run (quick.js). */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { joinedFile, joinedFolder, joinedNames } from './quick.js'

/** Some packages are CommonJS, and look for these. */
const banner = `
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const __filename = import.meta.filename
const __dirname = import.meta.dirname`

/** Two seconds where nothing is there yet. */
export async function joinPackages(): Promise<void> {
  if (existsSync(joinedFolder)) return
  const outdir = `${joinedFolder}.${process.pid}`
  const doors = join(outdir, 'doors')
  mkdirSync(doors, { recursive: true })
  for (const name of joinedNames) {
    // Asked of the package itself: what CommonJS exports is known only once it has run.
    const exported = Object.keys(await import(name)).filter((key) => key !== 'module.exports')
    writeFileSync(join(doors, joinedFile(name)), `export { ${exported} } from '${name}'\n`)
  }
  // Split, and not each name for itself: what two of them import is there once, with its state.
  await build({
    entryPoints: joinedNames.map((name) => ({
      in: join(doors, joinedFile(name)),
      out: joinedFile(name).slice(0, -4),
    })),
    outdir,
    banner: { js: banner },
    outExtension: { '.js': '.mjs' },
    absWorkingDir: join(import.meta.dirname, '../..'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  })
  try {
    renameSync(outdir, joinedFolder)
  } catch (error) {
    // Two runs at once: the other was first, and wrote the same.
    rmSync(outdir, { recursive: true })
    if (!existsSync(joinedFolder)) throw error
  }
}
