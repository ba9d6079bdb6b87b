/** The journey of test/journeys/fifty.test.ts, for two hundred people on one database. */
import t from 'tap'
import { fiftyAtOnce } from '../helpers/fifty.ts'

t.setTimeout(1_800_000)
t.test('two hundred times fifty who refer one person at once', { timeout: 1_800_000 }, (t) =>
  fiftyAtOnce(t, 200),
)
