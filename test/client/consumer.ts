/** A consumer as a process of its own, to be stopped and to be killed: it says what it holds, and never ends it. */
import { createReader, openKeyFile, ready } from '../../src/client/index.ts'

const {
  CONSUMER_URL = '',
  CONSUMER_TRUST = '',
  CONSUMER_KEY = '',
  CONSUMER_TOKEN = '',
} = process.env

await ready
const reader = createReader({
  url: CONSUMER_URL,
  trust: JSON.parse(CONSUMER_TRUST),
  recipient: openKeyFile(CONSUMER_KEY, undefined),
  token: () => CONSUMER_TOKEN,
})
const { done } = reader.consume(
  async ({ claim, signal }) => {
    process.stdout.write(`holds ${claim.claimId}\n`)
    await new Promise((_, reject) => signal.addEventListener('abort', reject))
    return 'release'
  },
  {
    ...{ concurrency: 2, leaseSeconds: 600, graceSeconds: 0, stopOnSignals: true },
    onTrouble: (error) => process.stdout.write(`trouble ${error}\n`),
  },
)
await done
process.stdout.write('stopped\n')
