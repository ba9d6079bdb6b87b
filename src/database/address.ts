/**
 * A connection URI as PostgreSQL's own programs read it (libpq, section 32.1.1.2), with one host or
 * several. The driver reads the same, but with several hosts it waits without end and without a pause
 * where none of them answers, so each connection is given one.
 */
import { isIP, isIPv6 } from 'node:net'

/** One server of a database. */
export type Host = {
  /** A name or an IP address, without brackets. */
  readonly host: string
  readonly port: number
}

/** Where a database is, and as whom one connects. */
export type Address = {
  /** In the order in which they are tried. */
  readonly hosts: readonly [Host, ...Host[]]
  readonly user: string
  readonly database: string
  /** The URI with this host alone, for the driver. */
  urlOf(host: Host): string
}

/** What an address of the database looks like, for whoever has to write one. */
export const addressForm =
  'postgres://user:password@host:port/database, with commas between several hosts, ' +
  'and @ : / ? # % in a password percent-encoded'

const uri = /^(postgres(?:ql)?:\/\/)([^@/?#\s]+@)([^@/?#\s]+)(\/[^/?#\s]+)(\?[^#\s]*)?$/
const place = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?$/
const hostsMax = 8

/**
 * Reads it. `undefined` for what is none: user, host and database must be there, and a `@`, `/`, `?`,
 * `#` or `%` in a password be percent-encoded.
 */
export function readAddress(text: string): Address | undefined {
  const [, scheme, login = '', places = '', path = '', query = ''] = uri.exec(text) ?? []
  const hosts = places.split(',').map(readHost)
  const [first, ...rest] = hosts.filter((host) => host !== undefined)
  const [user, database] = [decode(login.replace(/[:@].*$/, '')), decode(path.slice(1))]
  if (!scheme || !first || !user || !database || decode(login) === undefined) return undefined
  if (rest.length + 1 !== hosts.length || hosts.length > hostsMax) return undefined
  return {
    hosts: [first, ...rest],
    user,
    database,
    urlOf: (host) => `${scheme}${login}${nameOf(host)}${path}${withoutAttributes(query)}`,
  }
}

/** Modes in which the driver asks for no certificate, or takes any. */
const unverified = ['disable', 'false', 'allow', 'prefer', 'require']

/**
 * What the driver is given beside the URI of one host. Where `sslmode` has the certificate verified and the
 * host is an IP address, the driver would take one of `localhost`, and no other.
 */
export function tlsOf(url: string): { ssl?: { readonly host: string } } {
  const [, , , place = '', , query = ''] = uri.exec(url) ?? []
  const { host } = readHost(place) ?? {}
  const mode = new URLSearchParams(query).getAll('sslmode').at(-1)
  if (!host || !isIP(host) || !mode || unverified.includes(mode)) return {}
  return { ssl: { host } }
}

/** `host:port`, as people read it. */
export function nameOf({ host, port }: Host): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** Host, port and database: what may be shown of an address. */
export function describe({ hosts, database }: Pick<Address, 'hosts' | 'database'>): string {
  return `${hosts.map(nameOf).join(',')}/${database}`
}

function readHost(text: string): Host | undefined {
  const [, ipv6, name, digits = '5432'] = place.exec(text) ?? []
  const [host, port] = [ipv6 ?? name, Number(digits)]
  if (!host || port < 1 || port > 65_535 || (ipv6 && !isIPv6(ipv6))) return undefined
  return { host, port }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * Every transaction asks by itself whether the server takes writes, also behind a pooler. The driver's
 * own question, where a pooler does not answer it beforehand, can end the process.
 */
function withoutAttributes(query: string): string {
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !pair.startsWith('target_session_attrs='))
  return kept.length > 0 ? `?${kept.join('&')}` : ''
}
