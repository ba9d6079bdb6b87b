/** Acts 1 and 2: a call is taken, sealed and sent; then everybody else's referrals. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Acknowledgement, Draft, Envelope } from '../../src/client/index.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

export const referralsFolder = join(import.meta.dirname, '../referrals')

export type Call = { readonly draft: Draft; readonly surname: string; readonly story: string }

export type Sent = {
  readonly envelope: Envelope
  readonly acknowledgement: Acknowledgement
  /** Every surname that was referred, as it was typed. */
  readonly surnames: readonly string[]
}

/** Shows a few answers as the caseworker typed them. */
export async function takeCall(): Promise<Call> {
  act(1, 'A caseworker takes a call from a removal centre, and types')
  const draft = await readDraft('telephone-01.json')
  const { identity, detention, clinical } = draft.referral
  const torture = clinical?.torture
  const story = typeof torture === 'object' ? (torture.details ?? '') : ''
  const places = detention?.places
  show('name', `${identity?.givenNames} ${identity?.familyName}`)
  show('held at', typeof places === 'object' ? (places[0]?.place ?? '') : '')
  show('torture', story)
  return { draft, surname: identity?.familyName ?? '', story }
}

/** Seals the call and sends it with one PUT; then the other referrals of all three partners. */
export async function onePut(stage: Stage, call: Call): Promise<Sent> {
  const telephone = stage.referrer('telephone')
  const envelope = await telephone.seal(call.draft)
  const { referralId } = envelope.header
  const bytes = Buffer.byteLength(JSON.stringify(envelope))
  const acknowledgement = await telephone.submit(envelope)
  act(2, 'One PUT carries it, sealed on the caseworker’s own machine')
  show('PUT', `/v1/referrals/${referralId}`)
  show('sent', `${bytes.toLocaleString('en-GB')} bytes: 10 compartments sealed to 3 recipients`)
  show('201', `reference ${acknowledgement.reference}, log entry ${acknowledgement.entryId}`)

  const files = (await readdir(referralsFolder)).filter((file) => file.endsWith('.json')).sort()
  const others = files.filter((file) => file !== 'telephone-01.json')
  // One after the other: of two that are as urgent the one that came first is claimed first.
  for (const submit of await Promise.all(others.map((file) => sealed(stage, file)))) await submit()
  const drafts = await Promise.all(files.map(readDraft))
  const surnames = drafts.flatMap(({ referral }) => referral.identity?.familyName ?? [])
  show('and the others', `${others.length} more, by telephone, from a law firm and an NGO`)
  return { envelope, acknowledgement, surnames }
}

/** Seals one of the examples. @returns what submits it */
async function sealed(stage: Stage, file: string): Promise<() => Promise<unknown>> {
  const name = file.startsWith('law') ? 'lawFirm' : file.startsWith('ngo') ? 'ngo' : 'telephone'
  const referrer = stage.referrer(name)
  const envelope = await referrer.seal(await readDraft(file))
  return () => referrer.submit(envelope)
}

async function readDraft(file: string): Promise<Draft> {
  return JSON.parse(await readFile(join(referralsFolder, file), 'utf8'))
}
