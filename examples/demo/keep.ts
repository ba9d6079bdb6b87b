/** With `--keep`: the service stays up, and five commands send and open a referral of one's own. */
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type KeyFile, sealKeyFile } from '../../src/client/index.ts'
import type { Stage } from './stage.ts'

/** Beside the project's own data, which git ignores: short to type. */
const home = 'data/try'

/** Writes what two clients need, prints the commands, and waits for Ctrl-C. */
export async function keep({ url, world }: Stage): Promise<void> {
  await rm(home, { recursive: true, force: true })
  await mkdir(home, { recursive: true, mode: 0o700 })
  await writeFile(join(home, 'trust.json'), JSON.stringify(world.trust))
  const { lawFirm } = world.referring
  await writeClient('law-firm', url, lawFirm, await world.token(lawFirm.clientId))
  const caseworkToken = await world.token(world.clients.casework)
  await writeClient('casework', url, world.recipients.casework, caseworkToken)
  console.log(`
The service stays up at ${url} until Ctrl-C. In another terminal, here:

   . ${home}/law-firm.env
   npx intake check examples/referrals/law-firm-01.json
   npx intake refer examples/referrals/law-firm-01.json
   . ${home}/casework.env
   npx intake claim --lease-seconds 60`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await rm(home, { recursive: true, force: true })
}

async function writeClient(name: string, url: string, keys: KeyFile, token: string) {
  const at = join(home, name)
  const secret = { mode: 0o600 }
  await writeFile(`${at}.key`, sealKeyFile(keys, undefined), secret)
  await writeFile(`${at}.token`, token, secret)
  // For curl's `-H @FILE`: on its command line everybody on the machine could read it.
  await writeFile(`${at}.header`, `Authorization: Bearer ${token}\n`, secret)
  const settings = {
    INTAKE_URL: url,
    INTAKE_TRUST: join(home, 'trust.json'),
    INTAKE_KEY: `${at}.key`,
    INTAKE_TOKEN_FILE: `${at}.token`,
    INTAKE_HOME: at,
  }
  const lines = Object.entries(settings).map(([key, value]) => `export ${key}=${value}\n`)
  await writeFile(`${at}.env`, lines.join(''))
}
