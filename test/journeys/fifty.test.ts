/**
 * Goal: however many refer one person at one instant, there is one case and one item in the end.
 * Method: helpers/fifty.ts, for a few people here, for two hundred in `npm run bench fifty`.
 */
import t from 'tap'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { deadlocksIn, fiftyClients, oneCase } from '../helpers/fifty.ts'
import { failuresIn, replicaOf } from '../helpers/replica.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const people = 5

t.test('fifty who refer one person at once make one case and one item', async (t) => {
  const built = await build(t)
  const second = await replicaOf(t, built)
  const sql = asSuperuser(t, built.databases)
  const refer = await fiftyClients(built.world, [built.url, second.url], sql)
  for (let person = 0; person < people; person += 1) {
    t.same(await refer(person), oneCase, `person ${person}: one case, one item`)
  }
  t.equal(await deadlocksIn(sql), 0)
  t.same([built, second].flatMap(failuresIn), [], 'nothing failed unseen')
  await requireBalanced(sql)
})
