/**
 * What a command on the host needs: the database as its owner, and the services that write the
 * directory. Loaded only by host commands, so that a partner's client needs no database driver.
 */
import { createAudit } from '../audit/service.ts'
import { readClientConfig, readConfig } from '../config.ts'
import { connect } from '../database/connect.ts'
import { startEmbedded } from '../database/embedded.ts'
import { migrate } from '../database/migrate.ts'
import { wordsOfDatabase } from '../database/standing.ts'
import { type Administration, createAdministration } from '../directory/administration.ts'
import { createPublication, type Publication } from '../directory/publication.ts'

export type Host = {
  readonly administration: Administration
  readonly publication: Publication
  /** Of this deployment, from the service's own configuration. */
  readonly origin: string
  readonly tokenKeyFile: string
}

/** Runs `act` as the owner, of `DATABASE_OWNER_URL` or else of the trial database. */
export async function onHost<Result>(act: (host: Host) => Promise<Result>): Promise<Result> {
  const { origin, tokenKeyFile, databasePrepare: prepare } = readConfig()
  const { ownerUrl, stop } = await ownerDatabase()
  const database = connect({ url: ownerUrl, connectionsMax: 1, prepare })
  try {
    const audit = createAudit({ database })
    const administration = createAdministration({ database, audit })
    const publication = createPublication({ database, audit })
    return await act({ administration, publication, origin, tokenKeyFile })
  } catch (error) {
    throw inWords(error)
  } finally {
    await database.close()
    await stop()
  }
}

/** Brings the database to this version's schema. */
export async function migrateHost(): Promise<void> {
  const { ownerUrl, stop } = await ownerDatabase()
  try {
    await migrate(ownerUrl)
  } catch (error) {
    throw inWords(error)
  } finally {
    await stop()
  }
}

function inWords(cause: unknown): unknown {
  const words = wordsOfDatabase(cause)
  return words ? new Error(words, { cause }) : cause
}

async function ownerDatabase(): Promise<{ ownerUrl: string; stop(): Promise<void> }> {
  const { databaseOwnerUrl } = readClientConfig()
  if (databaseOwnerUrl) return { ownerUrl: databaseOwnerUrl, stop: async () => {} }
  const { databaseUrl, dataFolder } = readConfig()
  if (databaseUrl) {
    throw new Error('DATABASE_URL is set and DATABASE_OWNER_URL is not: set it to the owner login')
  }
  return startEmbedded(`${dataFolder}/postgres`)
}
