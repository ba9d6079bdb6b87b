/**
 * Whether a login and its database are as docs/OPERATIONS.md has them: asked once by whoever starts,
 * so that a wrong step of a deployment is told in words, and at the start.
 */
import { readFileSync } from 'node:fs'
import postgres from 'postgres'
import { tlsOf } from './address.ts'
import { answerWithin } from './lost.ts'

const journal = new URL('../../migrations/meta/_journal.json', import.meta.url)

type Login = {
  readonly name: string
  readonly isAlmighty: boolean
  readonly createsRoles: boolean
  readonly ownsDatabase: boolean
  readonly hasRights: boolean
  readonly roles: number
  readonly hasJournal: boolean
}

const rolesOfService = ['intake_partner', 'intake_internal', 'intake_auditor']

/**
 * What is wrong with the login of the service, in one sentence; `undefined` where nothing is.
 * Rejects with what `isAway` takes where the database does not answer.
 */
export function serviceFault(url: string): Promise<string | undefined> {
  return withClient(url, async (sql) => {
    const login = await loginOf(sql)
    const { name } = login
    if (login.isAlmighty || login.ownsDatabase || login.hasRights) {
      return (
        `DATABASE_URL: the login ${name} may read tables by itself, so a mistake of the service ` +
        'would show one organisation what is another’s. Log in as intake_service'
      )
    }
    if (!login.hasJournal || !(await isMigrated(sql))) {
      return (
        'DATABASE_URL: the tables are not there, or of an older version, or this login may not ' +
        'see which. Run `intake admin migrate` first'
      )
    }
    if (login.roles < rolesOfService.length) {
      return (
        `DATABASE_URL: the login ${name} may not become ${rolesOfService.join(', ')}. ` +
        'Log in as intake_service'
      )
    }
    return undefined
  })
}

/** The same of the login that is to make the tables. */
export async function ownerFault(sql: postgres.Sql): Promise<string | undefined> {
  const { name, isAlmighty, createsRoles, ownsDatabase } = await loginOf(sql)
  const should = 'It should be intake_owner, made as docs/OPERATIONS.md says ("First deployment")'
  if (isAlmighty) {
    return (
      `DATABASE_OWNER_URL: the login ${name} is a superuser, or past row-level security. What it ` +
      `makes would belong to it, and not be guarded. ${should}`
    )
  }
  if (!ownsDatabase)
    return `DATABASE_OWNER_URL: the login ${name} does not own the database. ${should}`
  if (!createsRoles) return `DATABASE_OWNER_URL: the login ${name} may not make roles. ${should}`
  return undefined
}

async function loginOf(sql: postgres.Sql): Promise<Login> {
  const [login] = await sql<[Login]>`
    select current_user as name,
           r.rolsuper or r.rolbypassrls as "isAlmighty",
           r.rolcreaterole or r.rolsuper as "createsRoles",
           pg_has_role(current_user, d.datdba, 'USAGE') as "ownsDatabase",
           exists (select from pg_class c
                   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
                     and has_table_privilege(c.oid, 'select, insert, update, delete'))
             as "hasRights",
           (select count(*)::int from pg_roles o
            where o.rolname in ('intake_partner', 'intake_internal', 'intake_auditor')
              and pg_has_role(current_user, o.oid, 'SET')) as roles,
           exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                   where n.nspname = 'drizzle' and c.relname = '__drizzle_migrations'
                     and has_schema_privilege(n.oid, 'USAGE')
                     and has_table_privilege(c.oid, 'SELECT')) as "hasJournal"
    from pg_roles r, pg_database d
    where r.rolname = current_user and d.datname = current_database()`
  return login
}

/** A later version's tables serve an earlier one, while replicas are replaced. */
async function isMigrated(sql: postgres.Sql): Promise<boolean> {
  const { entries } = JSON.parse(readFileSync(journal, 'utf8')) as { entries: { when: number }[] }
  const newest = Math.max(...entries.map(({ when }) => when))
  const [applied] = await sql<[{ newest: string | null }]>`
    select max(created_at)::text as newest from drizzle.__drizzle_migrations`
  return Number(applied.newest) >= newest
}

/**
 * What an administrator is to do about an error of the database, where it comes of a step left out
 * or of a wrong login; else PostgreSQL's own sentence, without the statement that the driver quotes.
 */
export function wordsOfDatabase(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause as Error) {
    const { code, name } = cause as { code?: unknown; name: string }
    if (name !== 'PostgresError' || typeof code !== 'string') continue
    // Undefined table, column, schema or function (PostgreSQL, appendix A).
    if (/^(42P01|42703|3F000|42883)$/.test(code)) {
      return 'The tables are not there, or of an older version: run `intake admin migrate` first'
    }
    if (code === '42501') {
      return 'DATABASE_OWNER_URL: this login may not do that. Log in as intake_owner'
    }
    if (code === '22P02') return 'An id is not of the form that `intake admin client list` shows'
    return cause.message
  }
  return undefined
}

const answerMsMax = 8_000

async function withClient<Result>(url: string, act: (sql: postgres.Sql) => Promise<Result>) {
  const sql = postgres(url, {
    max: 1,
    connect_timeout: 5,
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
    ...tlsOf(url),
  })
  try {
    return await answerWithin(act(sql), answerMsMax)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
