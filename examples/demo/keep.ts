/** With `--keep`: the service stays up, and five commands send and open a referral of one's own. */
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sealKeyFile } from '../../src/client/index.ts'
import type { Stage } from './stage.ts'

/** Writes what a client needs, prints the commands, and waits for Ctrl-C. */
export async function keep({ folder, url, world }: Stage): Promise<void> {
  const home = join(folder, 'try')
  await mkdir(home)
  const secret = { mode: 0o600 }
  const { lawFirm } = world.referring
  const { casework } = world.recipients
  await writeFile(join(home, 'trust.json'), JSON.stringify(world.trust))
  await writeFile(join(home, 'law-firm.key'), sealKeyFile(lawFirm, undefined), secret)
  await writeFile(join(home, 'law-firm.token'), await world.token(lawFirm.clientId), secret)
  await writeFile(join(home, 'casework.key'), sealKeyFile(casework, undefined), secret)
  const caseworkToken = await world.token(world.clients.casework)
  await writeFile(join(home, 'casework.token'), caseworkToken, secret)
  console.log(`
The service stays up at ${url} until Ctrl-C. In another terminal, here:

  export INTAKE_URL=${url} INTAKE_HOME=${home} INTAKE_TRUST=${home}/trust.json
  npx intake check examples/referrals/law-firm-01.json
  INTAKE_TOKEN_FILE=${home}/law-firm.token npx intake refer --key ${home}/law-firm.key \\
    examples/referrals/law-firm-01.json
  INTAKE_TOKEN_FILE=${home}/casework.token npx intake claim --key ${home}/casework.key
  curl -s ${url}/v1/keyset`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
}
