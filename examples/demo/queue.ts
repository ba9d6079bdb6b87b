/** Act 13: one referral on the queue, from its coming to its answer, and a server that is told of it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { instantOf } from '../../src/cli/recipient/wording.ts'
import type { ChangesPage, Draft, Opened, Reader } from '../../src/client/index.ts'
import { londonTime } from '../../src/client/london.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

/** The one of this region: a claim of the region gets it, or nothing. */
const region = 'northern_ireland'
const draft: Draft = {
  channel: 'legal_representative',
  region,
  referral: { identity: { givenNames: 'Nadia', familyName: 'Belkacem' } },
}

const word = 'Her solicitor rang: she is to be removed tomorrow.'

/** A caseworker watches, raises what came and parks it; it wakes by the clock and is answered. */
export async function queueInFull(stage: Stage): Promise<void> {
  act(13, 'On the queue: watched, raised, parked, woken, and a server is told')
  const told = await endpointOf(stage)
  const watched = watch(stage)
  const casework = stage.reader('casework')
  await watched.begun
  const lawFirm = stage.referrer('lawFirm')
  const { referralId } = await lawFirm.submit(await lawFirm.seal(draft))
  const committed = performance.now()
  const itemId = await watched.opened
  const ms = Math.max(0, Math.round(performance.now() - committed))
  show('the law firm refers', `casework, who waits, is told ${ms} ms after the commit`)

  const about = await casework.open(await casework.fetch(referralId))
  if (!about.opened) throw new Error(`casework could not open: ${about.step}`)
  await raise(stage, casework, itemId, about)
  await parkAndWake(stage, casework, itemId)
  const [claim] = await casework.claim({ max: 1, leaseSeconds: 60, regions: [region] })
  if (claim?.claimId !== itemId) throw new Error('it did not wake')
  show('that time comes', `a claim gets it: ${claim.urgency}, fence ${claim.fence}`)
  await casework.complete(claim, { outcome: 'accepted', referrals: [referralId] })

  const types = await told(itemId)
  show('its server was told', types.join(', '))
  show('and could check', 'each signature, by Standard Webhooks’ own library')
}

async function raise(stage: Stage, casework: Reader, itemId: string, about: Opened) {
  const raised = await casework.setUrgency(
    { itemId },
    { urgency: 'immediate', from: about.header.urgency },
    { about, text: word },
  )
  const [kept] = await stage.superuser<{ envelope: Uint8Array }[]>`
    select envelope from note where referral_id = ${about.referralId}`
  if (!kept || Buffer.from(kept.envelope).includes(word))
    throw new Error('the reason is not sealed')
  show('casework raises it', `to ${raised.urgency}, and says why: sealed to colleagues`)
  const { notes } = await casework.readNotes(about)
  const [note] = notes
  show('a colleague opens', note?.opened ? (note.content as { text: string }).text : '')
}

async function parkAndWake({ superuser }: Stage, casework: Reader, itemId: string) {
  const tomorrow = londonTime(new Date(Date.now() + 86_400_000)).slice(0, 10)
  const until = instantOf('until', `${tomorrow} 09:00`)
  await casework.parkItem({ itemId }, { reason: 'call_back', until })
  const none = await casework.claim({ max: 1, leaseSeconds: 60, regions: [region] })
  if (none.length > 0) throw new Error('what is parked was claimed')
  const at = londonTime(until).slice(11, 16)
  show('and parks it', `to call back at ${at} in London; no claim gets it`)
  // A night is long on a stage: the time is made to have come, where it is kept.
  await superuser`
    update triage_item set parked_until = now() - interval '1 second' where id = ${itemId}`
}

/** Follows the queue as a screen of a caseworker does. */
function watch(stage: Stage) {
  const watching = new AbortController()
  const pages = stage.reader('casework').changes({ signal: watching.signal })
  const begun = pages.next()
  async function firstOpened(): Promise<string> {
    await begun
    for await (const { changes } of pages as AsyncIterable<ChangesPage>) {
      const opened = changes.find(({ type }) => type === 'opened')
      if (opened) return opened.itemId
    }
    throw new Error('the changes ended')
  }
  const opened = firstOpened().finally(() => watching.abort())
  opened.catch(() => {})
  return { begun, opened }
}

/**
 * Has a server of casework's own told of the queue from now on.
 *
 * @returns what waits until it was told how an item ended, and says of what it was told
 */
async function endpointOf({ ending, url, world }: Stage) {
  const received: { type: string; itemId: string }[] = []
  let webhook: Webhook | undefined
  let fault: unknown
  let heard: () => void = () => {}
  const server = createServer(async (request, reply) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    try {
      const body = Buffer.concat(parts).toString()
      const told = webhook?.verify(body, request.headers as Record<string, string>)
      const { type, data } = told as { type: string; data: { itemId: string } }
      received.push({ type, itemId: data.itemId })
      reply.writeHead(204).end()
    } catch (error) {
      fault = error
      reply.writeHead(400).end()
    }
    heard()
  })
  await ending.make(
    () => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
    () => server.close().closeAllConnections(),
  )
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`${url}/v1/webhooks/endpoints`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await world.token(world.clients.casework)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ url: `http://127.0.0.1:${port}/hook` }),
  })
  if (answer.status !== 201) throw new Error(`no endpoint: ${answer.status}`)
  const { secret } = (await answer.json()) as { secret: string }
  webhook = new Webhook(secret)

  return async (itemId: string): Promise<string[]> => {
    for (;;) {
      if (fault) throw fault
      const types = received.flatMap((told) => (told.itemId === itemId ? [told.type] : []))
      if (types.at(-1) === 'item.completed') return types.map((type) => type.replace('item.', ''))
      await new Promise<void>((resolve) => {
        heard = resolve
      })
    }
  }
}
