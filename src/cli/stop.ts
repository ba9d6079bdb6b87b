/** How a command that runs until it is stopped hears of it. */

/** Aborted by the first Ctrl-C or SIGTERM: what is at hand is finished. A second one kills. */
export function onStop(): AbortSignal {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stopping.abort())
  }
  return stopping.signal
}
