/**
 * What the page beside an exported log is given: each file as a script that hands over its text, for a page
 * from disk cannot fetch its neighbours. `intake audit export` writes it, and `src/web/log` reads it.
 */
import type { Static, TSchema } from 'typebox'
import * as Type from 'typebox'
import { EntriesPage } from '../audit/schemas.ts'
import { tileWidth } from '../protocol/log/tile.ts'
import { Bytes32, Instant, Uuid } from '../referral/format.ts'
import { schemaProblems } from '../referral/problems.ts'
import { tolerant } from './tolerant.ts'

/** As many entries as the page shows at most, the newest: of these a browser on a laptop holds all. */
export const pageEntriesMax = 131_072

/** The name of the script's text with what is known of the log as a whole. */
export const aboutFile = 'about'

/** The name of part `part` of the openings: lines, each a `PageOpening`. */
export function openingsFile(part: number): string {
  return `openings/${part}`
}

const Count = Type.Integer({ minimum: 0 })

const PageAbout = Type.Object({
  /** Which log. */
  origin: Type.String(),
  /** When the folder was written. */
  written: Instant,
  /** Of how many entries the checkpoint is. */
  size: Count,
  /** The first entry that is in the page: 0, or a multiple of 256 where the log is too long for it. */
  first: Type.Integer({ minimum: 0, multipleOf: tileWidth }),
  /** How many parts the openings have. */
  openings: Type.Integer({ minimum: 0, maximum: 1000 }),
  /** The newest keyset then, as far as the log is concerned: a pinned root signed it. */
  keyset: Type.Object({
    version: Count,
    origin: Type.String(),
    log: Type.Object({
      publicKeys: Type.Array(Bytes32),
      witnesses: Type.Array(Type.String()),
      quorum: Count,
    }),
  }),
  /** The recipients that it names. */
  recipients: Type.Array(Type.Object({ kid: Type.String(), label: Type.String() })),
})
/** What the page is told of the log as a whole. */
export type PageAbout = Static<typeof PageAbout>

const { opening } = EntriesPage.properties.entries.items.properties
const PageOpening = tolerant(Type.Object({ id: Uuid, opening }))
/** Of one entry what opens its commitments. */
export type PageOpening = Static<typeof PageOpening>

/** Reads `aboutFile`; `undefined` for what is none. */
export function parseAbout(text: string): PageAbout | undefined {
  const about = parsed(PageAbout, text)
  return about && about.size - about.first <= pageEntriesMax ? about : undefined
}

/** Reads a line of `openingsFile`; `undefined` for what is none. */
export function parseOpening(line: string): PageOpening | undefined {
  return parsed(PageOpening, line)
}

function parsed<Schema extends TSchema>(schema: Schema, text: string): Static<Schema> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return schemaProblems(schema, value).length === 0 ? (value as Static<Schema>) : undefined
  } catch {
    return undefined
  }
}
