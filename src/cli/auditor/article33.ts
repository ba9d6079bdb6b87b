/**
 * What the log can say of a lost key or a stolen credential, under the headings of UK GDPR Article 33(3).
 * What only a person can say stands in brackets, and nothing is guessed. A continued line is set in deeper
 * than any line of the report's own, so that no name can begin one.
 */
import { londonTime } from '../../client/london.ts'
import { compartmentNames } from '../../referral/compartment.ts'
import { shown } from '../../referral/shown.ts'
import { wrapped } from '../command.ts'
import { boundFrom, mayAsk, nameOf } from './bound.ts'
import type { Handed, Incident, NamedKey } from './incident.ts'

/** So many referrals are listed; `--json` has all. */
const listedMax = 200

/** The report as text of 80 columns. @param isSpoilt - whether an entry that it rests on is not intact */
export function breachReport(incident: Incident, isSpoilt: boolean): string {
  const { from, to, madeAt } = incident
  const lines = [
    'PERSONAL DATA BREACH: what UK GDPR Article 33(3) asks for',
    `From ${shown(from)} to ${shown(to)}, London time. Made ${londonTime(madeAt)} from the access log.`,
    'What stands in [brackets] is for a person to say: the log does not know it.',
    ...(isSpoilt
      ? ['NOT INTACT: an entry that this rests on, or what opens it, was changed.']
      : []),
    '',
    '(a) Nature of the breach',
    ...indented(incident.lost === 'key' ? natureOfKey(incident) : natureOfClient(incident)),
    '',
    '(b) Contact point',
    ...indented([
      '[Name and contact details of the data protection officer, or of another contact.]',
    ]),
    '',
    '(c) Likely consequences',
    ...indented(consequences(incident)),
    '',
    '(d) Measures taken or proposed',
    ...indented(measures(incident)),
    '',
    ...listed(
      `Handed out in that time: ${counted(incident.handedOut.length, 'referral')}`,
      incident.handedOut.map(handedLine),
    ),
    '',
    ...listed(
      `${incident.lost === 'key' ? 'Opened by the key' : 'Could be asked for'}: ${counted(incident.couldOpen.length, 'referral')}`,
      incident.couldOpen.map(
        (it) => `${shown(it.reference)}, received ${londonTime(it.receivedAt)}`,
      ),
    ),
  ]
  return lines.map((line) => wrapped(line, 6)).join('\n')
}

function natureOfKey({ keys, couldOpen, handedOut, to }: Incident): string[] {
  return [
    ...keys.map(
      (key) =>
        `The recipient key ${keyName(key)} is taken to be in the hands of somebody who should not have it.`,
    ),
    '[How it came about, since when it was possible, when and by whom it was noticed.]',
    ...numbers(concerned(couldOpen, handedOut)),
    ...keys.map(
      (key) => `Of each the key opens ${partsOf(key)}. [What of that is special category data.]`,
    ),
    `With a copy of the database the key opens all ${counted(couldOpen.length, 'referral')} that came before the end of ${shown(to)}: it opens what was sealed to it before the loss as well as after.`,
    `Without one, what the service handed out for it in that time: ${sumOf(handedOut)}. A key by itself is handed nothing: a client has to sign in.`,
    'Notes of staff that were sealed to the key are opened by it too. They are not counted here.',
    '[Whether there are copies of what was handed out earlier where the key was. Whether the thief opened anything: that happens elsewhere, and no log sees it.]',
  ]
}

function natureOfClient({
  keys,
  clients,
  couldOpen,
  handedOut,
  acts,
  unnamed,
  to,
}: Incident): string[] {
  const [client] = clients
  const isOpener = client !== undefined && mayAsk(client) && keys.length > 0
  return [
    ...clients.map(
      (it) =>
        `The credential of ${nameOf(it)} is taken to be in the hands of somebody who should not have it.`,
    ),
    '[How it came about, since when it was possible, when and by whom it was noticed.]',
    ...clients.map((it) => `Its scopes: ${shown(it.scopes.join(', '))}.`),
    ...(isOpener
      ? keys.map(
          (key) =>
            `It is bound to the key ${keyName(key)}, which opens ${partsOf(key)}, ${boundFrom(client)}.`,
        )
      : ['It could be handed no sealed referral: it has no recipient key, or no scope for it.']),
    ...numbers(concerned(couldOpen, handedOut)),
    ...(isOpener
      ? [
          `It could ask for all of these: what came before the end of ${shown(to)}, and before it was shut out.`,
        ]
      : []),
    `It was handed in that time: ${sumOf(handedOut)}.`,
    ...(unnamed > 0
      ? [
          `For its keys ${counted(unnamed, 'opening')} more ${unnamed === 1 ? 'is' : 'are'} by a client whose name was removed from the log: whether by this one, it cannot say.`,
        ]
      : []),
    acts.length === 0 ? 'The log has no act of it in that time.' : 'Its acts in that time:',
    ...acts.map(({ action, outcome, times }) => `- ${shown(action)}, ${shown(outcome)}: ${times}`),
    '[Which of these acts were its owner’s own. What of the data is special category data.]',
  ]
}

function numbers(referrals: number): string[] {
  return [
    'Categories of people: people who were referred. [Others who are named in referrals.]',
    `Number of people: at most ${referrals} who were referred, one a referral; fewer where several referrals are about one person, which this does not count. [Others.]`,
    `Categories and number of records: ${counted(referrals, 'sealed referral')}.`,
  ]
}

/** How many referrals: what was handed out counts also where its wrap is gone since. */
function concerned(couldOpen: Incident['couldOpen'], handedOut: readonly Handed[]): number {
  return new Set([...couldOpen, ...handedOut].map(({ referralId }) => referralId)).size
}

function consequences({ lost, keys }: Incident): string[] {
  return [
    lost === 'key'
      ? 'Who has the key and the sealed bytes can read what the key opens, unseen and for ever: ending the key takes back nothing that was copied.'
      : keys.length === 0
        ? 'Nothing that is sealed can be read with this credential.'
        : 'What a client is handed stays sealed to its key: without that key, nobody reads it. What the service itself can read, such as region and urgency, comes with it.',
    ...(lost === 'client'
      ? [
          '[Whether the key was within reach of the same person: then make the report for the key as well, by --kid.]',
        ]
      : []),
    '[What follows for the people whose data it is.]',
  ]
}

function measures({ lost, clients, keys, keysetVersion }: Incident): string[] {
  const newest = `the newest keyset, version ${keysetVersion}`
  return [
    ...clients.map(
      (it) =>
        `${nameOf(it)}: ${it.disabledAt === undefined ? 'not shut out' : `shut out since ${londonTime(it.disabledAt)}`}.`,
    ),
    ...(clients.length === 0 ? ['No client is bound to the key.'] : []),
    ...(lost === 'key'
      ? keys.map(({ isNamed }) =>
          isNamed
            ? `The key stands in ${newest}: new referrals are sealed to it.`
            : `The key does not stand in ${newest}: no new referral is sealed to it.`,
        )
      : []),
    '[What else was done, or is proposed, also to lessen the effects for the people.]',
  ]
}

function keyName({ kid, label }: NamedKey): string {
  return label === undefined
    ? `${shown(kid)}, which no keyset names,`
    : `"${shown(label)}" (${shown(kid)})`
}

function partsOf({ compartments }: NamedKey): string {
  if (compartments === undefined) return 'parts that no keyset names'
  const isAll = compartments.length === compartmentNames.length
  return isAll ? 'all parts' : `these parts: ${shown(compartments.join(', '))}`
}

function sumOf(handed: readonly Handed[]): string {
  const times = handed.reduce((sum, it) => sum + it.times, 0)
  return handed.length === 0
    ? 'nothing'
    : `${counted(handed.length, 'referral')}, ${counted(times, 'time')} in all`
}

function handedLine({ referralId, reference, times, first, last, to }: Handed): string {
  const when =
    times === 1 ? londonTime(first) : `${times} times, ${londonTime(first)} to ${londonTime(last)}`
  return `${shown(reference ?? referralId)}, ${when}, to ${to.join('; ')}`
}

function listed(title: string, items: readonly string[]): string[] {
  const more = items.length - listedMax
  return [
    title,
    ...indented(items.slice(0, listedMax)),
    ...(more > 0 ? [`  and ${more} more: --json has all of them`] : []),
  ]
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
