/**
 * `intake partner test`: a referral of nobody goes all the way, from a draft that is sealed here to an
 * acknowledgement. It is a referral like any other, for the service cannot know what is sealed in it:
 * that it is a test stands in its name and its story, and casework completes it when it opens it. Its
 * name is a placeholder, so that no match key is made and it meets no other referral.
 */
import { type Acknowledgement, type Draft, type Envelope, shown } from '../../client/index.ts'
import { readIfThere, removeFile, replaceFile } from '../../disk.ts'
import { problems } from '../../http/problems.ts'
import { type Command, type Input, type Report, UsageError } from '../command.ts'
import { type Fault, faultOf, wordsOf } from '../report.ts'
import { connectionDetails, referrerOf } from '../settings.ts'
import { filesOf, homeOption, neededAdmission, ownRequest, type PartnerFiles } from './files.ts'

/** `intake partner test`. */
export const partnerTest: Command = {
  operands: '',
  summary: 'Send a test referral, and say whether you are live or what is wrong.',
  details: `The test is sealed like any referral. Whoever opens it reads in its name and story that it is
a test by your organisation, about nobody, and completes it; the service itself sees one referral more.

Exit codes: 0, it was accepted: you are live; 1, it was not, and the output says what to do; 2, the
call was wrong.

${connectionDetails}`,
  options: homeOption,
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const files = filesOf(input)
    return tryOut(input, files, files)
  },
}

/** Sends a test under these keys, whatever the environment names, and reports how it went. */
export async function tryOut(
  input: Input,
  files: PartnerFiles,
  { key, clientKey, trial }: Pick<PartnerFiles, 'key' | 'clientKey' | 'trial'>,
): Promise<Report> {
  const { label } = await ownRequest(files)
  const { url, clientId, issuer } = await neededAdmission(files)
  const flags: Record<string, string> = {
    ...{ url, key, trust: files.trust, home: files.home },
    ...{ issuer, client: clientId, 'client-key': clientKey },
  }
  const own: Input = { ...input, text: (name) => flags[name] ?? input.text(name) }
  try {
    const referrer = await referrerOf(own, { onUnmatched() {}, onWarnings() {} })
    const { reference } = await sendTest(trial, referrer, testDraft(label))
    const text = `You are live: the test referral was accepted, with the reference ${shown(reference)}.`
    return { text, value: { live: true, reference } }
  } catch (error) {
    if (error instanceof UsageError) throw error
    const problem = withAdvice(faultOf(error))
    return { text: wordsOf(problem), value: { live: false, problem }, failed: true }
  }
}

type Sender = {
  seal(draft: Draft): Promise<Envelope>
  submit(envelope: Envelope): Promise<Acknowledgement>
}

/** Keeps the bytes until they are answered: a test without an answer is sent again, not made again. */
async function sendTest(trial: string, referrer: Sender, draft: Draft): Promise<Acknowledgement> {
  const kept = await readIfThere(trial)
  const envelope: Envelope = kept === undefined ? await referrer.seal(draft) : JSON.parse(kept)
  if (kept === undefined) await replaceFile(trial, `${JSON.stringify(envelope)}\n`)
  try {
    const acknowledgement = await referrer.submit(envelope)
    await removeFile(trial)
    return acknowledgement
  } catch (error) {
    if (isOfNoUse(faultOf(error))) await removeFile(trial)
    throw error
  }
}

/**
 * Whether the bytes were refused: they are not stored, and the next test is sealed anew, by another key perhaps.
 * What is about the caller (401, 403) says nothing of them: an attempt whose answer was lost may have stored them.
 */
function isOfNoUse({ retry, code }: Fault): boolean {
  const { status } = Object.entries(problems).find(([known]) => known === code)?.[1] ?? {}
  return (retry === 'never' || retry === 'after-refresh') && status !== 401 && status !== 403
}

/**
 * A referral about nobody, which says so to whoever opens it. What is asked of everybody is answered with
 * no, or it would be urgent and stand before people who wait.
 */
function testDraft(label: string): Draft {
  const story =
    `THIS IS A TEST. It is about nobody. ${label} tries its connection to this service. ` +
    'Please complete it as declined.'
  return {
    channel: 'partner_ngo',
    region: 'unknown',
    referral: {
      identity: { familyName: 'Nobody' },
      clinical: {
        ...{ suicidalThoughts: 'no', selfHarm: 'no', pregnancy: 'no', torture: 'no' },
        ...{ foodRefusalSince: 'no', fluidRefusalSince: 'no' },
      },
      legal: { removal: 'no' },
      referrer: { organisation: label.slice(0, 200) },
      narrative: { story },
    },
  }
}

/** What a partner that is just being brought in should do first, for what is usually wrong then. */
const advice: Readonly<Record<string, string>> = {
  'unknown-signer':
    'Your keys are recorded, but no published directory names your signing key yet. Ask the ' +
    'administrator to draft the next directory, have it signed, and publish it. Then: intake partner test',
  unauthenticated:
    'The service gives you no token. Look whether your clock is right (NTP), and compare the ids of your ' +
    'client and its key with the administrator: intake partner show.',
  'insufficient-scope': 'Your client may not refer: ask the administrator for referrals:submit.',
  'trust-invalid':
    'The keyset that the service shows is not signed by the root keys in trust.json. Do not use the ' +
    'service; ring the administrator.',
}

function withAdvice(fault: Fault): Fault {
  const next = fault.code === undefined ? undefined : advice[fault.code]
  return next === undefined ? fault : { ...fault, next }
}
