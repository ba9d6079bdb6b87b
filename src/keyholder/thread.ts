/**
 * Calls the thread that evaluates. A batch of forty takes about twenty milliseconds, during which a
 * process with one thread could not answer anybody, not even its health check.
 */
import { Worker } from 'node:worker_threads'
import { type ErrorCode, Refusal } from '../errors.ts'

/** A key file and its passphrase; the thread reads the file itself. */
export type KeySource = { readonly file: string; readonly passphrase: string | undefined }

type Evaluated = { readonly elements: Uint8Array[]; readonly proof: Uint8Array }
type Evaluate = { readonly holder: string; readonly blinded: readonly Uint8Array[] }
type Verify = Evaluated & { readonly holder: Uint8Array; readonly blinded: readonly Uint8Array[] }

type Task = { readonly evaluate: Evaluate } | { readonly verify: Verify }

/** What the thread is asked. `id` comes back with the answer. */
export type Job = Task & { readonly id: number }

/** What it replies. `id` 0 is the opening of the key files, which it reports first. */
export type Reply = {
  readonly id: number
  readonly publicKeys?: readonly string[]
  readonly evaluated?: Evaluated
  readonly refused?: { readonly code: ErrorCode; readonly detail: string }
  /** A bug, or a key file that is not there. */
  readonly failed?: string
}

type Waiting = { resolve(reply: Reply): void; reject(error: Error): void }
type Running = { readonly worker: Worker; readonly opened: Promise<readonly string[]> }

/** The thread starts when it is first asked, and starts again if it has died. */
export function createThread(sources: readonly KeySource[]) {
  const waiting = new Map<number, Waiting>()
  let running: Running | undefined
  let lastId = 0

  function start(): Running {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: sources })
    worker.on('message', (reply: Reply) => {
      const asked = waiting.get(reply.id)
      waiting.delete(reply.id)
      asked?.resolve(reply)
    })
    worker.on('error', (cause) => end(worker, cause))
    worker.on('exit', () => end(worker))
    const opened = answer(0).then(
      ({ publicKeys = [] }) => publicKeys,
      (error) => {
        // At once, and not only when it has ended, so that the next request starts another.
        if (running?.worker === worker) running = undefined
        void worker.terminate()
        throw error
      },
    )
    // Whoever asks hears of it; nobody else needs to.
    opened.catch(() => {})
    return { worker, opened }
  }

  function end(worker: Worker, cause?: unknown): void {
    if (running?.worker !== worker) return
    running = undefined
    for (const { reject } of waiting.values()) {
      reject(new Error('the evaluating thread ended', { cause }))
    }
    waiting.clear()
  }

  async function answer(id: number): Promise<Reply> {
    const reply = await new Promise<Reply>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
    })
    const { refused, failed } = reply
    if (refused) throw new Refusal(refused.code, refused.detail)
    if (failed !== undefined) throw new Error(failed)
    return reply
  }

  async function ask(task: Task): Promise<Reply> {
    running ??= start()
    const { worker, opened } = running
    await opened
    lastId += 1
    const replied = answer(lastId)
    worker.postMessage({ ...task, id: lastId } satisfies Job)
    return replied
  }

  return {
    /** Opens the key files, and returns their public keys. @throws Refusal, or Error for no such file */
    publicKeys(): Promise<readonly string[]> {
      running ??= start()
      return running.opened
    },

    /** @throws Refusal `not-found` for a key that it does not hold, `element-invalid` */
    async evaluate(holder: string, blinded: readonly Uint8Array[]): Promise<Evaluated> {
      const { evaluated } = await ask({ evaluate: { holder, blinded } })
      if (!evaluated) throw new Error('the thread answered something else')
      return evaluated
    },

    /** Checks that a keyholder's answer was made with its key. @throws Refusal as `verifyEvaluation` */
    async verify(verify: Verify): Promise<void> {
      await ask({ verify })
    },

    async close(): Promise<void> {
      await running?.worker.terminate()
    },
  }
}
