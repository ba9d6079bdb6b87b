import { joinPackages } from './join.ts'
import { startTestServer } from './postgres.ts'
import { stripTypes } from './strip.ts'

stripTypes()
await joinPackages()
await startTestServer()
