/**
 * A way to a database that is cut at a chosen point: when the server has done its nth statement from
 * now on, and before anybody hears of it. Whoever is served over it dies there.
 */
import { type AddressInfo, createConnection, createServer } from 'node:net'

export type Cutter = {
  /** The same database by this way. */
  readonly url: string
  /** Cuts once, after that many more statements, BEGIN and COMMIT among them. */
  arm(statements: number): void
  /** Whether it was cut since it was armed; it is no longer armed after. */
  disarm(): boolean
  /** How many statements were done since it was armed. */
  done(): number
  close(): void
}

export async function openCutter(url: string): Promise<Cutter> {
  const to = new URL(url)
  let left: number | undefined
  let wasCut = false
  let done = 0
  const server = createServer((near) => {
    const far = createConnection(Number(to.port), to.hostname)
    const cut = () => {
      near.destroy()
      far.destroy()
    }
    const commandsIn = countCommands()
    near.on('error', cut).on('close', cut).pipe(far)
    far.on('error', cut).on('close', cut)
    far.on('data', (bytes) => {
      const commands = commandsIn(bytes)
      done += commands
      if (left !== undefined) left -= commands
      if (left === undefined || left > 0) near.write(bytes)
      else {
        left = undefined
        wasCut = true
        cut()
      }
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  return {
    url: Object.assign(new URL(url), { port: String(port) }).href,
    arm: (statements) => {
      left = statements
      wasCut = false
      done = 0
    },
    disarm: () => {
      left = undefined
      return wasCut
    },
    done: () => done,
    close: () => server.close(),
  }
}

const commandComplete = 'C'.charCodeAt(0)

/**
 * How many statements the server reports done in what it sends: a byte of type and four of length
 * before each message (PostgreSQL, section 54.7, CommandComplete), cut into pieces anywhere.
 */
function countCommands(): (bytes: Uint8Array) => number {
  let rest = Buffer.alloc(0)
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    let commands = 0
    while (rest.length >= 5) {
      const length = 1 + rest.readInt32BE(1)
      if (rest.length < length) break
      if (rest[0] === commandComplete) commands += 1
      rest = rest.subarray(length)
    }
    return commands
  }
}
