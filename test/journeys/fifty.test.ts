/**
 * Goal: however many refer one person at one instant, there is one case and one item in the end.
 * Method: helpers/fifty.ts, for a few people here and for two hundred in `npm run test:system`.
 */
import t from 'tap'
import { fiftyAtOnce } from '../helpers/fifty.ts'

t.test('fifty who refer one person at once make one case and one item', (t) => fiftyAtOnce(t, 5))
