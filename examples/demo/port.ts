/** Whether the service can have a port, asked before anything is started for it. */
import { createServer } from 'node:net'

/** @param port - 0: any, which there always is */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
