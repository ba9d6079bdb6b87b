// Refers a draft: `node refer.mjs draft.json`.
// Exit codes: 0, acknowledged; 1, refused, and a person has to look; 75, not answered yet: call it again.
import { existsSync } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BadAnswer,
  createReferrer,
  createSignIn,
  NoAnswer,
  openClientKey,
  openKeyFile,
  ready,
  ServiceProblem,
} from 'referral-intake-client'

const { INTAKE_URL: url, INTAKE_HOME: home, ...settings } = process.env // from partner.env
const read = (file) => readFile(file, 'utf8')

/** What the client remembers between two calls: the newest keyset that it has seen. */
const memory = {
  load: (name) => read(join(home, `${name}.seen`)).catch(() => undefined),
  save: (name, text) => write(join(home, `${name}.seen`), text),
}

await ready
const { signing: signer, receiving: reply } = openKeyFile(await read(settings.INTAKE_KEY))
const referrer = createReferrer({
  url,
  trust: JSON.parse(await read(settings.INTAKE_TRUST)),
  signer,
  reply, // what is answered is sealed to it: without one nobody can answer
  token: createSignIn({
    url,
    clientId: settings.INTAKE_CLIENT,
    key: openClientKey(await read(settings.INTAKE_CLIENT_KEY)),
  }),
  memory,
})

const [, , draft = ''] = process.argv
const kept = draft.replace(/\.json$/, '.sealed')
process.exitCode = await refer()

async function refer() {
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      // On the disk before anything is sent, and sent again as it is until it is acknowledged.
      if (!existsSync(kept)) await write(kept, JSON.stringify(await sealed()))
      const { reference } = await referrer.submit(JSON.parse(await read(kept)))
      await rm(kept)
      console.log(`acknowledged, with the reference ${reference}`)
      return 0
    } catch (error) {
      console.error(error.message)
      if (error instanceof NoAnswer || error instanceof BadAnswer) return 75
      if (!(error instanceof ServiceProblem)) return 1 // the draft, your keys or your token
      const { status, retry = 'later' } = error.problem
      if (retry === 'later') return 75
      if (status === 401 || status === 403) return 1 // about you, and not about the bytes
      await rm(kept, { force: true }) // refused: not stored, and never will be
      if (retry === 'never') return 1
    }
  }
  return 1
}

async function sealed() {
  return referrer.seal(JSON.parse(await read(draft)))
}

/** Whole or not at all, also if the power fails. */
async function write(file, text) {
  const part = await open(`${file}.part`, 'w', 0o600)
  await part.writeFile(text)
  await part.sync()
  await part.close()
  await rename(`${file}.part`, file)
}
