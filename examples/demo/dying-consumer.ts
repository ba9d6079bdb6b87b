/** A consumer that claims one item, says which, and works on it until it is killed. */
import { text } from 'node:stream/consumers'
import { createReader, openKeyFile } from '../../src/client/index.ts'
import type { Held } from './consumer.ts'

const { url, trust, token, keyFile } = JSON.parse(await text(process.stdin))
const reader = createReader({ url, trust, token: () => token, recipient: openKeyFile(keyFile) })
const [claim] = await reader.claim({ max: 1, leaseSeconds: 60 })
if (!claim) throw new Error('nothing to claim')
const { claimId, fence, urgency } = claim
const held: Held = { claimId, fence, urgency }
console.log(JSON.stringify(held))
setInterval(() => {}, 1000)
