// Verifies a webhook: `node verify.mjs SECRET-FILE HEADERS-FILE < body`. Needs `npm install standardwebhooks@1.1.1`.
import { readFileSync } from 'node:fs'
import { Webhook } from 'standardwebhooks'

const [secret, headers] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'))
const body = readFileSync(0, 'utf8')
console.log(new Webhook(secret.trim()).verify(body, JSON.parse(headers)).type)
