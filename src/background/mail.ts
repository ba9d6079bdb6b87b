/**
 * Sends a mail by SMTP. The library is loaded with the first, so a service that sends none does not have it in
 * memory.
 */
import { readFile } from 'node:fs/promises'
import type { SendMail } from '../triage/duty.ts'

/** The mail server, as the configuration names it. */
export type MailServer = {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly needsTls: boolean
  readonly user: string | undefined
  readonly passwordFile: string | undefined
  readonly caFile: string | undefined
}

/** A server that does not go on by then is away, and is asked again later. */
const stepMsMax = 5_000
/** All of one mail. The step that sends has one of the few connections of the background work meanwhile. */
const mailMsMax = 20_000

/**
 * One mail to one address, on a connection of its own: what a server says then is about that address alone. With
 * two addresses in one mail the library reports one that was refused as a success.
 *
 * It throws what says where it failed and never to whom.
 *
 * @param msMax - after which it is broken off, and the connection with it
 */
export function createSendMail(server: MailServer, from: string, msMax = mailMsMax): SendMail {
  return async (to, { subject, text }) => {
    const { createTransport } = await import('nodemailer')
    const { user, passwordFile, caFile } = server
    const [password, ca] = await Promise.all([passwordFile, caFile].map(read))
    const transport = createTransport({
      ...{ host: server.host, port: server.port, secure: server.isTls },
      ...{ requireTLS: server.needsTls, ignoreTLS: !server.needsTls },
      ...(ca && { tls: { ca } }),
      ...(user && { auth: { user, pass: password?.trim() } }),
      ...{ connectionTimeout: stepMsMax, greetingTimeout: stepMsMax, dnsTimeout: stepMsMax },
      ...{ socketTimeout: stepMsMax, disableFileAccess: true, disableUrlAccess: true },
    })
    // So that no answering machine answers (RFC 3834, section 5).
    const headers = { 'auto-submitted': 'auto-generated' }
    // A server that says something every few seconds and comes to no end holds no connection for ever either.
    const signal = AbortSignal.timeout(msMax)
    try {
      await transport.sendMail({ from, to, subject, text, headers, signal })
    } catch (error) {
      throw nameless(error)
    } finally {
      transport.close()
    }
  }
}

function read(file: string | undefined): Promise<string> | undefined {
  return file === undefined ? undefined : readFile(file, 'utf8')
}

/** What the server said stands in the message, with the address. */
function nameless(error: unknown): Error {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown }
  const said = typeof responseCode === 'number' ? `, ${responseCode}` : ''
  const named = typeof code === 'string' ? code : (error as Error).name
  return Object.assign(new Error('a mail was not taken'), { code: `${named}${said}` })
}
