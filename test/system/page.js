/** A page as a partner would write it, with nothing but the SDK: it refers once, and opens once. */
import { createReader, createReferrer, openKeyFile } from './client.js'

const given = await (await fetch('/given.json')).json()
const { trust, draft, sealedElsewhere } = given
const url = location.origin

const referrer = createReferrer({
  ...{ url, trust, token: () => given.referrerToken },
  signer: openKeyFile(given.referrerKey).signing,
})
const sealedHere = await referrer.seal(draft)
const acknowledgement = await referrer.submit(sealedHere)

const reader = createReader({
  ...{ url, trust, token: () => given.readerToken },
  recipient: openKeyFile(given.readerKey),
})
const opened = await reader.open(await reader.fetch(sealedElsewhere))
const claim = await waiting()
const claimed = await reader.open(claim.referrals[0])
const completion = await reader.complete(claim, {
  outcome: 'accepted',
  referrals: [claimed.referralId],
})

/** Asks until there is something: nobody can claim an item while its case is being merged. */
async function waiting() {
  for (;;) {
    const [claim] = await reader.claim({ max: 1, leaseSeconds: 60 })
    if (claim) return claim
  }
}

document.querySelector('#reference').textContent = `Reference ${acknowledgement.reference}`
document.querySelector('#done').textContent = JSON.stringify(
  { sealedHere, acknowledgement, opened, claimed, completion },
  null,
  2,
)
