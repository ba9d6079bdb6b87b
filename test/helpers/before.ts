import { startTestServer } from './postgres.ts'
import { stripTypes } from './strip.ts'

stripTypes()
await startTestServer()
