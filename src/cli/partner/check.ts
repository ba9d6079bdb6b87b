import { checkDraft, mostUrgent, type Problem, proposeUrgency, shown } from '../../client/index.ts'
import { type Command, fitted } from '../command.ts'
import { parseJson } from '../json.ts'
import { faultOf } from '../report.ts'
import { wordsOfDoubts } from './doubts.ts'
import { draftFiles, passedOverWords, readDraftFile } from './drafts.ts'

type Checked = {
  readonly file: string
  readonly problems: readonly Problem[]
  readonly refusal?: 'referral-invalid' | 'consent-refused'
  /** Why the file could not be read. */
  readonly unreadable?: string
  /** What to look at again, and stops nothing. */
  readonly warnings?: readonly Problem[]
  /** What the envelope would say, and why the rules propose what they do. */
  readonly urgency?: string
  readonly proposed?: string
  readonly reasons?: readonly string[]
}

/** `intake check`. */
export const check: Command = {
  operands: 'FILE…',
  summary: 'Say what is wrong with drafts, and how urgent they are. Nothing is sent.',
  details: `FILE is a draft, or a folder of them. Each problem is named by its JSON pointer. Exit code 1 if
any draft cannot be sealed.`,
  options: {},
  operandsMin: 1,
  operandsMax: 10_000,
  async run(input) {
    const now = new Date()
    const results: Checked[] = []
    const { files, passedOver } = await draftFiles(input.operands)
    for (const file of files) results.push(await checkFile(file, now))
    return {
      value: { results, ...(passedOver.length > 0 && { passedOver }) },
      text: [...results.map(wordsOfChecked), ...passedOverWords(passedOver)].join('\n'),
      failed: results.some(({ refusal, unreadable }) => refusal ?? unreadable),
    }
  },
}

async function checkFile(file: string, now: Date): Promise<Checked> {
  let draft: unknown
  try {
    draft = parseJson(await readDraftFile(file), file)
  } catch (error) {
    return { file, problems: [], unreadable: faultOf(error).title }
  }
  const checked = checkDraft(draft, now)
  if (checked.refusal !== undefined) return { file, ...checked }
  const { urgency: proposed, reasons } = proposeUrgency(checked.referral, now)
  const { urgency: own } = checked.draft
  const urgency = mostUrgent(proposed, own ?? proposed)
  return { file, problems: [], warnings: checked.warnings, urgency, proposed, reasons }
}

function wordsOfChecked(checked: Checked) {
  const { file, problems, refusal, unreadable, warnings = [] } = checked
  if (unreadable !== undefined) return shown(unreadable)
  const { urgency, proposed, reasons = [] } = checked
  const raised = urgency === proposed ? '' : ` (raised; the rules propose ${proposed})`
  const lines = [
    `${shown(file)}: ${refusal ?? `can be sealed, ${urgency}${raised}`}`,
    ...problems.map(({ pointer, detail }) => `  ${shown(pointer || '/')} ${shown(detail)}`),
    ...wordsOfDoubts(warnings).map((line) => fitted(`  ${line}`)),
    ...reasons.map((reason) => `  ${shown(reason)}`),
  ]
  return lines.join('\n')
}
