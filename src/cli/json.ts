import { readFile } from 'node:fs/promises'

/** The JSON value in a file, unchecked. @throws Error that names the file and quotes nothing of it */
export async function readJson<Value>(file: string): Promise<Value> {
  return parseJson(await readFile(file), file)
}

/** The JSON value of bytes, unchecked. @throws Error that names `place`, and quotes nothing */
export function parseJson<Value>(bytes: Uint8Array, place: string): Value {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // The parser's own message quotes what it stumbled over, which may be a name.
    throw new Error(`${place} is not JSON in UTF-8`)
  }
}
