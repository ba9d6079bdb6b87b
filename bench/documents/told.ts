/** What a client of this bench is told, as one line of JSON: what to do with which file, where, and by whose token. */
import type { Attachment } from '../../src/client/index.ts'

export type Told = {
  readonly act: 'up' | 'down' | 'raw up' | 'raw down'
  readonly url: string
  readonly token: string
  readonly file: string
  readonly referralId: string
  /** Of what is fetched and opened. */
  readonly attachment?: Attachment
}
