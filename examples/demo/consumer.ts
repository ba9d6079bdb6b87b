/** Act 5: a consumer dies with the most urgent item in its hands. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Claim, ServiceProblem, sealKeyFile } from '../../src/client/index.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

const leaseSeconds = 60

/** What the consumer says before it dies. */
export type Held = Pick<Claim, 'claimId' | 'fence'> & { readonly urgency: string }

/** Kills a consumer that holds a claim; its lease ends, another completes, the first comes back. */
export async function deadConsumer(stage: Stage): Promise<void> {
  act(5, 'A consumer claims the most urgent, and dies')
  const { held, pid } = await claimAndDie(stage)
  show('clinic', `claims: ${held.urgency}, fence ${held.fence}; process ${pid} is killed`)

  // A minute is long on a stage: the lease is made to have ended, where it is kept.
  await stage.superuser`
    update triage_item set leased_until = now() - interval '1 second' where id = ${held.claimId}`
  const casework = stage.reader('casework')
  const [again] = await casework.claim({ max: 1, leaseSeconds })
  if (again?.claimId !== held.claimId) throw new Error('the item did not come back')
  const referrals = again.referrals.map(({ referralId }) => referralId)
  await casework.complete(again, { outcome: 'accepted', referrals })
  show('its lease ends', `casework claims the same, fence ${again.fence}, and completes it`)

  const refusal = await stage
    .reader('clinic')
    .complete(held, { outcome: 'accepted', referrals })
    .catch((error: unknown) => error)
  if (!(refusal instanceof ServiceProblem)) throw new Error('a stale holder was believed')
  show('the first comes back', `${refusal.problem.status} ${refusal.problem.code}`)
}

async function claimAndDie(stage: Stage): Promise<{ held: Held; pid: number | undefined }> {
  const { url, world } = stage
  const given = {
    url,
    trust: world.trust,
    token: await world.token(world.clients.clinic),
    keyFile: sealKeyFile(world.recipients.clinic, undefined),
  }
  let child: ChildProcess | undefined
  const claim = async () => {
    const consumer = spawn(process.execPath, [join(import.meta.dirname, 'dying-consumer.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    child = consumer
    consumer.stdin.end(JSON.stringify(given))
    const died = once(consumer, 'exit').then(() => Promise.reject(new Error('it died too early')))
    const [line] = await Promise.race([once(consumer.stdout, 'data'), died])
    died.catch(() => {})
    consumer.kill('SIGKILL')
    await once(consumer, 'exit')
    return { held: JSON.parse(String(line)), pid: consumer.pid }
  }
  return stage.ending.make(claim, () => child?.kill('SIGKILL'))
}
