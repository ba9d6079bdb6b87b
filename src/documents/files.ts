/**
 * The folder of sealed files, each named by its id. Pieces of an upload are put in their places by @tus/server, which is
 * loaded with the first; who may upload, how much, and what becomes of it is decided before and after (service.ts).
 */
import { open, readdir, stat, statfs } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Server } from '@tus/server'
import { makeFolder, readLong, removeFile, syncFolder, writeLong } from '../disk.ts'
import { type ErrorCode, Refusal } from '../errors.ts'

/** One request of tus 1.0.0 about an upload that there is. */
export type TusRequest = {
  readonly method: 'HEAD' | 'PATCH'
  readonly headers: IncomingMessage['headers']
  /** A piece of the file, for PATCH. */
  readonly piece?: Readable
}

export type Files = ReturnType<typeof createFiles>

/** So much stays free on the disk, for whatever else stands there. */
const roomBytes = 1024 ** 3

const nameForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Of the uploads of this process at most so many sizes are kept; they are looked up with each request. */
const sizesMax = 10_000

/** What of a request the library reads. */
const headersRead = ['tus-resumable', 'upload-offset', 'content-type', 'content-length']

/** @param room - how many bytes stay free on the disk */
export function createFiles(folder: string, room = roomBytes) {
  const sizes = new Map<string, number>()
  let loading: Promise<Server> | undefined
  const coming = createComing()
  const pathOf = (id: string) => join(folder, id)

  /** @throws Refusal `not-ready` where the disk has no room for so many bytes more */
  async function requireRoomFor(bytes: number): Promise<void> {
    await makeFolder(folder)
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize > bytes + room) return
    throw new Refusal('not-ready', 'the disk for documents is nearly full')
  }

  return {
    /** Makes the file if there is none, safe on the disk; one that is there keeps its bytes. */
    async make(id: string): Promise<void> {
      await makeFolder(folder)
      const handle = await open(pathOf(id), 'a', 0o600)
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
      await syncFolder(folder)
    },

    /** How many bytes of a file are there; `undefined` if there is none. */
    bytesOf: (id: string) => bytesOf(pathOf(id)),

    /** The same of one that is safe on the disk now. */
    async flushed(id: string): Promise<number | undefined> {
      const handle = await open(pathOf(id), 'r+').catch(noneThere)
      if (!handle) return undefined
      try {
        await handle.sync()
        return (await handle.stat()).size
      } finally {
        await handle.close()
      }
    },

    /**
     * Lets the library answer.
     *
     * @param bytes - how long the file is to be
     * @returns how many bytes of it are there by now
     * @throws Refusal for what the library refuses, and `not-ready` for a piece that the disk has no room for
     */
    async answer(id: string, bytes: number, request: TusRequest): Promise<number> {
      if (request.headers['tus-resumable'] !== '1.0.0') {
        throw new Refusal('malformed-request', 'Tus-Resumable is not 1.0.0')
      }
      loading ??= load(folder, sizes)
      const server = await loading
      if (sizes.size >= sizesMax) sizes.clear()
      sizes.set(id, bytes)
      const most = bytesToCome(request, bytes)
      const all = coming.add(id, most)
      try {
        // What was begun was promised room when the disk was emptier.
        if (most > 0) await requireRoomFor(all)
        const response = await server.handleWeb(asWeb(id, request))
        if (response.status >= 400) throw refusalOf(response.status)
        return Number(response.headers.get('upload-offset'))
      } finally {
        coming.end(id)
      }
    },

    /** The bytes from the first to the last, both counted in, to be piped to the network. */
    read: (id: string, first: number, last: number): Readable => readLong(pathOf(id), first, last),

    /** When a file was last written to, in milliseconds of Unix time. */
    changedAt: async (id: string): Promise<number | undefined> =>
      (await stat(pathOf(id)).catch(noneThere))?.mtimeMs,

    /** The ids of all files. */
    async list(): Promise<string[]> {
      const names = await readdir(folder).catch(noneThere)
      return (names ?? []).filter((name) => nameForm.test(name))
    },

    /** Removes a file for good, or nothing where there is none. */
    remove: async (id: string): Promise<void> => void (await removeFile(pathOf(id))),

    requireRoomFor,
  }
}

/**
 * The pieces that are on their way to this process. Several of one file bring no more than the longest of them: whoever keeps
 * many lines open takes no more room.
 */
function createComing() {
  const files = new Map<string, { pieces: number; bytes: number }>()
  return {
    /** @returns how many bytes all of them may bring, this one included */
    add(id: string, bytes: number): number {
      const own = files.get(id) ?? { pieces: 0, bytes: 0 }
      files.set(id, { pieces: own.pieces + 1, bytes: Math.max(own.bytes, bytes) })
      return [...files.values()].reduce((sum, one) => sum + one.bytes, 0)
    },
    end(id: string): void {
      const own = files.get(id)
      if (own && own.pieces > 1) files.set(id, { ...own, pieces: own.pieces - 1 })
      else files.delete(id)
    },
  }
}

/** How much a request may bring of a file that is to be so long. */
function bytesToCome({ method, headers }: TusRequest, bytes: number): number {
  if (method === 'HEAD') return 0
  return Math.min(bytes, Number(headers['content-length'] ?? bytes))
}

/** @param sizes - how long each file is to be, by its id */
async function load(folder: string, sizes: ReadonlyMap<string, number>): Promise<Server> {
  await makeFolder(folder)
  const [tus, { FileStore }] = await Promise.all([import('@tus/server'), import('@tus/file-store')])
  // The row says how long a file is to be: there is no second word for it in a file of the library's.
  const configstore = {
    get: async (id: string) => {
      const size = sizes.get(id)
      return size === undefined ? undefined : new tus.Upload({ id, size, offset: 0 })
    },
    set: async () => {},
    delete: async () => {},
  }
  class Store extends FileStore {
    /** As the library does, in less memory. */
    override write(piece: Readable, id: string, offset: number): Promise<number> {
      return writeLong(join(folder, id), offset, piece)
    }
  }
  const datastore = new Store({ directory: folder, configstore })
  return new tus.Server({ path: '/', datastore, respectForwardedHeaders: false })
}

async function bytesOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(noneThere))?.size
}

function noneThere(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}

function asWeb(id: string, { method, headers, piece }: TusRequest): Request {
  const read = headersRead.flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value] as [string, string]] : []
  })
  return new Request(`http://localhost/${id}`, {
    method,
    headers: read,
    ...(piece && { body: Readable.toWeb(piece) as ReadableStream, duplex: 'half' }),
  } as RequestInit)
}

/** By the statuses of @tus/server 2.4: its words are not passed on. */
const refusals: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  400: ['request-incomplete', 'the piece broke off'],
  403: ['malformed-request', 'Upload-Offset is missing, or the type of the body is another'],
  404: ['not-found', 'there is no such upload'],
  409: ['upload-offset-differs', 'Upload-Offset is not where the upload stands'],
  410: ['not-found', 'there is no such upload any more'],
  413: ['document-too-large', 'the piece goes beyond the Upload-Length that was named'],
}

function refusalOf(status: number): Refusal {
  const [code, detail] = refusals[status] ?? ['not-ready', 'the disk does not take the piece']
  return new Refusal(code, detail)
}
