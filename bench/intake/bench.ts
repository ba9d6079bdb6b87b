/**
 * Intake: our full PUT beside the raw limit (baseline.ts), in turns, at 32 connections; and the
 * client's own cost of sealing a typical referral to three recipients.
 */
import postgres from 'postgres'
import type { World } from '../../examples/ceremony.ts'
import { decodeBase64url } from '../../src/protocol/bytes.ts'
import { sodium } from '../../src/protocol/sodium.ts'
import { median, report, tell } from '../report.ts'
import { putAll } from './load.ts'
import { residentMb, sealer, startStage } from './stage.ts'

const connections = 32
const rounds = 5
const bodiesPerRound = 600

export async function bench(): Promise<void> {
  const stage = await startStage()
  try {
    const seal = await sealer(stage.world)
    const token = await stage.world.token(stage.world.referring.lawFirm.clientId)
    const service = await stage.start('src/server.ts')
    // After the service, which does not start where its login may write by itself.
    const admin = postgres(stage.superuserUrl, { max: 1 })
    await admin`create table baseline (id uuid primary key, body bytea not null)`
    await admin`grant usage on schema public to intake_service`
    await admin`grant insert on baseline to intake_service`
    await admin.end()
    const baseline = await stage.start('bench/intake/baseline.ts')

    tell('envelope, bytes', seal().bytes.length)
    tell('sealing a typical referral to 3 recipients, ms', medianMs(seal))
    tell(
      'of that 3 X-Wing encapsulations, ms',
      medianMs(() => encapsulate(stage.world)),
    )

    const ours: number[] = []
    const against: number[] = []
    // The first round warms both up and is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      const bodies = Array.from({ length: bodiesPerRound }, seal)
      const limit = await putAll(baseline.url, token, bodies, connections)
      const full = await putAll(service.url, token, bodies, connections)
      if (round === 0) continue
      against.push(limit)
      ours.push(full)
    }
    tell('resident memory of the service after, MB', await residentMb(service.process))
    report('PUT a second: ours, one INSERT', median(ours), median(against), 0.3)
  } finally {
    await stage.close()
  }
}

/** The part of sealing that no client can avoid. */
function encapsulate({ keyset }: World): void {
  for (const { publicKey } of keyset.recipients) {
    sodium.crypto_kem_xwing_enc(decodeBase64url(publicKey, 1216))
  }
}

/** Milliseconds a call, the median of fifty after ten to warm up. */
function medianMs(act: () => unknown): number {
  const times = Array.from({ length: 60 }, () => {
    const begun = performance.now()
    act()
    return performance.now() - begun
  })
  return median(times.slice(10))
}
