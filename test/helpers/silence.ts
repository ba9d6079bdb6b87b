/** A way to a database over which, from a moment on, nothing passes and nothing is refused. */
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

export type Silence = {
  readonly port: number
  /** Bytes are swallowed in both directions, and new connections are accepted. */
  fall(): void
  lift(): void
  /** Ends all connections and takes no new ones. */
  close(): void
}

export async function openSilence(url: string): Promise<Silence> {
  const to = new URL(url)
  const sockets = new Set<Socket>()
  let isSilent = false
  const server = createServer((near) => {
    const far = createConnection(Number(to.port), to.hostname)
    const pairs = [
      [near, far],
      [far, near],
    ] as const
    for (const [one, other] of pairs) {
      sockets.add(one)
      one.on('data', (bytes) => isSilent || other.write(bytes))
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        if (!isSilent) other.destroy()
      })
    }
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    port: (server.address() as AddressInfo).port,
    fall: () => {
      isSilent = true
    },
    lift: () => {
      isSilent = false
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
