/** Reading a list page by page. */
import type { Input, Option } from '../command.ts'

/** @param which - those that come first, such as `the oldest` */
export function pageOptions(which: string): Readonly<Record<string, Option>> {
  return {
    limit: { value: 'N', help: `At most so many, ${which}: 1 to 200, else 50.` },
    cursor: { value: 'CURSOR', help: 'Read on where the page before ended.' },
  }
}

/** The page that is asked for. @throws UsageError */
export function pageOf(input: Input): { limit: number; cursor?: string } {
  const cursor = input.text('cursor')
  return { limit: input.whole('limit', 1, 200) ?? 50, ...(cursor !== undefined && { cursor }) }
}

/** How to get the next page, if there is one. */
export function moreWords(next: string | undefined): string[] {
  if (next === undefined) return []
  // It is copied into a shell.
  if (!/^[A-Za-z0-9_-]{1,120}$/.test(next)) return ['More: under a cursor that is none.']
  return [`More: --cursor=${next}`]
}
