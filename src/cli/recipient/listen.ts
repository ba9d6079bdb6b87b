/** What becomes of items, posted to a server on this machine while it is being written. */
import { type Forwarded, forwardChanges, jsonText, shown } from '../../client/index.ts'
import { readSecret } from '../../disk.ts'
import { isSafeAddress } from '../../protocol/address.ts'
import { newWebhookSecret, readWebhookSecret, writeWebhookSecret } from '../../protocol/webhook.ts'
import { type Command, fitted, type Input, type Report, UsageError } from '../command.ts'
import { faultOf, wordsOf } from '../report.ts'
import { addressOf, connectionDetails, credentialsOf, signingIn } from '../settings.ts'
import { onStop } from '../stop.ts'
import { print, tell } from '../terminal.ts'

/** `intake listen`. */
export const listen: Command = {
  operands: '--forward URL [--secret FILE]',
  summary: 'Post what becomes of items to a server of yours that nobody else can reach.',
  details: `For whoever writes a receiver of webhooks on a machine without a public address. From now on each change of the
queue is posted to URL, by ids and type, signed as Standard Webhooks v1 like the service's own webhooks; what is not
taken with 2xx is posted again. Each try is a line: time, status, type, message. It runs until it is interrupted,
which is exit code 0. What happens while it does not run is not posted.

Without --secret a new secret is made and told on standard error.

${connectionDetails}`,
  options: {
    forward: { value: 'URL', help: 'https, or http on this machine: http://localhost:3000/hook.' },
    secret: { value: 'FILE', help: 'A file with a secret: whsec_ and base64.' },
    ...signingIn,
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const to = input.needed('forward')
    if (!isSafeAddress(to)) {
      throw new UsageError(
        '--forward is https, or http on this machine: http://localhost:3000/hook',
      )
    }
    const url = addressOf(input)
    const { token, ready } = await credentialsOf(input)
    const secret = await secretOf(input)
    await ready()
    const counts = { taken: 0, failed: 0 }
    await forwardChanges({
      ...{ url, token, to, secret, signal: onStop() },
      onTried(tried) {
        counts[tried.status >= 200 && tried.status < 300 ? 'taken' : 'failed'] += 1
        print(input.json ? jsonText(tried) : fitted(lineOf(tried)))
      },
      onFollowing: () => tell(`What becomes of items is posted to ${shown(to)}. Ctrl-C ends it.`),
      onTrouble: (error) => tell(wordsOf(faultOf(error))),
    })
    return { value: counts, text: `${counts.taken} taken, ${counts.failed} tries failed.` }
  },
}

async function secretOf(input: Input): Promise<Uint8Array> {
  const file = input.text('secret')
  if (file === undefined) {
    const made = newWebhookSecret()
    tell(`Secret: ${writeWebhookSecret(made)}`)
    return made
  }
  const secret = readWebhookSecret(await readSecret(file))
  if (!secret) {
    throw new UsageError(
      `${file} holds no secret: whsec_ and 24 to 64 bytes in base64, with padding`,
    )
  }
  return secret
}

function lineOf({ status, type, messageId, itemId }: Forwarded): string {
  const said = status === 0 ? '---' : String(status)
  const about = itemId === undefined ? '' : `  ${shown(itemId)}`
  return `${new Date().toISOString().slice(11, 19)}  ${said}  ${shown(type)}${about}  ${shown(messageId)}`
}
