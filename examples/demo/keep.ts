/** With `--keep`: the service stays up, and a few commands send, open and look up a referral. */
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generateRecipientKey, type KeyFile, sealKeyFile } from '../../src/client/index.ts'
import type { World } from '../ceremony.ts'
import type { Stage } from './stage.ts'

/** Beside the project's own data, which git ignores: short to type. */
const home = 'data/try'

/** Writes what a law firm, a casework team and an auditor need, and prints commands to try. */
export async function keep({ ending, url, world }: Stage): Promise<void> {
  await ending.make(
    () => writeClients(url, world),
    async () => {
      await rm(home, { recursive: true, force: true })
      // The folder above, where it was made for this; anything of somebody's own keeps it.
      await rmdir(dirname(home)).catch(() => {})
    },
  )
  console.log(`
The service stays up at ${url} until Ctrl-C.
In another terminal, in this folder:

   . ${home}/law-firm.env
   npx intake check examples/referrals/law-firm-01.json
   npx intake refer examples/referrals/law-firm-01.json
   . ${home}/casework.env
   npx intake claim --lease-seconds 60
   . ${home}/auditor.env
   npx intake audit --since today`)
}

async function writeClients(url: string, world: World): Promise<void> {
  await rm(home, { recursive: true, force: true })
  await mkdir(home, { recursive: true, mode: 0o700 })
  await writeFile(join(home, 'trust.json'), JSON.stringify(world.trust), { mode: 0o600 })
  const { lawFirm } = world.referring
  // With a key that answers are sealed to: they can be fetched later, which those of the demo itself need not.
  const answered = { signing: lawFirm.signing, receiving: generateRecipientKey() }
  await writeClient('law-firm', url, await world.token(lawFirm.clientId), answered)
  const { casework, auditor } = world.clients
  await writeClient('casework', url, await world.token(casework), world.recipients.casework)
  await writeClient('auditor', url, await world.token(auditor))
}

/** @param keys - an auditor has none: there is nothing it could open */
async function writeClient(name: string, url: string, token: string, keys?: KeyFile) {
  const at = join(home, name)
  const secret = { mode: 0o600 }
  if (keys) await writeFile(`${at}.key`, sealKeyFile(keys, undefined), secret)
  await writeFile(`${at}.token`, token, secret)
  // For curl's `-H @FILE`: on its command line everybody on the machine could read it.
  await writeFile(`${at}.header`, `Authorization: Bearer ${token}\n`, secret)
  const settings = {
    INTAKE_URL: url,
    INTAKE_TRUST: join(home, 'trust.json'),
    ...(keys && { INTAKE_KEY: `${at}.key` }),
    INTAKE_TOKEN_FILE: `${at}.token`,
    INTAKE_HOME: at,
  }
  const lines = Object.entries(settings).map(([key, value]) => `export ${key}=${value}\n`)
  await writeFile(`${at}.env`, lines.join(''))
}
