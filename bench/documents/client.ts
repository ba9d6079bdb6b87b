/**
 * One end of a line, a process of its own: it says that it is there, does each thing it is told on its standard input, and answers
 * each with the milliseconds that it took. It idles as the commands do: with the SDK loaded.
 */
import { createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openInto } from '../../src/cli/documents/opening.ts'
import { sendDocuments } from '../../src/cli/documents/sending.ts'
import { fetchLong } from '../../src/client/body.ts'
import { createDocuments } from '../../src/client/documents.ts'
import { createTransport } from '../../src/client/transport.ts'
import { ready } from '../../src/protocol/sodium.ts'
import type { Told } from './told.ts'

const acts: Readonly<Record<Told['act'], (told: Told) => Promise<unknown>>> = {
  /** Seals a file and uploads it, as `intake documents add` does. */
  async up(told) {
    const { file, referralId } = told
    const home = dirname(file)
    const about = { type: 'other', name: 'bench' } as const
    const files = [{ path: file, about }]
    const sent = await sendDocuments({ home, referralId, files }, documentsOf(told), async () => {})
    if (sent.failure !== undefined) throw sent.failure
    return sent.documents[0]
  },
  /** Fetches it, opens and writes it, as `intake documents get` does. */
  async down(told) {
    const { file, referralId, attachment } = told
    if (!attachment) throw new Error('nothing is named')
    const folder = join(dirname(file), attachment.documentId)
    const place = { folder, number: 1, allowsActive: false }
    return openInto(documentsOf(told), referralId, attachment, place)
  },
  async 'raw up'({ url, file }) {
    const { size } = await stat(file)
    const tus = { 'tus-resumable': '1.0.0' }
    const begun = await fetchLong(`${url}/raw`, {
      method: 'POST',
      headers: { ...tus, 'upload-length': String(size) },
    })
    const place = begun.headers.get('location') ?? ''
    const handle = await open(file)
    const piece = new Uint8Array(rawPieceBytes)
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(piece, 0, piece.length, at)
      const { status } = await fetchLong(place, {
        method: 'PATCH',
        headers: {
          ...{ ...tus, 'upload-offset': String(at) },
          'content-type': 'application/offset+octet-stream',
        },
        body: piece.subarray(0, bytesRead),
      })
      if (status !== 204) throw new Error(`a raw piece was answered with ${status}`)
      at += bytesRead
    }
    await handle.close()
    return place
  },
  async 'raw down'({ url, file }) {
    const { body } = await fetchLong(url, {})
    await pipeline(Readable.fromWeb(body as never), createWriteStream(file))
  },
}

/** As long as those of the SDK where nothing fails. */
const rawPieceBytes = 4 * 1024 * 1024

function documentsOf({ url, token }: Told) {
  return createDocuments(createTransport({ url, token: () => token }), {
    call: {},
    uploads: '/v1/documents',
    pathOf: (_, documentId) => `/v1/documents/${documentId}`,
  })
}

await ready
console.log('ready')
for await (const line of createInterface(process.stdin)) {
  const told: Told = JSON.parse(line)
  const begun = performance.now()
  const value = await acts[told.act](told)
  console.log(JSON.stringify({ ms: performance.now() - begun, value }))
}
