/** `intake matching-key serve`: a keyholder, as a process of its own. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { readHolderConfig } from '../../config/server.ts'
import { createKeyholder } from '../../keyholder/keyholder.ts'
import { readCertificates } from '../../keyholder/open.ts'
import { createHolderServer } from '../../keyholder/serve.ts'
import type { KeySource } from '../../keyholder/thread.ts'
import { createLogger } from '../../log.ts'
import { readMatchingKey } from '../../protocol/matching/matchingkey.ts'
import { type Command, type Input, UsageError } from '../command.ts'
import { passphraseOf } from '../secret.ts'
import { print } from '../terminal.ts'

/** A drain that takes longer is cut. */
const drainMsMax = 10_000

/** Runs until it is told to end. */
export const matchingKeyServe: Command = {
  operands: '--key FILE... --state FILE --tls-key FILE --tls-cert FILE --tls-ca FILE',
  summary: 'Hold the matching key: evaluate blinded match keys for the service.',
  details: `HTTPS, TLS 1.3 only; a caller without a certificate signed by --tls-ca gets no answer. The
passphrase of the key files is in INTAKE_PASSPHRASE, or it is asked for. LOG_LEVEL and
MATCHING_ELEMENTS_PER_DAY mean what they mean for the service. It ends on SIGTERM.`,
  options: {
    key: { value: 'FILE', many: true, help: 'A matching key; two while two epochs are listed.' },
    state: { value: 'FILE', help: 'Where it counts the day; made when it is not there.' },
    'tls-key': { value: 'FILE', help: 'The private key of its own certificate, PEM.' },
    'tls-cert': { value: 'FILE', help: 'Its certificate, PEM.' },
    'tls-ca': { value: 'FILE', help: "Who may sign the service's certificate, PEM." },
    host: { value: 'ADDRESS', help: 'Where it listens; 127.0.0.1 if left out.' },
    port: { value: 'N', help: 'Its port; 8443 if left out.' },
    'elements-per-day': { value: 'N', help: 'Its total; MATCHING_ELEMENTS_PER_DAY, else 2000.' },
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const ended = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
    const { holder, app } = await started(input)
    print(`The keyholder listens on ${app.listeningOrigin}`)
    await ended
    setTimeout(() => app.server.closeAllConnections(), drainMsMax).unref()
    await app.close()
    await holder.close()
    return { value: { ended: true }, text: 'The keyholder has ended.' }
  },
}

async function started(input: Input) {
  const config = readHolderConfig()
  const elementsPerDay = input.whole('elements-per-day', 1, 1_000_000) ?? config.elementsPerDay
  const totalFile = input.needed('state')
  const certificates = await readCertificates({
    key: input.needed('tls-key'),
    cert: input.needed('tls-cert'),
    ca: input.needed('tls-ca'),
  })
  const keys = await keysOf(input)
  const logger = createLogger(config.logLevel)
  const holder = createKeyholder({ keys, totalFile, elementsPerDay, log: logger })
  try {
    const { publicKeys, total } = await holder.open()
    const app = await createHolderServer({ holder, certificates, logger })
    await app.listen({ host: input.text('host') ?? '127.0.0.1', port: portOf(input) })
    logger.info({ publicKeys, total, elementsPerDay }, 'started')
    return { holder, app }
  } catch (error) {
    await holder.close()
    throw error
  }
}

async function keysOf(input: Input): Promise<KeySource[]> {
  const keys: KeySource[] = []
  // One after the other, for each may ask for its passphrase.
  for (const file of input.texts('key')) {
    const { isSealed } = readMatchingKey(await readFile(file, 'utf8'))
    keys.push({ file, passphrase: isSealed ? await passphraseOf(file) : undefined })
  }
  if (keys.length === 0) throw new UsageError('--key is missing')
  return keys
}

function portOf(input: Input): number {
  return input.whole('port', 0, 65_535) ?? 8443
}
