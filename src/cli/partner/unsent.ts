/** Sealed bytes that are not sent because of their draft, in words that say what to do. */
import { shown } from '../../referral/shown.ts'
import type { Fault } from '../report.ts'
import type { Standing } from './drafts.ts'
import type { Sealed } from './outbox.ts'

/** A draft because of which nothing is sent before a person has said what is meant. */
type Doubtful = Extract<Standing, { is: 'changed' | 'unreadable' }>

/** Why it is held, and the ways on. */
export function heldFault(standing: Doubtful, id: string, sealed: Sealed): Fault {
  const { file } = standing
  const next =
    `To send the draft as it is now: intake refer ${quoted(file)}. ` +
    `To take the old version back: intake outbox drop ${id}. ` +
    'To send the old version all the same: intake refer, on a terminal, where you are asked.'
  return { title: titleOf(standing), detail: detailOf(standing, sealed), next }
}

/** The same as a question. */
export function questionOf(standing: Doubtful, sealed: Sealed): string {
  return [standing.file, `  ${titleOf(standing)}.`, `  ${detailOf(standing, sealed)}.`]
    .map(shown)
    .join('\n')
}

/** What was done, and what is left to do where the service may have it. */
export function droppedFault(
  why: 'refused' | 'asked' | 'replaced',
  id: string,
  sent: boolean,
): Fault {
  const titles = {
    refused: 'Its draft now says that consent is refused or withdrawn: it was taken back',
    asked: 'It was taken back',
    replaced: 'Its draft has changed and is referred anew: the older version was taken back',
  }
  const other = 'If the older version was about somebody else, that person is not referred now.'
  if (!sent) return { title: titles[why], ...(why === 'replaced' && { detail: other }) }
  return { title: titles[why], ...sentWords(id, why === 'replaced' ? ` ${other}` : '') }
}

/** How one begins that says what to do about what is stored. */
export const tellThem =
  'Nothing here can take back what is stored. Tell those who receive referrals, by telephone, that'

/** What to do about bytes that are taken back here, and that the service may have. */
function sentWords(id: string, more: string): Pick<Fault, 'detail' | 'next'> {
  return {
    detail: `It had been sent, and no answer came: the service may have stored it.${more}`,
    next: `${tellThem} referral ${id} is withdrawn.`,
  }
}

/** Of one that waits, where this call names other documents than it was sealed with. */
export function documentsDiffer(id: string): Fault {
  return {
    title: 'It waits already, sealed with other documents than this call names: it was not sent',
    next:
      'To send it as it was sealed: intake refer, without --document; the others go after it. ' +
      `To take it back: intake outbox drop ${id}, and refer it again with all its documents.`,
  }
}

/** Of one that is stored, where this call names documents that did not go with it. */
export function documentsNotSent(reference: string): Fault {
  return {
    title: 'It is stored already, and these documents did not go with it: they were not sent',
    next: `To send them: intake documents add ${reference} FILE`,
  }
}

/** Of a changed draft, where the version that waits has documents and this call names none. */
export function documentsUnnamed(olderId: string): Fault {
  return {
    title: 'The version that waits has documents, and this call names none: nothing was sealed',
    next:
      'Name them with --document. Or, to send none of them, ' +
      `take the old version back first: intake outbox drop ${olderId}.`,
  }
}

/** Of one that was refused and would have to be sealed again. */
export const documentsGone = {
  title: 'It has to be sealed again, and its documents with it: this call names none',
  next: 'Refer the draft again, and name its documents with --document.',
} satisfies Fault

function titleOf({ is }: Doubtful): string {
  return is === 'changed'
    ? 'The draft has changed since it was sealed, and the old version was not sent'
    : 'The draft cannot be read, so it cannot be told whether it has changed: it was not sent'
}

function detailOf({ file }: Doubtful, { sealedAt }: Sealed): string {
  return `Sealed on ${timeOf(sealedAt)} from ${file}`
}

/** An RFC 3339 time for a person. */
export function timeOf(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
