/** The page of an exported log. */
import type { LogPage } from '../../../scripts/logpage.ts'

/**
 * Returns the page as it is built. From sources it is built on the spot; the client package and the image
 * hold it built instead of this (scripts/plugins.ts).
 *
 * @throws Error where neither it nor what builds it is installed
 */
export async function builtPage(): Promise<LogPage> {
  const { buildLogPage } = await import('../../../scripts/logpage.ts')
  return buildLogPage()
}
