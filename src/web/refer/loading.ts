/** What seals is loaded after the first page is there, while the person reads and answers. */

type Sealing = typeof import('./sealing.ts')

let loading: Promise<Sealing> | undefined
let failures = 0

/**
 * The part that seals. Where it could not be loaded, the next call tries again: under another address, because
 * a browser may remember of a module's address that it could not be loaded, until the page is left (HTML,
 * "module map").
 */
export function loadSealing(): Promise<Sealing> {
  loading ??= importSealing().catch((error) => {
    loading = undefined
    failures += 1
    throw error
  })
  return loading
}

async function importSealing(): Promise<Sealing> {
  const file = document.querySelector<HTMLScriptElement>('script[data-sealing]')?.dataset.sealing
  const address = new URL(file ?? '', document.baseURI)
  if (failures > 0) address.search = String(failures)
  return import(address.href)
}
