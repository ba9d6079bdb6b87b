/** A mail server of a test's own: the wire protocol of SMTP (RFC 5321), and what came over it. */
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import type { Test } from 'tap'

export type Received = { readonly to: string; readonly text: string; readonly isTls: boolean }

export type MailboxOptions = {
  /** What is answered to a recipient, if it is not taken: 451, 550. */
  readonly refusal?: (address: string) => number | undefined
  /** PEM. Without them it offers no TLS. */
  readonly tls?: { readonly key: string; readonly cert: string }
  readonly password?: string
  readonly port?: number
}

/** Listens on the loopback address until `t` ends or it is closed. */
export async function mailbox(t: Pick<Test, 'teardown'>, options: MailboxOptions = {}) {
  const { refusal, tls, password, port = 0 } = options
  const received: Received[] = []
  // Every address that it was told, also of a mail that it did not take.
  const named: string[] = []
  const server = new SMTPServer({
    ...(tls ?? { disabledCommands: ['STARTTLS'] }),
    logger: false,
    authOptional: password === undefined,
    onAuth: ({ password: given }, _, done) =>
      given === password ? done(null, { user: 'intake' }) : done(new Error('no')),
    onRcptTo({ address }, _, done) {
      named.push(address)
      const responseCode = refusal?.(address)
      done(responseCode ? Object.assign(new Error('not now'), { responseCode }) : null)
    },
    onData(stream, { envelope, secure }, done) {
      let text = ''
      stream.on('data', (part) => {
        text += part
      })
      stream.on('end', () => {
        for (const { address } of envelope.rcptTo)
          received.push({ to: address, text, isTls: secure })
        done()
      })
    },
  })
  // A client that breaks off for its own reasons is no fault of the server.
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= new Promise((resolve) => server.close(resolve))
    return closing
  }
  t.teardown(close)
  const bound = (server.server.address() as AddressInfo).port
  return { port: bound, received, named, close }
}
