/** Writes packages of hundreds of small files as a few, for the processes of a run (quick.js). */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { joinedFile, joinedFolder, joinedNames } from './quick.js'

/** A second where nothing is there yet. */
export async function joinPackages(): Promise<void> {
  if (existsSync(joinedFolder)) return
  mkdirSync(dirname(joinedFolder), { recursive: true })
  const outdir = `${joinedFolder}.${process.pid}`
  // Split, and not each name for itself: what two of them import is there once, with its state.
  await build({
    entryPoints: joinedNames.map((name) => ({ in: name, out: joinedFile(name).slice(0, -4) })),
    outdir,
    outExtension: { '.js': '.mjs' },
    absWorkingDir: join(import.meta.dirname, '../..'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    external: ['postgres'],
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
