/** What intake loses to eighty requests that wait for what does not come: each client has its own key, and four of them. */
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { randomBytes } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { untilPaired } from '../../test/helpers/superuser.ts'
import { putAll } from '../intake/load.ts'
import { sealer } from '../intake/stage.ts'
import { median, report } from '../report.ts'
import type { Place } from './http.ts'

const clients = 20
const waitsOfEach = 4
const connections = 20
const rounds = 9

export async function waiters({ stage, service, queue, isSmall }: Place): Promise<void> {
  const { sql } = queue
  // Long enough for several rounds of those who wait: one round alone takes longer than forty referrals.
  const count = isSmall ? 150 : 400
  const seal = await sealer(stage.world)
  const token = await stage.world.token(stage.world.referring.lawFirm.clientId)
  const waiting = await addClients()
  await queue.empty()

  async function intake(): Promise<number> {
    const bodies = Array.from({ length: count }, () => seal())
    const rate = await putAll(service.url, token, bodies, connections)
    await untilPaired(sql)
    return rate
  }

  async function beside(): Promise<number> {
    const ending = new AbortController()
    const ended = waiting.map((wait) => wait(ending.signal))
    // They have looked once, and wait.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const rate = await intake()
    ending.abort()
    await Promise.all(ended)
    return rate
  }

  const [alone, watched, ratios]: [number[], number[], number[]] = [[], [], []]
  // The first round warms up. Each begins with another side.
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 === 0 ? [intake, beside] : [beside, intake]
    const rates = new Map<() => Promise<number>, number>()
    for (const side of order) rates.set(side, await side())
    if (round === 0) continue
    const [without = Number.NaN, with80 = Number.NaN] = [rates.get(intake), rates.get(beside)]
    alone.push(without)
    watched.push(with80)
    ratios.push(with80 / without)
  }
  const name = 'referrals taken in a second, beside 80 that wait in vain: median of'
  report(`${name} rates`, median(watched), median(alone), 0.9)
  report(`${name} ratios`, median(ratios), 1, 0.9)

  /** Clients with a key each that opens nothing, and their waits. */
  async function addClients() {
    const waits: ((signal: AbortSignal) => Promise<void>)[] = []
    for (let number = 0; number < clients; number += 1) {
      const [id, recipient] = [newId(), encodeBase64url(randomBytes(16))]
      await sql`
        insert into client (id, organisation_id, label, kind, scopes, kids)
        select ${id}, organisation_id, ${`waiter ${number}`}, kind, scopes, array[${recipient}]
        from client where id = ${stage.world.clients.casework}`
      const headers = {
        authorization: `Bearer ${await stage.world.token(id)}`,
        'content-type': 'application/json',
      }
      const asked = { recipient, max: 1, leaseSeconds: 60, waitSeconds: 30, regions: ['scotland'] }
      const request = { method: 'POST', headers, body: JSON.stringify(asked) }
      const wait = async (signal: AbortSignal) => {
        while (!signal.aborted) {
          const answer = await fetch(`${service.url}/v1/triage/claims`, {
            ...request,
            signal,
          }).catch(() => {})
          if (!answer) return
          const text = await answer.text()
          // Those of the round before may not be known to have hung up.
          if (answer.status === 429) await new Promise((resolve) => setTimeout(resolve, 100))
          else if (!answer.ok) throw new Error(text)
        }
      }
      for (let each = 0; each < waitsOfEach; each += 1) waits.push(wait)
    }
    return waits
  }
}
