/** What a message says, whatever its writer sealed: of another form than ours it shows less, and hides no other message. Pure. */
export function textIn(content: unknown): string {
  return wordsOf(partsOf(content).text)
}

/** What its files are called; empty for one without a name. */
export function filesNamedIn(content: unknown): string[] {
  const { documents } = partsOf(content)
  return Array.isArray(documents) ? documents.map((file) => wordsOf(partsOf(file).name)) : []
}

function partsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function wordsOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
