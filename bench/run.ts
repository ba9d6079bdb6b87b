/**
 * `npm run bench NAME [-- ARGUMENTS]`: ratios, ours beside the raw limit, in one run. Each prints
 * one JSON object a line, the headline last.
 */
const benches: Record<string, () => Promise<{ bench(args: readonly string[]): Promise<void> }>> = {
  access: () => import('./access/verification.ts'),
  audit: () => import('./audit/bench.ts'),
  abuse: () => import('./access/abuse.ts'),
  chaos: () => import('./chaos/bench.ts'),
  public: () => import('./public/bench.ts'),
  documents: () => import('./documents/bench.ts'),
  footprint: () => import('./footprint/bench.ts'),
  intake: () => import('./intake/bench.ts'),
  triage: () => import('./triage/bench.ts'),
  rotation: () => import('./rotation/bench.ts'),
  soak: () => import('./intake/soak.ts'),
  fifty: () => import('./intake/fifty.ts'),
  'matching-scale': () => import('./matching/scale.ts'),
  'matching-timing': () => import('./matching/timing.ts'),
  matching: () => import('./matching/bench.ts'),
  voprf: () => import('./matching/voprf.ts'),
}

const [name = '', ...args] = process.argv.slice(2)
const load = benches[name]
if (!load) {
  console.error(`usage: npm run bench ${Object.keys(benches).join('|')} [-- arguments]`)
  process.exit(2)
}
const { bench } = await load()
await bench(args)
