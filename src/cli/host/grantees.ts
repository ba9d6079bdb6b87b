/** Readers beside the recipients, whom the next directory lists: a volunteer clinician, an interpreter. */
import type { Grantee } from '../../protocol/trust/directory.ts'
import { compartmentsOf, labelOf, type Named, namedIn, replaced } from '../ceremony/listing.ts'
import { readRecipientHalf } from '../ceremony/publichalf.ts'
import { type Input, type Option, UsageError } from '../command.ts'
import { momentOf } from './usage.ts'

/** The flags that name them. */
export const granteeOptions: Readonly<Record<string, Option>> = {
  grantee: { value: 'FILE', many: true, help: 'Who may be granted compartments: a .pub file.' },
  label: { value: 'TEXT', many: true, help: 'What people call the grantee before it.' },
  compartments: { value: 'LIST', many: true, help: 'What it may be granted: names with commas.' },
  until: { value: 'TIME', many: true, help: 'From then on it opens nothing.' },
  without: { value: 'KID', many: true, help: 'The id of a grantee to take out.' },
}

/**
 * The grantees that are listed, with those that the call names, each in the place of one of the same id.
 *
 * @throws UsageError for `--without` of an id that none has, and as of the flags of a keyset
 */
export async function granteesIn(input: Input, listed: readonly Grantee[]): Promise<Grantee[]> {
  const without = input.texts('without')
  if (without.some((kid) => listed.every((grantee) => grantee.kid !== kid))) {
    throw new UsageError('--without takes the id of a grantee of the newest directory')
  }
  const said = ['label', 'compartments', 'until'] as const
  const named = await Promise.all(namedIn(input, ['grantee'], said).map(granteeOf))
  return replaced(listed, named, without) ?? [...listed]
}

async function granteeOf(named: Named<'label' | 'compartments' | 'until'>): Promise<Grantee> {
  const [label, compartments] = [labelOf(named), compartmentsOf(named)]
  const until = named.until === undefined ? undefined : momentOf(named.until, 'until')
  const { kid, publicKey, signingKey } = await readRecipientHalf(named.file)
  const end = until && { until: until.toISOString() }
  return { kid, label, publicKey, signingKey, compartments, ...end }
}
