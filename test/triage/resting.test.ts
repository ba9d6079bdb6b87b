/**
 * Goal: those who wait look now and then, and no oftener, also after everybody hung up before the next round.
 * Method: the waits without what they wait for, which counts how often it is looked for.
 */
import { PassThrough } from 'node:stream'
import t from 'tap'
import { newId } from '../../src/protocol/uuid.ts'
import { createWaiting } from '../../src/triage/waiting.ts'
import { stage } from '../helpers/stage.ts'

/** A round that nothing woke comes within this. */
const roundMsMax = 1_000

const { database } = await stage(t)

t.test('a round for which nobody waits any more is none', async (t) => {
  const waiting = createWaiting(database)
  let looks = 0
  const wait = (listener: PassThrough, seconds: number) => {
    const who = { clientId: newId(), seconds, listener, leave: () => {} }
    return waiting.until(who, {
      async look(isLast) {
        looks += 1
        return isLast ? 'nothing' : undefined
      },
      offers: async () => [],
    })
  }
  const gone = [new PassThrough(), new PassThrough()]
  const ended = gone.map((listener) => wait(listener, 30).catch(({ code }) => code))
  await new Promise(setImmediate)
  for (const listener of gone) listener.destroy()
  t.same(await Promise.all(ended), ['request-incomplete', 'request-incomplete'])
  // The round that they waited for comes, and they do not.
  await new Promise((resolve) => setTimeout(resolve, roundMsMax + 100))

  looks = 0
  const found = await Promise.all([wait(new PassThrough(), 2), wait(new PassThrough(), 2)])
  t.same(found, ['nothing', 'nothing'])
  t.ok(looks <= 8, `looked ${looks} times: at first, at last, and when one of them was alone`)
})
