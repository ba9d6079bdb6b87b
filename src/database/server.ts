/** Whether a server is one that we can work with, asked once before anything is begun on it. */
import { type Address, type Host, nameOf } from './address.ts'
import { answerWithin } from './lost.ts'
import { openLink } from './pool.ts'

/** PostgreSQL 16: a role may be granted without being inherited, which our roles need. */
const versionMin = 160_000

/** The driver's own limit ends with the login; a server that hangs after it would hold up the start. */
const answerMsMax = 8_000

/**
 * What is wrong with the database, in one sentence behind the name of its variable and without a
 * password: a login, a host or a database that is not there, or a PostgreSQL that is too old. `undefined`
 * where all is well, and where no server answers yet: that passes.
 */
export async function databaseFault(address: Address): Promise<string | undefined> {
  const faults: string[] = []
  for (const host of address.hosts) {
    const link = openLink({ address, prepare: false }, host)
    try {
      const asked = link.sql`select current_setting('server_version_num')::int as version`
      const [row] = await answerWithin(asked, answerMsMax)
      return versionFault(row?.version, host)
    } catch (error) {
      const fault = connectionFault(error, address, host)
      if (fault) faults.push(fault)
    } finally {
      link.cut()
    }
  }
  return faults[0]
}

/** @param version - `server_version_num`, such as 160004 */
export function versionFault(version: number, host: Host): string | undefined {
  if (version >= versionMin) return undefined
  const major = Math.floor(version / 10_000)
  return `${nameOf(host)} is PostgreSQL ${major}, and 16 or newer is needed`
}

function connectionFault(error: unknown, { user, database }: Address, host: Host) {
  const { code } = error as { code?: unknown }
  const name = nameOf(host)
  // Class 28: a login that is refused, by name, password or pg_hba.conf (PostgreSQL, appendix A).
  if (typeof code === 'string' && code.startsWith('28')) {
    return `${name} refuses the login ${user}: a wrong name or password, or not from here`
  }
  if (code === '3D000') return `${name} has no database ${database}`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `there is no host ${host.host}, or its name cannot be looked up`
  }
  return undefined
}
