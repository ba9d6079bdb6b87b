/** Sealed files: where they stand, and how much is taken. */
import type { Environment } from './server.ts'
import { integer } from './values.ts'

export type DocumentConfig = {
  /** A folder that all replicas share. */
  readonly documentsFolder: string
  /** The largest file, as its sender has it. */
  readonly fileMegabytesMax: number
  readonly clientMegabytesPerDay: number
}

export function readDocuments(
  environment: Environment,
  dataFolder: string,
  faults: string[],
): DocumentConfig {
  return {
    documentsFolder: environment.DOCUMENTS_DIR || `${dataFolder}/documents`,
    // A scanned bundle of a hearing; a film of an injury is longer, and is cut.
    fileMegabytesMax: integer(environment, 'DOCUMENT_MB_MAX', 200, 1, 4_000, faults),
    clientMegabytesPerDay: integer(
      environment,
      'DOCUMENTS_MB_PER_DAY',
      5_000,
      1,
      1_000_000,
      faults,
    ),
  }
}
