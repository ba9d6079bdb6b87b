/**
 * Access: what it costs to know who calls, beside the whole of a PUT, and how many clients sign in a second. In
 * one process, over one connection, in turns: a request that is open to all, the same behind a token, the same
 * behind a token with its proof, and a referral that is stored.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, type OutgoingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { holdCeremony } from '../../examples/ceremony.ts'
import { connect } from '../../src/database/connect.ts'
import { startEmbedded } from '../../src/database/embedded.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/log.ts'
import { askToken, registeredSigner, signIn } from '../../test/helpers/signin.ts'
import { putHeaders } from '../intake/load.ts'
import { sealer } from '../intake/stage.ts'
import { percentile, report, tell } from '../report.ts'

const rounds = 5
const perRound = 300
const signingIn = 8

/** The time of a tenth: what others on the machine add is not the service's. */
const quick = (times: readonly number[]) => percentile(times, 0.1)

export async function bench(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-bench-'))
  const embedded = await startEmbedded(join(folder, 'postgres'))
  const { ownerUrl } = embedded
  const tokenKeyFile = join(folder, 'token-key.pem')
  const world = await holdCeremony({ ownerUrl, origin: 'intake.bench', tokenKeyFile })
  const database = connect({ url: embedded.url, connectionsMax: 10, prepare: true })
  const app = await createApp({
    ...{ database, origin: world.origin, sealKey: new Uint8Array(32).fill(7) },
    logger: createLogger('silent'),
  })
  const handler = async () => 'known'
  const [open, known] = ['/bench/open', '/bench/known']
  app.route({ method: 'GET', url: open, schema: { security: [] }, handler })
  const schema = { security: [{ bearer: ['referrals:submit'] }] }
  app.route({
    method: 'GET',
    url: known,
    schema,
    config: { action: 'referral.submitted' },
    handler,
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    const { clientId } = world.referring.lawFirm
    const built = { url, databases: { ...embedded, drop: async () => {} } }
    const [bearer, bound] = [
      await signIn(built, clientId, { isBound: false }),
      await signIn(built, clientId),
    ]
    const seal = await sealer(world)
    const get = (path: string, headers: OutgoingHttpHeaders = {}) =>
      send(agent, url + path, 'GET', headers)
    const times: Record<'open' | 'bearer' | 'dpop' | 'put', number[]> = {
      ...{ open: [], bearer: [], dpop: [], put: [] },
    }
    // The first round warms all up and is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      for (let turn = 0; turn < perRound; turn += 1) {
        // Made before the clock runs: a proof is the client's work.
        const proven = await bound.headers('GET', known)
        const { id, bytes } = seal()
        const path = `${url}/v1/referrals/${id}`
        const taken = {
          open: await timed(() => get(open)),
          bearer: await timed(async () => get(known, await bearer.headers('GET', known))),
          dpop: await timed(() => get(known, proven)),
          put: await timed(() => send(agent, path, 'PUT', putHeaders(bearer.token, bytes), bytes)),
        }
        if (round === 0) continue
        for (const name of Object.keys(times) as (keyof typeof times)[])
          times[name].push(taken[name])
      }
    }
    const tokens = await tokensASecond(built, clientId)
    const put = quick(times.put)
    tell('a full PUT, ms', put)
    tell('tokens a second, by one process', tokens)
    report('tokens: one beside a full PUT, ms', 1000 / tokens, put, 3, 'at most')
    const beyondOpen = (name: 'bearer' | 'dpop') => quick(times[name]) - quick(times.open)
    report('a bearer token verified: ms of a full PUT', beyondOpen('bearer'), put, 0.15, 'at most')
    report(
      'a token and its proof verified: ms of a full PUT',
      beyondOpen('dpop'),
      put,
      0.35,
      'at most',
    )
  } finally {
    agent.destroy()
    await app.close()
    await database.close()
    await embedded.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function tokensASecond(
  built: Parameters<typeof registeredSigner>[0] & { readonly url: string },
  clientId: string,
): Promise<number> {
  const signer = await registeredSigner(built, clientId)
  const issuer = `${built.url}/oauth`
  const made = Array.from({ length: perRound }, () => signer.assertion(clientId, issuer))
  const assertions = await Promise.all(made)
  let next = 0
  const worker = async () => {
    for (let each = assertions[next++]; each; each = assertions[next++]) {
      const { status } = await askToken(built.url, each)
      if (status !== 200) throw new Error(`a token was refused: ${status}`)
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: signingIn }, worker))
  return (perRound * 1000) / (performance.now() - begun)
}

async function timed(act: () => Promise<number>): Promise<number> {
  const begun = performance.now()
  const status = await act()
  if (status !== 200 && status !== 201) throw new Error(`it answered ${status}`)
  return performance.now() - begun
}

function send(
  agent: Agent,
  url: string,
  method: string,
  headers: OutgoingHttpHeaders,
  body?: Buffer,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
