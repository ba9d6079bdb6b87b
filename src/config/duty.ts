/** Who is told by mail that nobody holds an `immediate` item, and through which server. */
import { isLoopbackHost } from '../protocol/address.ts'
import type { Environment } from './server.ts'
import { list } from './values.ts'

export type DutyConfig = {
  readonly smtp: SmtpConfig
  readonly from: string
  /** Those on duty, who are told first. */
  readonly first: readonly string[]
  /** Whoever is told where that did not help. May be nobody. */
  readonly later: readonly string[]
}

export type SmtpConfig = {
  readonly host: string
  readonly port: number
  /** TLS from the first byte; otherwise by STARTTLS, if `needsTls`. */
  readonly isTls: boolean
  /** Whether nothing is said before TLS: everywhere but on the loopback address without a `caFile`. */
  readonly needsTls: boolean
  readonly user: string | undefined
  readonly passwordFile: string | undefined
  /** PEM: who signed the server's certificate, if it is nobody that Node trusts. */
  readonly caFile: string | undefined
}

/** Each is one mail, and one row while it is not taken. */
const addressesMax = 20
const [submissionPort, tlsPort] = [587, 465]

/** `undefined` where no mail is sent. */
export function readDuty(environment: Environment, faults: string[]): DutyConfig | undefined {
  const smtp = readSmtp(environment, faults)
  const from = environment.DUTY_MAIL_FROM || undefined
  const [first, later] = [list(environment.DUTY_MAIL), list(environment.DUTY_MAIL_LATER)]
  for (const [name, addresses] of Object.entries({ DUTY_MAIL: first, DUTY_MAIL_LATER: later })) {
    if (addresses.length > addressesMax || !addresses.every(isAddress)) {
      faults.push(`${name} must be up to ${addressesMax} mail addresses with commas between`)
    }
  }
  if (from !== undefined && !isAddress(from)) faults.push('DUTY_MAIL_FROM must be a mail address')
  const named = [environment.SMTP_URL, from, ...first, ...later].filter(Boolean)
  if (named.length === 0) return undefined
  if (!environment.SMTP_URL) faults.push('SMTP_URL must be set beside DUTY_MAIL: the mail server')
  if (!from) faults.push('DUTY_MAIL_FROM must be set beside SMTP_URL: who the mail is from')
  if (first.length === 0) faults.push('DUTY_MAIL must be set beside SMTP_URL: who is told')
  return smtp && from ? { smtp, from, first, later } : undefined
}

function readSmtp(environment: Environment, faults: string[]): SmtpConfig | undefined {
  const { SMTP_URL: text, SMTP_PASSWORD_FILE, SMTP_CA_FILE } = environment
  if (!text) return undefined
  const [passwordFile, caFile] = [SMTP_PASSWORD_FILE || undefined, SMTP_CA_FILE || undefined]
  // The value is never quoted: somebody may have put the password in.
  const isForm = /^smtps?:\/\/[^/?#\s]+\/?$/.test(text) && URL.canParse(text) && isEncoded(text)
  const parsed = isForm ? new URL(text) : undefined
  if (parsed?.password !== '') {
    faults.push(
      'SMTP_URL must be smtp:// or smtps://, a user with @ if there is one, and host:port; ' +
        'its password is in SMTP_PASSWORD_FILE',
    )
    return undefined
  }
  const user = decodeURIComponent(parsed.username) || undefined
  if ((user === undefined) !== (passwordFile === undefined)) {
    faults.push('SMTP_PASSWORD_FILE must be set where SMTP_URL names a user, and only there')
  }
  const isTls = parsed.protocol === 'smtps:'
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1')
  const needsTls = caFile !== undefined || !(host === '::1' || isLoopbackHost(host))
  const port = Number(parsed.port) || (isTls ? tlsPort : submissionPort)
  return { host, port, isTls, needsTls, user, passwordFile, caFile }
}

/** Whether each `%` begins a byte of a text. */
function isEncoded(text: string): boolean {
  try {
    return decodeURIComponent(text) !== ''
  } catch {
    return false
  }
}

function isAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@<>",;]+@[^\s@<>",;]+$/.test(text)
}
