/** Claims and completes over HTTP, as fifty programs at once would, each with a proof of its key for each request. */
import { Agent, request } from 'node:http'
import { signIn } from '../../test/helpers/signin.ts'
import type { Stage } from '../intake/stage.ts'

export const connections = 50

/** The one compartment that is asked for. */
const compartments = ['clinical']

const paths = { claims: '/v1/triage/claims', completions: '/v1/triage/completions' }

type Claimed = {
  readonly claims: readonly {
    readonly claimId: string
    readonly fence: number
    readonly referrals: readonly { readonly referralId: string }[]
  }[]
}

type Bound = Awaited<ReturnType<typeof signIn>>

/** A client that holds the key of casework. */
export type Client = {
  /** Signs in once more, because a token lives for five minutes. @param url - of the service that issues tokens */
  signIn(url: string): Promise<Bound>
  readonly recipient: string
}

export function caseworker({ world, ownerUrl }: Stage): Client {
  const databases = { ownerUrl } as Parameters<typeof signIn>[0]['databases']
  return {
    recipient: world.recipients.casework.receiving.kid,
    signIn: (url) => signIn({ url, databases }, world.clients.casework),
  }
}

/**
 * Claims and completes the items `ids`, which are the next of the queue. The proofs are made before the clock runs:
 * they are the work of the clients' machines.
 *
 * @param issuer - where the token comes from; `url` is called
 * @returns items a second
 */
export async function cycleAll(
  { url, issuer = url }: { readonly url: string; readonly issuer?: string },
  client: Client,
  ids: readonly string[],
  max: number,
): Promise<number> {
  const bound = await client.signIn(issuer)
  const headers = async (path: string) => {
    const dpop = await bound.signer.proof('POST', url + path, bound.token)
    return { authorization: `DPoP ${bound.token}`, dpop, 'content-type': 'application/json' }
  }
  const rounds = Math.floor(ids.length / max)
  const claiming = await many(rounds, () => headers(paths.claims))
  const completing = await many(rounds, () => headers(paths.completions))
  const byId = new Map(
    max > 1
      ? []
      : await Promise.all(ids.map(async (id) => [id, await headers(completionOf(id))] as const)),
  )
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const asked = { recipient: client.recipient, max, leaseSeconds: 600, compartments }
  async function cycle(round: number): Promise<void> {
    const sent = JSON.stringify(asked)
    const { claims } = await post<Claimed>(agent, url + paths.claims, claiming[round] ?? {}, sent)
    if (claims.length !== max) throw new Error(`${claims.length} items were claimed, not ${max}`)
    const completions = claims.map(({ claimId, fence, referrals }) => {
      const answered = referrals.map(({ referralId }) => referralId)
      return { claimId, fence, outcome: 'accepted', referrals: answered }
    })
    const [first] = completions
    if (max > 1) {
      const body = JSON.stringify({ completions })
      const ended = await post<{ completions: { problem?: unknown }[] }>(
        ...([agent, url + paths.completions, completing[round] ?? {}, body] as const),
      )
      if (ended.completions.some(({ problem }) => problem)) throw new Error('one was not completed')
    } else if (first) {
      const { claimId, ...body } = first
      const own = byId.get(claimId)
      if (!own) throw new Error('another item was claimed than is next')
      await post(agent, url + completionOf(claimId), own, JSON.stringify(body))
    }
  }
  let next = 0
  const worker = async () => {
    for (let round = next++; round < rounds; round = next++) await cycle(round)
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - begun) / 1000
  agent.destroy()
  return (rounds * max) / seconds
}

function completionOf(id: string): string {
  return `${paths.claims}/${id}/completion`
}

function many<Made>(count: number, make: () => Promise<Made>): Promise<Made[]> {
  return Promise.all(Array.from({ length: count }, make))
}

function post<Answer>(
  agent: Agent,
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { ...headers, 'content-length': Buffer.byteLength(body) }
    const sent = request(url, { agent, method: 'POST', headers: all }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part) => parts.push(part))
      answer.once('end', () => {
        const text = Buffer.concat(parts).toString()
        if (answer.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`it answered ${answer.statusCode}: ${text}`))
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
