/** The list of erasures as a file, which the thread that answers adds to, and the one of the background work. */
import { appendLines, readIfThere, replaceFile } from '../disk.ts'
import type { ErasureList } from '../erasure/restoring.ts'

/** The list in `file`, and its sum beside it. */
export function erasureListAt(file: string): ErasureList {
  const sumFile = `${file}.sum`
  return {
    file,
    read: () => readIfThere(file),
    append: (lines) => appendLines(file, lines),
    readSum: () => readIfThere(sumFile),
    writeSum: (sum) => replaceFile(sumFile, sum),
  }
}
