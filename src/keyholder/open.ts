/** The keyholders that the configuration names, ready to be asked. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { MatchingConfig, TlsFiles } from '../config/server.ts'
import { type Keyholders, noKeyholders } from '../matching/keyholders.ts'
import { embedKeyholder } from './embedded.ts'
import type { Log } from './keyholder.ts'
import { createRemoteKeyholders } from './remote.ts'
import type { Certificates } from './serve.ts'

export type OpenKeyholders = Keyholders & { close(): Promise<void> }

/**
 * Keyholders in other processes are not asked yet: the service starts without them. Key files of this
 * process are opened, so that a wrong passphrase is reported at once.
 *
 * @throws Refusal, or Error, for a key, a total or a certificate that cannot be read
 */
export async function openKeyholders(config: MatchingConfig, log: Log): Promise<OpenKeyholders> {
  if (config.tls) {
    const certificates = await readCertificates(config.tls)
    const remote = createRemoteKeyholders({ urls: config.holders, certificates, log })
    await remote.open()
    return remote
  }
  const { passphrase, elementsPerDay, totalFile } = config
  const files = filesOf(config, log)
  if (files.length === 0) return { ...noKeyholders, async close() {} }
  const keys = files.map((file) => ({ file, passphrase }))
  const holder = embedKeyholder({ keys, totalFile, elementsPerDay, log })
  await holder.open().catch(async (error: unknown) => {
    await holder.close()
    throw error
  })
  return holder
}

/** In a trial, its own key; otherwise the keys that are named. */
function filesOf({ keyFiles, ownKeyFile, isTrial }: MatchingConfig, log: Log): readonly string[] {
  if (keyFiles.length > 0 || !existsSync(ownKeyFile)) return keyFiles
  if (isTrial) return [ownKeyFile]
  log.warn(
    { file: ownKeyFile },
    'a matching key left over from a trial is not used beside DATABASE_URL: hold the key apart ' +
      '(MATCHING_HOLDERS), or name a file in MATCHING_KEY_FILES; remove this one',
  )
  return []
}

/** @throws Error that names the file which cannot be read */
export async function readCertificates({ key, cert, ca }: TlsFiles): Promise<Certificates> {
  const [keyText, certText, caText] = await Promise.all([
    readFile(key, 'utf8'),
    readFile(cert, 'utf8'),
    readFile(ca, 'utf8'),
  ])
  return { key: keyText, cert: certText, ca: caText }
}
