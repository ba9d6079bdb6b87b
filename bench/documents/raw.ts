/** The raw limit: the same library over the same store, with nobody asked and nothing sealed, noted or flushed. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

const directory = join(process.env.DATA_DIR ?? '.', 'raw')
const tus = new Server({ path: '/raw', datastore: new FileStore({ directory }) })
const server = createServer((request, response) => tus.handle(request, response))
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(`raw listens on http://127.0.0.1:${port}`)
})
