/**
 * Act 3: what somebody gets who steals everything the server has. A surname of our own is planted
 * where the search looks, for a search that finds nothing proves nothing by itself.
 */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Call, Sent } from './referring.ts'
import { act, hex, show } from './screen.ts'
import type { Stage } from './stage.ts'

const control = 'Controlsurname'

/** Shows the row beside the answers, and searches tables, logs and files for every surname. */
export async function thief(stage: Stage, call: Call, { envelope, surnames }: Sent): Promise<void> {
  const { superuser } = stage
  const rows = await superuser<{ name: string; sealed: Uint8Array }[]>`
    select part.name, part.sealed
    from compartment c, unnest(c.names, c.sealed) as part (name, sealed)
    where referral_id = ${envelope.header.referralId} and name in ('identity', 'clinical')
    order by name desc`
  act(3, 'The thief’s view: the same answers, read as the database’s superuser')
  for (const { name, sealed } of rows) {
    show(name === 'identity' ? call.surname : 'torture', `${hex(sealed)}… (${sealed.length} bytes)`)
  }

  await superuser`create table planted as select ${control}::text as surname`
  await superuser`checkpoint`
  await writeFile(join(stage.folder, 'planted.txt'), control)
  const places = [await tables(stage), await logs(stage), await files(stage)]
  const found = (words: readonly string[]) =>
    places.map(({ texts }) => words.filter((word) => texts.some((text) => text.includes(word))))
  const names = [...new Set(surnames)]
  const hits = new Set(found(names).flat())
  const controls = found([control]).map((words) => words.length > 0)
  show('searched', places.map(({ texts, what }) => `${texts.length} ${what}`).join(', '))
  show(`for ${names.length} surnames`, `${hits.size} found`)
  show('for the one planted', controls.every(Boolean) ? 'found in each' : 'MISSED')
  await superuser`drop table planted`
  if (hits.size > 0 || !controls.every(Boolean)) throw new Error('the server could read')
}

type Place = { readonly what: string; readonly texts: readonly (string | Buffer)[] }

async function tables({ superuser }: Stage): Promise<Place> {
  const names = await superuser<{ name: string }[]>`
    select quote_ident(table_schema) || '.' || quote_ident(table_name) as name
    from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`
  const texts = await Promise.all(
    names.map(async ({ name }) => {
      const rows = await superuser.unsafe(`select t::text as row from ${name} t`)
      return rows.map(({ row }) => row).join('\n')
    }),
  )
  return { what: 'tables', texts }
}

async function logs({ folder }: Stage): Promise<Place> {
  const files = [join(folder, 'postgres', 'postgres.log'), join(folder, 'service.log')]
  return { what: 'logs', texts: await Promise.all(files.map((file) => readFile(file))) }
}

async function files({ folder }: Stage): Promise<Place> {
  const all = await readdir(folder, { recursive: true })
  const texts = await Promise.all(
    all.map(async (name) => {
      const file = join(folder, name)
      try {
        return (await stat(file)).isFile() ? [await readFile(file)] : []
      } catch (failed) {
        // The service runs on: a new checkpoint is written beside the old one, then renamed over it.
        if ((failed as NodeJS.ErrnoException).code === 'ENOENT') return []
        throw failed
      }
    }),
  )
  return { what: 'files', texts: texts.flat() }
}
