/** The door for people without an account: which pages use it, and from where people come. */
import { isOrigin } from './access.ts'
import type { Environment } from './server.ts'

export type DoorConfig = {
  /** The origins of the pages that may call the open routes from a browser. */
  readonly formOrigins: readonly string[]
}

export function readDoor(environment: Environment, faults: string[]): DoorConfig {
  const formOrigins = list(environment.FORM_ORIGINS)
  if (!formOrigins.every((origin) => isOrigin(origin) && !origin.endsWith('/'))) {
    faults.push(
      'FORM_ORIGINS must be origins of pages with commas between: https://refer.example.org',
    )
  }
  return { formOrigins }
}

/** What stands between commas. */
export function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
