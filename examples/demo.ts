/**
 * The whole product in a few short acts: a real PostgreSQL, the service as a process of its own,
 * real HTTP, the SDK. `npm run demo -- --help` says how to call it.
 *
 * However it ends, by itself, by Ctrl-C, by a reader of its output that goes away or by a fault, it
 * takes with it every process and folder that it made.
 */
import { questionAndAnswer } from './demo/answering.ts'
import { bearer } from './demo/bearer.ts'
import { type Call, readCall, usage } from './demo/call.ts'
import { deadConsumer } from './demo/consumer.ts'
import { documentExchanged } from './demo/document.ts'
import { createEnding, type Ending } from './demo/ending.ts'
import { erased } from './demo/erasure.ts'
import { keep } from './demo/keep.ts'
import { leaver } from './demo/leaver.ts'
import { liar } from './demo/liar.ts'
import { doubtfulPair, paired, threeSpellings } from './demo/matching.ts'
import { partnerJoins } from './demo/partner.ts'
import { portIsFree } from './demo/port.ts'
import { queueInFull } from './demo/queue.ts'
import { twoReaders } from './demo/reading.ts'
import { onePut, takeCall } from './demo/referring.ts'
import { say } from './demo/screen.ts'
import { startStage } from './demo/stage.ts'
import { thiefOfToken } from './demo/stolen.ts'
import { strangers } from './demo/strangers.ts'
import { thief } from './demo/thief.ts'
import { whoDidWhat } from './demo/watching.ts'

const call = readCall(process.argv.slice(2), process.env.PORT)
if (call.does === 'help') console.log(usage)
else if (call.does === 'play') await play(call)
else {
  console.error(`${call.words}\n\n${usage}`)
  process.exitCode = 2
}

async function play({ port, kept }: Extract<Call, { does: 'play' }>): Promise<void> {
  if (!(await portIsFree(port))) {
    console.error(`Port ${port} is taken by another program. Name a port that is free:`)
    console.error(`  PORT=${port + 1} npm run demo${kept ? ' -- --keep' : ''}`)
    process.exitCode = 1
    return
  }
  const ending = createEnding()
  try {
    await ending.unless(acts(ending, port, kept))
    if (kept) await ending.wanted()
  } catch (error) {
    if (!ending.early) {
      console.error('The demo failed:', error)
      process.exitCode = 1
    }
  }
  await ending.clean()
  // What was under way when it was ended early may still wait for something that is gone.
  process.exit(ending.early?.exitCode ?? process.exitCode ?? 0)
}

async function acts(ending: Ending, port: number, kept: boolean): Promise<void> {
  const stage = await startStage(ending, port)
  say('Referral Intake: sealed by a referrer, stored unread, queued, claimed, opened.')
  const call = await takeCall()
  const sent = await onePut(stage, call)
  await thief(stage, call, sent)
  await twoReaders(stage, sent)
  // What a claim hands over is the whole case: how many referrals that are is then the same each time.
  await paired(stage)
  await deadConsumer(stage)
  await liar(stage, sent)
  await threeSpellings(stage)
  await doubtfulPair(stage)
  await strangers(stage)
  const { clientId, overheard } = await partnerJoins(stage)
  await thiefOfToken(overheard)
  await bearer(stage)
  await queueInFull(stage)
  await questionAndAnswer(stage)
  await erased(stage, await documentExchanged(stage))
  const follower = await leaver(stage)
  const newcomers = new Map([
    [clientId, 'newcomer'],
    [follower, 'clinic’s new key'],
  ])
  await whoDidWhat(stage, newcomers)
  if (kept) await keep(stage)
}
