/**
 * Goal: a person at a terminal who gives no reason is asked for it, once; a program never is.
 * Method: the command in a process of its own at a pseudo terminal, by `script` of util-linux.
 */
import t from 'tap'
import { createReader } from '../../src/client/index.ts'
import { atTerminal, called, partyOf } from '../cli/run.ts'
import { build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'

t.test('whoever gives no reason is asked for it, once', async (t) => {
  const built = await build(t)
  const { url, world } = built
  const { environment } = await partyOf(t, {
    ...{ url, world, clientId: world.clients.casework, keys: world.recipients.casework },
  })
  const reader = createReader({
    ...{ url, trust: world.trust, recipient: world.recipients.clinic },
    token: () => world.token(world.clients.clinic),
  })
  const { referralId, acknowledgement } = await refer(built)
  const { reference } = acknowledgement
  const notesAbout = async () => {
    const opened = await reader.open(await reader.fetch(referralId))
    if (!opened.opened) throw new Error(opened.step)
    const { notes } = await reader.readNotes(opened)
    return notes.map((note) => note.opened && (note.content as { text: string }).text)
  }
  const ask = (typed: string, ...flags: string[]) =>
    atTerminal(['urgency', reference, 'immediate', ...flags], environment, [
      [/Why\? In one line, which is kept sealed\.\r?\n.*> /, typed],
    ])
  // Return alone, Ctrl-D, Ctrl-C, and blanks.
  for (const nothing of ['\r', '\u0004', '\u0003', '  \r']) {
    const ran = await ask(nothing)
    t.match(ran, { code: 2, out: /the reason is empty/ }, JSON.stringify(nothing))
  }
  const piped = await called(t, ['urgency', reference, 'immediate'], environment)
  t.match(piped, { code: 2, err: /--reason FILE is missing/ })
  t.match(await ask('', '--json'), { code: 2, out: /--reason FILE is missing/ }, 'no program is')
  t.same(await notesAbout(), [])
  const set = await ask('Has not drunk since Tuesday.\r')
  t.match(set, { code: 0, out: /^Immediate, and was \S+$/m })
  t.equal(set.out.match(/Why\?/g)?.length, 1)
  t.same(await notesAbout(), ['Has not drunk since Tuesday.'])
})
