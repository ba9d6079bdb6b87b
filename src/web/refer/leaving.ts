/** Away from the form in one press, and not back into it by the browser's way back. */
import { pinned } from './pinned.ts'

/** Browsers may keep a page that was left as it was, with what stands here. */
let isGone = false

/** Another page takes the place of this one. */
export function leave(): void {
  isGone = true
  location.replace(pinned.exit)
}

export function hasLeft(): boolean {
  return isGone
}
