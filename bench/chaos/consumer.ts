/**
 * One consumer of our queue, as a process to be killed and stopped: it claims in batches over HTTP,
 * notes what it was told, and completes. Whatever gets no answer it sends again, to any replica; and
 * now and then it takes an answer for lost that came.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { newId } from '../../src/protocol/uuid.ts'
import { openJournal } from './journal.ts'
import { isEnding, sleepIfTold, work } from './member.ts'

/** What the crew tells a consumer of ours. */
export type Orders = {
  readonly urls: readonly string[]
  readonly token: string
  readonly recipient: string
  readonly batch: number
  readonly leaseSeconds: number
  /** How long it may work on what somebody held before. */
  readonly againMs: number
}

type Held = { item: string; fence: number; referrals: string[] }
type Answer = { status: number; body: Record<string, unknown> }

const [folder = '', name = '', told = '{}'] = process.argv.slice(2)
const { urls, token, recipient, batch, leaseSeconds, againMs }: Orders = JSON.parse(told)
const note = openJournal(folder, name)
const chance = (share: number) => Math.random() < share

/** Sends until there is an answer that decides: one of the service, and not of a moment. */
async function post(path: string, body: object, headers = {}): Promise<Answer> {
  for (;;) {
    const url = urls[Math.floor(Math.random() * urls.length)]
    try {
      const answer = await fetch(`${url}/v1/triage${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          ...headers,
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(15_000),
      })
      const text = await answer.text()
      const decides = answer.status < 500 && answer.status !== 429
      if (decides) return { status: answer.status, body: text === '' ? {} : JSON.parse(text) }
    } catch {
      // The replica died, or stood still for too long.
    }
    await wait(50 + Math.random() * 200)
  }
}

/** The same, and once in twenty times again: the first answer is taken for lost. */
async function postWithLosses(path: string, body: object, headers = {}): Promise<Answer> {
  const answer = await post(path, body, headers)
  return chance(1 / 20) ? post(path, body, headers) : answer
}

async function claim(escalated: boolean): Promise<Held[]> {
  const body = {
    ...{ recipient, max: batch, leaseSeconds, compartments: ['clinical'] },
    ...(escalated && { escalated }),
  }
  const answer = await postWithLosses('/claims', body, { 'idempotency-key': newId() })
  if (answer.status !== 200) throw new Error(`a claim was answered ${answer.status}`)
  const claims = answer.body.claims as {
    claimId: string
    fence: number
    referrals: { referralId: string }[]
  }[]
  const held = claims.map(({ claimId, fence, referrals }) => {
    return { item: claimId, fence, referrals: referrals.map(({ referralId }) => referralId) }
  })
  note(held.map(({ item, fence }) => ({ act: 'claimed', item, fence })))
  return held
}

async function complete(held: readonly Held[]): Promise<void> {
  const completions = held.map(({ item, fence, referrals }) => {
    return { claimId: item, fence, outcome: 'accepted', referrals }
  })
  const { status, body } = await postWithLosses('/completions', { completions })
  if (status !== 200) throw new Error(`completions were answered ${status}`)
  const ended = body.completions as { completion?: object; problem?: { code: string } }[]
  note(
    held.map(({ item, fence }, index) => {
      return { act: ended[index]?.completion ? 'completed' : 'refused', item, fence }
    }),
  )
}

async function completeOne({ item, fence, referrals }: Held): Promise<void> {
  const completion = { fence, outcome: 'accepted', referrals }
  const { status } = await postWithLosses(`/claims/${item}/completion`, completion)
  note([{ act: status === 200 ? 'completed' : 'refused', item, fence }])
}

while (!isEnding()) {
  let held = await claim(false)
  if (held.length === 0) held = await claim(true)
  if (held.length === 0) {
    await wait(200)
    continue
  }
  await sleepIfTold()
  await work(
    held.some(({ fence }) => fence > 1),
    againMs,
  )
  // Of one batch in thirty some go back, and of one in ten one is completed by itself.
  const givesBack = chance(1 / 30)
  const back = held.filter(() => givesBack && chance(1 / 3))
  for (const { item, fence } of back) await post(`/claims/${item}/release`, { fence })
  let rest = held.filter((one) => !back.includes(one))
  const [first] = rest
  if (first && chance(1 / 10)) {
    await completeOne(first)
    rest = rest.slice(1)
  }
  if (rest.length > 0) await complete(rest)
}
process.exit(0)
