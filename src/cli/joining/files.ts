/**
 * What a partner keeps in its home while it is brought in, and after:
 *
 *     partner.key     signs its referrals, and opens what is answered to them
 *     client.key      proves to the authorization server who asks for a token
 *     request.txt     what the administrator was sent
 *     trust.json, partner.env, admission.txt    what the administrator sent back; the last is written last
 *     next/           the keys of a change and its block, until it is finished
 *     test-referral.json    a test that was sent and not answered
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, requireOwn } from '../../disk.ts'
import {
  type PartnerAdmission,
  type PartnerRequest,
  readAdmission,
  readRequest,
} from '../../protocol/partner/request.ts'
import { type Input, type Option, UsageError } from '../command.ts'
import { homeOf } from '../settings.ts'

/** The flag of every command of a partner's. */
export const homeOption: Record<string, Option> = {
  home: { value: 'DIR', help: 'Your folder for this service (INTAKE_HOME, else ~/.intake).' },
}

/** The files in the home that a call names. */
export function filesOf(input: Input) {
  const home = homeOf(input)
  const at = (name: string) => join(home, name)
  return {
    home,
    ...{ key: at('partner.key'), clientKey: at('client.key'), request: at('request.txt') },
    ...{ trust: at('trust.json'), settings: at('partner.env'), admission: at('admission.txt') },
    ...{ next: at('next'), nextKey: at('next/partner.key') },
    ...{ nextClientKey: at('next/client.key'), change: at('next/change.txt') },
    ...{ trial: at('test-referral.json'), nextTrial: at('next/test-referral.json') },
  }
}

export type PartnerFiles = ReturnType<typeof filesOf>

/** A folder for secrets: nobody else may look into it, or write there. */
export async function makeHome(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await requireOwn(folder, 'your keys')
}

/** The request that was made here. @throws UsageError if none was */
export async function ownRequest({ request }: PartnerFiles): Promise<PartnerRequest> {
  const text = await readIfThere(request)
  if (text !== undefined) return readRequest(text)
  throw new UsageError(
    `${request} is not there: begin with intake partner init, or name --home DIR`,
  )
}

/** The admission that was accepted here; `undefined` before. */
export async function ownAdmission(files: PartnerFiles): Promise<PartnerAdmission | undefined> {
  const text = await readIfThere(files.admission)
  return text === undefined ? undefined : readAdmission(text, await ownRequest(files))
}

/** The same, where it has to be there. @throws UsageError that says what is waited for */
export async function neededAdmission(files: PartnerFiles): Promise<PartnerAdmission> {
  const admission = await ownAdmission(files)
  if (admission) return admission
  throw new UsageError(
    'the administrator’s block is not here yet: when it has come, intake partner join FILE',
  )
}
