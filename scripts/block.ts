/** Parts of a document that a script writes: what stands between two comments of one name. */

/** `text` with its block `name` replaced. Throws where there is none. */
export function replaceBlock(text: string, name: string, content: string): string {
  const [before, , after] = parts(text, name)
  return `${before}\n\n${content}\n\n${after}`
}

/** A table as it stands in a document. */
export function tableOf({
  head,
  rows,
}: {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** What stands in the block `name`. */
export function readBlock(text: string, name: string): string {
  return parts(text, name)[1].trim()
}

function parts(text: string, name: string): [before: string, content: string, after: string] {
  const [begin, end] = [`<!-- begin: ${name} -->`, `<!-- end: ${name} -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`there is no block “${name}”`)
  const start = from + begin.length
  return [text.slice(0, start), text.slice(start, to), text.slice(to)]
}
