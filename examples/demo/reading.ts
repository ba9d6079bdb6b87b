/** Act 4: two readers, two views of one referral. */
import type { Opened } from '../../src/client/index.ts'
import type { Sent } from './referring.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

/** The clinic opens what is clinical and no name; casework opens both. */
export async function twoReaders(stage: Stage, { envelope }: Sent): Promise<void> {
  act(4, 'Two readers open it, each with a key the server never had')
  for (const name of ['clinic', 'casework'] as const) {
    const reader = stage.reader(name)
    const opened = await reader.open(await reader.fetch(envelope.header.referralId))
    if (!opened.opened) throw new Error(`${name} could not open: ${opened.step}`)
    show(name, `${nameOf(opened)}, torture: ${tortureOf(opened)}`)
  }
}

function nameOf({ compartments }: Opened): string {
  const identity = compartments.identity as { familyName?: string } | undefined
  return identity ? `name: ${identity.familyName}` : 'name: sealed to others'
}

function tortureOf({ compartments }: Opened): string {
  const clinical = compartments.clinical as { torture?: { details?: string } } | undefined
  return clinical?.torture?.details ?? 'sealed to others'
}
