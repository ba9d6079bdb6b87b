/**
 * A key goes: 1,000 referrals (or `-- REFERRALS`) are passed on to the key that follows, and then the old one's wraps are
 * deleted, by one client against one replica.
 */
import { createReader } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import { publishKeyset } from '../../test/helpers/publish.ts'
import { refer } from '../../test/helpers/referral.ts'
import { startStage } from '../intake/stage.ts'
import { count, report, tell } from '../report.ts'

const referralsByDefault = 1_000
const secondsMax = 20
/** Referrals are stored so many at once. */
const atOnce = 20

export async function bench([asked]: readonly string[]): Promise<void> {
  const referrals = Number(asked ?? referralsByDefault)
  const stage = await startStage()
  try {
    const { world, ownerUrl } = stage
    const { url } = await stage.start('src/server.ts')
    for (let stored = 0; stored < referrals; stored += atOnce) {
      const left = Math.min(atOnce, referrals - stored)
      await Promise.all(Array.from({ length: left }, () => refer({ world, url })))
    }
    const { casework } = world.recipients
    const next = { signing: generateSigningKey(), receiving: generateRecipientKey() }
    const recipients = world.keyset.recipients.map((recipient) => {
      if (recipient.kid !== casework.receiving.kid) return recipient
      const publicKey = encodeBase64url(next.receiving.publicKey)
      const signingKey = encodeBase64url(next.signing.publicKey)
      return { ...recipient, kid: next.receiving.kid, publicKey, signingKey }
    })
    await publishKeyset({ world, databases: { ownerUrl } }, { ...world.keyset, recipients })
    const reader = createReader({
      ...{ url, trust: world.trust, recipient: casework },
      token: () => world.token(world.clients.casework),
    })
    const begun = performance.now()
    const { given, left } = await reader.rotate({ to: next.receiving.kid })
    const seconds = (performance.now() - begun) / 1000
    const { revoked } = await reader.rotate({ to: next.receiving.kid, revoke: true })
    tell('seconds to give up the old wraps', (performance.now() - begun) / 1000 - seconds)
    const isWhole = count(
      'referrals that were not passed on',
      left + referrals - given,
      0,
      'at most',
    )
    const areGone = count('wraps that were not given up', referrals - revoked, 0, 'at most')
    report('seconds to pass on a key', seconds, (secondsMax * referrals) / 1_000, 1, 'at most')
    if (!isWhole || !areGone) process.exitCode = 1
  } finally {
    await stage.close()
  }
}
