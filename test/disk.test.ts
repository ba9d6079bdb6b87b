/**
 * Goal: a disk that takes no more costs the file that was to be written, and no more with each try.
 * Method: a process that may write no byte to any file (setrlimit(2), RLIMIT_FSIZE): making files works, as on a
 * full disk, and writing to them does not.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

t.test(
  'a file that cannot be replaced stays as it was, and nothing is left beside it',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'intake-disk-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'kept')
    await writeFile(file, 'before')
    const disk = new URL('../src/disk.ts', import.meta.url)
    const program = `
    import { replaceFile } from ${JSON.stringify(disk)}
    for (let count = 0; count < 3; count += 1) {
      await replaceFile(${JSON.stringify(file)}, 'after').catch(({ code }) => console.log(code))
    }`
    // What a test run adds to a process writes files of its own.
    const limited = 'unset NODE_OPTIONS; ulimit -f 0; exec "$@"'
    const args = ['-c', limited, 'sh', process.execPath, '--input-type=module', '-e', program]
    const { stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' })
    t.equal(stdout, 'EFBIG\n'.repeat(3), stderr)
    t.same(await readdir(folder), ['kept'])
    t.equal(await readFile(file, 'utf8'), 'before')
  },
)
