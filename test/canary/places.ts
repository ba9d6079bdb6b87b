/** Every place in which a word could have been left, and what it holds. */
import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import type postgres from 'postgres'
import type { Test } from 'tap'
import type { Hit } from '../helpers/search.ts'
import { tablesOf } from '../helpers/superuser.ts'

/** What was found in one place, spelling by spelling, and how much was searched. */
export type Found = { readonly hits: readonly Hit[]; readonly parts: number; bytes: number }

type Search = (bytes: Uint8Array) => Hit[]

/** Keeps all columns uncompressed and whole, so that files hold what rows hold. */
export async function storeUncompressed(superuser: postgres.Sql): Promise<void> {
  const columns = await superuser<{ table: string; column: string }[]>`
    select attrelid::regclass::text as table, quote_ident(attname) as column
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0
      and attstorage = 'x' and not attisdropped`
  for (const { table, column } of columns) {
    await superuser.unsafe(`alter table ${table} alter column ${column} set storage external`)
  }
}

/** Every row of every table, as text. */
export async function searchTables(superuser: postgres.Sql, search: Search): Promise<Found> {
  const texts: Uint8Array[] = []
  for (const table of await tablesOf(superuser)) {
    const rows = await superuser<{ row: string }[]>`
      select held::text as row from ${superuser(table)} held`
    texts.push(...rows.map(({ row }) => Buffer.from(row)))
  }
  return searchAll(texts, search)
}

/** Every file below `folder`. */
export async function searchFiles(folder: string, search: Search): Promise<Found> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const found: Found[] = []
  for (const { parentPath, name } of files) {
    found.push(searchAll([await readFile(join(parentPath, name))], search))
  }
  return {
    hits: found.flatMap(({ hits }) => hits),
    parts: files.length,
    bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

/** Each of `parts` by itself. */
export function searchAll(parts: readonly Uint8Array[], search: Search): Found {
  return {
    hits: parts.flatMap(search),
    parts: parts.length,
    bytes: parts.reduce((sum, { length }) => sum + length, 0),
  }
}

/** A call that was answered well. */
export type Call = { readonly method: string; readonly path: string }

/** Keeps every answer that anything in this process gets by `fetch`, until `t` ends, and which calls went well. */
export function recordAnswers(t: Pick<Test, 'teardown'>) {
  const answers: Uint8Array[] = []
  const calls: Call[] = []
  const { fetch } = globalThis
  globalThis.fetch = async (...request) => {
    const response = await fetch(...request)
    const [asked, { method = 'GET' } = {}] = request
    if (response.ok) calls.push({ method, path: new URL(String(asked)).pathname })
    const head = [...response.headers].map(([name, value]) => `${name}: ${value}\n`).join('')
    const body = Buffer.from(await response.clone().arrayBuffer())
    answers.push(Buffer.concat([Buffer.from(head), body]))
    return response
  }
  t.teardown(() => {
    globalThis.fetch = fetch
  })
  return { answers, calls }
}

/** Writes `text` to a socket as it is, and answers what came back before the service closed it. */
export async function sendRaw(url: string, text: string): Promise<Buffer> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.end(text)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return Buffer.concat(chunks)
}
