/** A hand inside a running service, by Node's inspector: it holds the process still, or ends a thread. */
import { once } from 'node:events'
import type { Test } from 'tap'
import type { Service } from './process.ts'

/** The command of a service that can be inspected. */
export const inspectable = [process.execPath, '--inspect=127.0.0.1:0', 'src/server.ts']

type Heard = {
  readonly id?: number
  readonly method?: string
  readonly params?: { sessionId: string; workerInfo: { url: string } }
}

export async function inspect(t: Pick<Test, 'teardown'>, { output }: Service) {
  const [address] = /ws:\/\/\S+/.exec(output()) ?? []
  if (!address) throw new Error(`no inspector: ${output()}`)
  const socket = new WebSocket(address)
  t.teardown(() => socket.close())
  await once(socket, 'open')
  let lastId = 0

  function hear(isIt: (heard: Heard) => boolean): Promise<Heard> {
    return new Promise((resolve) => {
      const listen = ({ data }: MessageEvent) => {
        const heard: Heard = JSON.parse(data)
        if (!isIt(heard)) return
        socket.removeEventListener('message', listen)
        resolve(heard)
      }
      socket.addEventListener('message', listen)
    })
  }

  function ask(method: string, params = {}): Promise<Heard> {
    lastId += 1
    const id = lastId
    const answered = hear((heard) => heard.id === id)
    socket.send(JSON.stringify({ id, method, params }))
    return answered
  }

  return {
    /** Holds the main thread still from its next step on, which `provoke` brings about. */
    async pause(provoke: () => void): Promise<void> {
      await ask('Debugger.enable')
      const paused = hear(({ method }) => method === 'Debugger.paused')
      await ask('Debugger.pause')
      provoke()
      await paused
    },
    resume: () => ask('Debugger.resume'),

    /** Runs `expression` in the thread whose main module's address ends so. */
    async runIn(module: string, expression: string): Promise<void> {
      const attached = hear(
        ({ method, params }) =>
          method === 'NodeWorker.attachedToWorker' &&
          params?.workerInfo.url.endsWith(module) === true,
      )
      await ask('NodeWorker.enable', { waitForDebuggerOnStart: false })
      const { sessionId } = (await attached).params ?? {}
      const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } })
      await ask('NodeWorker.sendMessageToWorker', { sessionId, message })
      await ask('NodeWorker.disable')
    },
  }
}
