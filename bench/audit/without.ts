/**
 * The service without one of its parts, as a preload: `--import …/without.ts?entries` writes no entries,
 * `?sequencing` gives them no places. All else is the same code.
 */
import { registerHooks } from 'node:module'

const parts: Readonly<Record<string, { file: string; from: string; to: string }>> = {
  entries: {
    file: '/src/audit/store.ts',
    from: 'if (entries.length === 0) return',
    to: 'if (entries.length >= 0) return',
  },
  sequencing: {
    file: '/src/background/work.ts',
    from: '    sequencer,\n',
    to: '',
  },
}

const part = parts[new URL(import.meta.url).search.slice(1)]
if (!part) throw new Error(`without what: ${Object.keys(parts).join(' or ')}`)

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.endsWith(part.file)) return loaded
    const source = String(loaded.source)
    if (!source.includes(part.from)) throw new Error(`${part.file} is not what this bench expects`)
    return { ...loaded, source: source.replace(part.from, part.to) }
  },
})
