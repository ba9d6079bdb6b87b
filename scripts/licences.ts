/** The licences of what is bundled into something that others get. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** The words of each package that one of the files is of. */
export function licences(files: readonly string[]): string {
  const texts = packagesOf(files).map((folder) => {
    const { name, version, license, author } = JSON.parse(read(join(folder, 'package.json')))
    const by = typeof author === 'string' ? author : author?.name
    const title = `${name} ${version}: ${license}${by ? `, by ${by}` : ''}`
    return [title, ...licenceTexts(folder)].join('\n\n')
  })
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

/** The packages that the files are of, by folder. */
function packagesOf(files: readonly string[]): string[] {
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0])
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort()
}

/**
 * A package's own words: its licence's file, or the last part of its README, as in murmurhash; or, where a
 * package leaves them out, what its repository has, kept in scripts/licences.
 */
function licenceTexts(folder: string): string[] {
  const whole = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file))
  if (whole.length > 0) return whole.map((file) => read(join(folder, file)).trim())
  const kept = join(import.meta.dirname, 'licences', `${basename(folder)}.txt`)
  if (existsSync(kept)) return [read(kept).trim()]
  const [, part] =
    /^## License[^\n]*\n+(Copyright \(c\)[\s\S]+)$/m.exec(read(join(folder, 'README.md'))) ?? []
  if (!part) throw new Error(`${folder} is bundled, and the text of its licence was not found`)
  return [part.trim()]
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}
