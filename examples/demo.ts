/**
 * The whole product in nine short acts: a real PostgreSQL, the service as a process of its own,
 * real HTTP, the SDK. `npm run demo`; with `--keep` the service stays up to be tried by hand.
 */

import { deadConsumer } from './demo/consumer.ts'
import { keep } from './demo/keep.ts'
import { liar } from './demo/liar.ts'
import { doubtfulPair, threeSpellings } from './demo/matching.ts'
import { twoReaders } from './demo/reading.ts'
import { onePut, takeCall } from './demo/referring.ts'
import { say } from './demo/screen.ts'
import { startStage } from './demo/stage.ts'
import { thief } from './demo/thief.ts'
import { whoDidWhat } from './demo/watching.ts'

const kept = process.argv.includes('--keep')
const stage = await startStage(kept)
try {
  say('Referral Intake: sealed by a referrer, stored unread, queued, claimed, opened.')
  const call = await takeCall()
  const sent = await onePut(stage, call)
  await thief(stage, call, sent)
  await twoReaders(stage, sent)
  await deadConsumer(stage)
  await liar(stage, sent)
  await threeSpellings(stage)
  await doubtfulPair(stage)
  await whoDidWhat(stage)
  if (kept) await keep(stage)
} finally {
  await stage.close()
}
