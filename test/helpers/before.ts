import { startTestServer } from './postgres.ts'

await startTestServer()
