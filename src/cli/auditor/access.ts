import type { AuditEntry } from '../../client/entries.ts'
import { whoOf } from '../../client/entrywords.ts'
import type { KeysetKeys, ReferralAccess } from '../../client/exposure.ts'
import { londonTime } from '../../client/london.ts'
import { compartmentNames } from '../../referral/compartment.ts'
import { shown } from '../../referral/shown.ts'
import { type Command, fitted, type Report } from '../command.ts'
import { referralNamed } from '../recipient/naming.ts'
import { connectionDetails } from '../settings.ts'
import { accessOf, entriesOf, keysIn } from './asking.ts'
import { type BoundClient, boundFrom, mayAsk, nameOf } from './bound.ts'
import { getterOf, signInOptions } from './getter.ts'

type Recipient = ReferralAccess['recipients'][number]
/** A key that a referral was sealed to, and the openings for it. */
type Told = Recipient & {
  /** As the keyset calls it, with what it opens. */
  readonly label?: string
  readonly compartments?: readonly string[]
  readonly openings: AuditEntry[]
}

/** `intake audit access`. */
export const auditAccess: Command = {
  operands: 'REFERRAL',
  summary: 'Say who could have opened a referral: its keys, and the clients bound to them.',
  details: `REFERRAL is an id, or a reference of 8 digits. For each recipient key: whether the service stores what
it opens the referral with, which clients could ask for it and since when, and who did. Times are
London's. Who has a copy of a key, nobody here can know.

${connectionDetails}`,
  options: signInOptions,
  operandsMin: 1,
  operandsMax: 1,
  async run(input): Promise<Report> {
    const name = referralNamed(input.operands[0] ?? '')
    const get = await getterOf(input)
    const access = await accessOf(get, name)
    const query = { object: access.referralId, action: 'referral.opened', outcome: 'permitted' }
    const openings: AuditEntry[] = []
    for await (const entry of entriesOf(get, new URLSearchParams(query))) openings.push(entry)
    const { recipients: listed } = await keysIn(get, access.keysetVersion)
    const recipients = access.recipients.map((recipient) => ({
      ...recipient,
      ...namedIn(listed, recipient.kid),
      openings: openings.filter((entry) => entry.recipient === recipient.kid),
    }))
    const failed = openings.some(({ intact }) => !intact)
    return { value: { ...access, recipients }, text: fitted(wordsOf(access, recipients)), failed }
  },
}

function wordsOf({ referralId, reference, receivedAt }: ReferralAccess, told: Told[]): string {
  return [
    `Referral ${shown(reference)}, received ${londonTime(receivedAt)}, was sealed to ${counted(told.length, 'key')}.`,
    `  id ${shown(referralId)}`,
    ...told.flatMap((recipient) => ['', ...linesOf(recipient, receivedAt)]),
  ].join('\n')
}

function namedIn(listed: KeysetKeys['recipients'], kid: string) {
  const found = listed.find((recipient) => recipient.kid === kid)
  return found && { label: found.label, compartments: found.compartments }
}

function linesOf({ kid, label, compartments = [], ...told }: Told, receivedAt: string): string[] {
  const { holds, clients, openings } = told
  const until = holds ? 'until now' : 'and no longer: the service does not store its wrap any more'
  const isAll = compartments.length === compartmentNames.length
  const parts = isAll ? 'all of it' : shown(compartments.join(', ')) || 'nobody knows what'
  return [
    label === undefined ? 'A key that the keyset does not name' : `The key "${shown(label)}"`,
    `  key ${shown(kid)}`,
    `  opens ${parts}, from ${londonTime(receivedAt)} ${until}`,
    ...(clients.length === 0 ? ['  No client is bound to it: nobody could ask for it here.'] : []),
    ...clients.map((client) => `  ${couldAsk(client, receivedAt)}`),
    ...(openings.length === 0 ? ['  The service handed it to nobody for this key.'] : []),
    ...openings.flatMap(openingLines),
  ]
}

/** Since when a client could ask for a referral that came then, and until when. */
function couldAsk(client: BoundClient, receivedAt: string): string {
  const name = nameOf(client)
  const { disabledAt } = client
  if (!mayAsk(client)) return `${name} is bound to it, and may not ask for referrals`
  if (disabledAt !== undefined && disabledAt <= receivedAt) {
    return `${name} could never ask for it: shut out since ${londonTime(disabledAt)}`
  }
  const end =
    disabledAt === undefined ? 'until now' : `until ${londonTime(disabledAt)}, then shut out`
  return `${name}, bound ${boundFrom(client)}, could ask for it ${end}`
}

function openingLines(entry: AuditEntry): string[] {
  return [
    `  Handed to ${whoOf(entry)} at ${londonTime(entry.at)}`,
    ...(entry.intact ? [] : ['    NOT INTACT: the entry, or what opens it, was changed.']),
  ]
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
