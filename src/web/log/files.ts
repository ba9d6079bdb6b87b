/** The files of the log, each handed over by a script beside the page: the page can ask for none. */
import { fromBase64 } from '../../protocol/log/text.ts'

declare global {
  interface Window {
    /** What each of the scripts calls. */
    logFile(name: string, text: string): void
  }
}

const texts = new Map<string, string>()

/** Takes what the scripts hand over from now on. */
export function takeFiles(onFile: (count: number) => void): void {
  window.logFile = (name, text) => {
    texts.set(name, text)
    onFile(texts.size)
  }
}

/** The text of a file; `undefined` where its script is missing, or is none any more. */
export function textOf(name: string): string | undefined {
  return texts.get(name)
}

/** The bytes of a file of the log, by its path in it. The checkpoint is handed over as text. */
export async function readFile(path: string): Promise<Uint8Array | undefined> {
  await breath()
  const text = texts.get(path)
  if (text === undefined) return undefined
  return path === 'checkpoint' ? new TextEncoder().encode(text) : fromBase64(text)
}

const channel = new MessageChannel()
const waiting: (() => void)[] = []
channel.port1.onmessage = () => waiting.shift()?.()

/**
 * Resolves when the browser has had a turn: what takes long is done in slices. Not by a timer, which a page
 * that is not looked at gets once a second.
 */
export function breath(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    channel.port2.postMessage(undefined)
  })
}
