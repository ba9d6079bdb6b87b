/** A sealed file, and what tus says of it: enough to upload anything, also what no SDK would. */
import { createDocumentSealer, newDocumentKey } from '../../src/protocol/documents/seal.ts'
import { newId } from '../../src/protocol/uuid.ts'

/** Seals bytes for a referral. */
export function sealedFile(referralId: string, bytes: Uint8Array, documentId: string = newId()) {
  const file = { referralId, documentId, key: newDocumentKey() }
  const sealer = createDocumentSealer(file)
  const parts = sealer.push(bytes)
  const { last, size, sha256 } = sealer.end()
  return { ...file, size, sha256, sealed: new Uint8Array(Buffer.concat([...parts, last])) }
}

type Headers = Readonly<Record<string, string>>

/** The calls of tus at one door, with the headers of whoever calls. */
export function tusAt(url: string, authorization: string, path = '/v1/documents') {
  async function send(method: string, at: string, headers: Headers, body?: Uint8Array) {
    const response = await fetch(url + at, {
      method,
      headers: { authorization, 'tus-resumable': '1.0.0', ...headers },
      ...(body && { body }),
    })
    const bytes = new Uint8Array(await response.arrayBuffer())
    // The answer to HEAD has no body.
    const isProblem = method !== 'HEAD' && response.status >= 400
    const code: string | undefined = isProblem
      ? JSON.parse(new TextDecoder().decode(bytes)).code
      : undefined
    const offset = Number(response.headers.get('upload-offset') ?? Number.NaN)
    return { status: response.status, headers: response.headers, bytes, code, offset }
  }
  const b64 = (text: string) => Buffer.from(text).toString('base64')
  return {
    begin: (of: { referralId: string; documentId: string }, length: number, headers = {}) =>
      send('POST', path, {
        'upload-length': String(length),
        'upload-metadata': `referral ${b64(of.referralId)},document ${b64(of.documentId)}`,
        ...headers,
      }),
    locate: (id: string) => send('HEAD', `${path}/${id}`, {}),
    piece: (id: string, offset: number, bytes: Uint8Array, headers = {}) =>
      send(
        'PATCH',
        `${path}/${id}`,
        {
          'upload-offset': String(offset),
          'content-type': 'application/offset+octet-stream',
          ...headers,
        },
        bytes,
      ),
    fetch: (id: string, headers: Headers = {}) => send('GET', `${path}/${id}`, headers),
    /** As a recipient. */
    open: (referralId: string, id: string, kid: string, headers: Headers = {}) =>
      send('GET', `/v1/referrals/${referralId}/documents/${id}?recipient=${kid}`, headers),
  }
}

export type Tus = ReturnType<typeof tusAt>
