/** Writes openapi/openapi.json from the route schemas. CI fails on a difference. */

import { writeFile } from 'node:fs/promises'
import { connect } from '../src/database/connect.ts'
import { createApp } from '../src/http/app.ts'
import { createLogger } from '../src/log.ts'

// Nothing is asked of the database: it is there because the services are built on one.
const database = connect({
  url: 'postgres://nobody@127.0.0.1/none',
  connectionsMax: 1,
  prepare: true,
})
const app = await createApp({
  database,
  origin: 'intake.example.org',
  sealKey: new Uint8Array(32),
  logger: createLogger('silent'),
})
await app.ready()
const file = new URL('../openapi/openapi.json', import.meta.url)
await writeFile(file, `${JSON.stringify(app.swagger(), null, 2)}\n`)
await app.close()
await database.close()
