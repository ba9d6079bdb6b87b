/** The environment of the command line. With `server.ts` the only reader of `process.env`. */
import type { Environment } from './server.ts'

/** What `intake …` reads besides its flags. */
export type ClientConfig = {
  readonly url: string
  /** The access token itself, or the file it is in, which is read for each request. */
  readonly token: string | undefined
  readonly tokenFile: string | undefined
  /** The id of the client that signs in, and the file of its key. */
  readonly client: string | undefined
  readonly clientKey: string | undefined
  /** Where it signs in, if not at the service itself. */
  readonly issuer: string | undefined
  readonly passphrase: string | undefined
  /** The folder of what a client remembers: what it has seen, what it has not yet sent. */
  readonly home: string | undefined
  /** A file: `{ origin, rootKeys, minimumVersion }`. `trust.json` in `home` where it is not set. */
  readonly trust: string | undefined
  /** A file made by `intake keys generate`. */
  readonly key: string | undefined
  readonly databaseOwnerUrl: string | undefined
}

/** Never throws: what is missing shows when a command needs it. */
export function readClientConfig(environment: Environment = process.env): ClientConfig {
  return {
    url: environment.INTAKE_URL || 'http://127.0.0.1:8080',
    token: environment.INTAKE_TOKEN || undefined,
    tokenFile: environment.INTAKE_TOKEN_FILE || undefined,
    client: environment.INTAKE_CLIENT || undefined,
    clientKey: environment.INTAKE_CLIENT_KEY || undefined,
    issuer: environment.INTAKE_ISSUER || undefined,
    passphrase: environment.INTAKE_PASSPHRASE || undefined,
    home: environment.INTAKE_HOME || undefined,
    trust: environment.INTAKE_TRUST || undefined,
    key: environment.INTAKE_KEY || undefined,
    databaseOwnerUrl: environment.DATABASE_OWNER_URL || undefined,
  }
}
