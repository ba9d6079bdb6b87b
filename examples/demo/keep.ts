/** With `--keep`: the service stays up, and a few commands send, open and look up a referral. */
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { grantable } from '../../src/caller.ts'
import { generateRecipientKey, type KeyFile, sealKeyFile } from '../../src/client/index.ts'
import { connect } from '../../src/database/connect.ts'
import { createAdministration } from '../../src/directory/administration.ts'
import type { Stage } from './stage.ts'

/** Beside the project's own data, which git ignores: short to type. */
const home = 'data/try'

/** Writes what a law firm, a casework team, an auditor and the host need, and prints commands to try. */
export async function keep(stage: Stage): Promise<void> {
  const { ending, url } = stage
  await ending.make(
    () => writeClients(stage),
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
   npx intake documents add REFERENCE LICENSE
   . ${home}/casework.env
   npx intake claim --lease-seconds 60
   npx intake documents list REFERENCE
   . ${home}/host.env
   npx intake admin client list --trial
   . ${home}/auditor.env
   npx intake audit --since today`)
}

async function writeClients({ folder, ownerUrl, url, world }: Stage): Promise<void> {
  await rm(home, { recursive: true, force: true })
  await mkdir(home, { recursive: true, mode: 0o700 })
  await writeFile(join(home, 'trust.json'), JSON.stringify(world.trust), { mode: 0o600 })
  const { signing, organisationId } = world.referring.lawFirm
  const lawFirm = await addLawFirm(ownerUrl, organisationId)
  // With a key that answers are sealed to: they can be fetched later, which those of the demo itself need not.
  const keys = { signing, receiving: generateRecipientKey() }
  await writeClient('law-firm', url, await world.token(lawFirm), keys)
  const { casework, auditor } = world.clients
  await writeClient('casework', url, await world.token(casework), world.recipients.casework)
  await writeClient('auditor', url, await world.token(auditor))
  await writeSettings('host', { DATA_DIR: folder, ORIGIN: world.origin })
}

/** A client of the law firm that may do all that a partner may: the one of the ceremony sends no documents. */
async function addLawFirm(ownerUrl: string, organisationId: string): Promise<string> {
  const database = connect({ url: ownerUrl, connectionsMax: 1, prepare: true })
  try {
    return await createAdministration(database).addClient({
      ...{ organisationId, label: 'Harbour Law, kept', kind: 'partner', kids: [] },
      scopes: [...grantable.partner],
    })
  } finally {
    await database.close()
  }
}

/** @param keys - an auditor has none: there is nothing it could open */
async function writeClient(name: string, url: string, token: string, keys?: KeyFile) {
  const at = join(home, name)
  const secret = { mode: 0o600 }
  if (keys) await writeFile(`${at}.key`, sealKeyFile(keys, undefined), secret)
  await writeFile(`${at}.token`, token, secret)
  // For curl's `-H @FILE`: on its command line everybody on the machine could read it.
  await writeFile(`${at}.header`, `Authorization: Bearer ${token}\n`, secret)
  await writeSettings(name, {
    INTAKE_URL: url,
    INTAKE_TRUST: join(home, 'trust.json'),
    ...(keys && { INTAKE_KEY: `${at}.key` }),
    INTAKE_TOKEN_FILE: `${at}.token`,
    INTAKE_HOME: at,
  })
}

async function writeSettings(name: string, settings: Readonly<Record<string, string>>) {
  const lines = Object.entries(settings).map(([key, value]) => `export ${key}='${value}'\n`)
  await writeFile(join(home, `${name}.env`), lines.join(''))
}
