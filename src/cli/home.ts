/** What a client remembers, under `INTAKE_HOME`. */
import { join } from 'node:path'
import type { Memory } from '../client/index.ts'
import { readIfThere, replaceFile } from '../disk.ts'

/** What a client must remember, under the folder `home`. */
export function homeMemory(home: string): Memory {
  const fileOf = (name: string) =>
    join(home, 'seen', `${name.replaceAll(/[^a-z0-9.-]/g, '_')}.json`)
  return {
    load: (name) => readIfThere(fileOf(name)),
    save: (name, value) => replaceFile(fileOf(name), value),
  }
}
