/** `intake admin log …`: what the owner does with the access log. */
import { administrative, onHost } from './usage.ts'

/** `intake admin log restart`. */
export const logRestart = administrative({
  flags: '--reason TEXT',
  summary: 'Close an access log that lost entries, and open the next.',
  details: `Only where the database was set back to an earlier moment and its lost entries cannot be had
again. The next log begins with an entry that names the old one, its last checkpoint (of the database or of
CHECKPOINT_FILE) and the reason. Whoever checks the log is told that it was restarted.`,
  options: { reason: { value: 'TEXT', help: 'Why, in one line that auditors will read.' } },
  async run(input) {
    const reason = input.needed('reason')
    return onHost(input, async ({ log }) => {
      const { closed, opened } = await log.restart(reason)
      const next = 'Draft, sign and publish a keyset: the draft names the new log.'
      return { closed, opened, next }
    })
  },
})
