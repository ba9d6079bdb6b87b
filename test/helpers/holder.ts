/** Holders of the matching key as processes of their own, and who may ask them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Certificates } from '../../src/keyholder/serve.ts'
import { encodeBase64url, utf8 } from '../../src/protocol/bytes.ts'
import { sealMatchingKey } from '../../src/protocol/matching/matchingkey.ts'
import { blind, type MatchingKey } from '../../src/protocol/matching/voprf.ts'
import { type Authority, authority } from './certificates.ts'
import { start } from './process.ts'

const program = fileURLToPath(new URL('../../src/cli/intake.js', import.meta.url))

/**
 * The files of one holder, with an authority of its own.
 *
 * @param callers - who signs the certificate of the service, if not that one
 */
export async function holderFiles(
  t: Pick<Test, 'teardown'>,
  keys: readonly MatchingKey[],
  callers?: Authority,
) {
  const folder = await mkdtemp(join(tmpdir(), 'intake-holder-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const trusted = await authority(basename(folder))
  const own = await trusted.issue('holder', 'server')
  const file = (name: string) => join(folder, name)
  const put = async (name: string, text: string) => {
    await writeFile(file(name), text, { mode: 0o600 })
    return file(name)
  }
  const keyFiles = await Promise.all(
    keys.map((key, index) => put(`${index}.json`, sealMatchingKey(key, undefined))),
  )
  return {
    folder,
    state: file('total.json'),
    put,
    trusted,
    /** What the service shows. */
    client: { ...(await trusted.issue('api', 'client')), ca: trusted.ca },
    flags: [
      ...keyFiles.flatMap((key) => ['--key', key]),
      ...['--state', file('total.json')],
      ...['--tls-key', await put('tls-key.pem', own.key)],
      ...['--tls-cert', await put('tls-cert.pem', own.cert)],
      ...['--tls-ca', await put('tls-ca.pem', (callers ?? trusted).ca)],
    ],
  }
}

export type HolderFiles = Awaited<ReturnType<typeof holderFiles>>

/** Starts `intake matching-key serve`, on a port of its own unless `flags` name one. */
export async function serveKeyholder(
  t: Pick<Test, 'teardown'>,
  files: Pick<HolderFiles, 'flags'>,
  flags: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
) {
  const port = flags.includes('--port') ? [] : ['--port', '0']
  const args = ['matching-key', 'serve', ...files.flags, ...port, ...flags]
  const service = start(t, variables, [process.execPath, program, ...args])
  const url = await new Promise<string>((resolve, reject) => {
    service.child.stdout?.on('data', () => {
      const [, found] = /listens on (https:\S+)/.exec(service.output()) ?? []
      if (found) resolve(found)
    })
    service.ended.then(() => reject(new Error(`it ended: ${service.output()}`)), reject)
  })
  return {
    ...service,
    url,
    /** Ends it as an orchestrator does; answers its exit code and the whole of its log. */
    async end() {
      service.child.kill('SIGTERM')
      const code = await service.ended
      const lines = service
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{"'))
      return { code, lines: lines.map((line): Record<string, unknown> => JSON.parse(line)) }
    },
  }
}

/** One request as the service makes it, with whatever certificate; rejects where no answer comes. */
export async function ask(
  url: string,
  certificates: Partial<Certificates>,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const agent = new Agent({ ...certificates, keepAlive: false })
  const asked = request(new URL(path, url), {
    ...{ agent, method },
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
  })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve)
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
  return { status: response.statusCode ?? 0, body: (await json(response)) as never }
}

/** `count` blinded elements, each different, in base64url. */
export function blindedElements(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    encodeBase64url(blind(utf8(`PHONE|${index}`)).blindedElement),
  )
}

/** A public key as everybody names it. */
export function nameOf({ publicKey }: Pick<MatchingKey, 'publicKey'>): string {
  return encodeBase64url(publicKey)
}
