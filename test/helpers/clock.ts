/** What `act` finds with the clock of this process at noon of `day`; no other clock is moved. */
export async function onDay<Found>(day: string, act: () => Promise<Found>): Promise<Found> {
  const RealDate = Date
  globalThis.Date = class extends RealDate {
    constructor(...given: [] | [number | string]) {
      if (given.length === 0) super(`${day}T12:00:00Z`)
      else super(given[0])
    }
  } as DateConstructor
  try {
    return await act()
  } finally {
    globalThis.Date = RealDate
  }
}
