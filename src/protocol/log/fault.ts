/**
 * What can be wrong with a log, its files or a proof from it. The list is closed: whoever shows a
 * fault in words has a case for each, and a new one does not compile until it has.
 */
export type LogFaultCode =
  // Files that cannot be read as what they should be.
  | 'note-malformed'
  | 'key-malformed'
  | 'checkpoint-malformed'
  | 'policy-malformed'
  | 'proof-malformed'
  | 'tile-malformed'
  | 'entries-malformed'
  // Files that a log of this size must have.
  | 'checkpoint-missing'
  | 'tile-missing'
  | 'entries-missing'
  // Who says so.
  | 'unsigned'
  | 'signature-wrong'
  | 'origin-wrong'
  // What the hashes say.
  | 'entry-wrong'
  | 'tile-wrong'
  | 'root-wrong'
  | 'inclusion-wrong'
  | 'inconsistent'
  | 'rolled-back'

/** Where a fault is: the first entry or the file that it concerns. */
export interface LogFaultPlace {
  /** Index of the first entry that is wrong, from 0. */
  index?: number
  /** Path of the file, below the log's prefix. */
  path?: string
}

/** Something is wrong with a log or with a file from it. */
export class LogFault extends Error {
  override readonly name = 'LogFault'
  readonly code: LogFaultCode
  readonly place: LogFaultPlace

  constructor(code: LogFaultCode, detail: string, place: LogFaultPlace = {}) {
    super(detail)
    this.code = code
    this.place = place
  }
}
