/** What a signature would change, in words for the person who holds the key. */
import type { Directory } from '../../protocol/trust/directory.ts'
import type { Keyset, Recipient } from '../../protocol/trust/keyset.ts'

/** What a keyset changes against the one before; against none, all that it says. */
export function keysetChanges(next: Keyset, previous: Keyset | undefined): string[] {
  return [
    ...listChanges('root key', next.roots, previous?.roots),
    ...(next.directory.kid === previous?.directory.kid
      ? []
      : [`The directory is signed by ${next.directory.kid}.`]),
    ...recipientChanges(next.recipients, previous?.recipients ?? []),
    ...listChanges('protocol', next.protocols, previous?.protocols),
    ...matchingChanges(next, previous),
    ...listChanges('log key', next.log.publicKeys, previous?.log.publicKeys),
    ...listChanges('witness', next.log.witnesses, previous?.log.witnesses),
    ...(next.log.quorum === (previous?.log.quorum ?? 0)
      ? []
      : [`${next.log.quorum} witnesses must cosign.`]),
    ...(next.log.origin === previous?.log.origin ? [] : [`The log is ${next.log.origin}.`]),
    ...next.revokes.map(
      (version) =>
        `Revokes version ${version}: the service takes nothing new under it, and readers are warned of its lost keys.`,
    ),
    `Issued ${next.issuedAt}, to be renewed by ${next.refreshBy}, expires ${next.expiresAt}.`,
  ]
}

/** What a directory changes against the one before; against none, all that it says. */
export function directoryChanges(next: Directory, previous: Directory | undefined): string[] {
  return [
    ...listChanges('signing key', signersOf(next), previous && signersOf(previous)),
    ...listChanges('grantee', granteesOf(next), previous && granteesOf(previous)),
    `${next.referrers.length} organisations may refer. Issued ${next.issuedAt}.`,
  ]
}

function recipientChanges(next: readonly Recipient[], previous: readonly Recipient[]): string[] {
  const before = new Map(previous.map((recipient) => [recipient.kid, recipient]))
  const after = new Set(next.map(({ kid }) => kid))
  return [
    ...next.flatMap((recipient) => {
      const old = before.get(recipient.kid)
      return old
        ? changedRecipient(recipient, old)
        : [`Adds the recipient ${described(recipient)}.`]
    }),
    ...previous
      .filter(({ kid }) => !after.has(kid))
      .map(({ label, kid }) => `Removes the recipient ${label} (${kid}).`),
  ]
}

function changedRecipient(next: Recipient, old: Recipient): string[] {
  const name = `The recipient ${old.label} (${old.kid})`
  const gained = next.compartments.filter((part) => !old.compartments.includes(part))
  const lost = old.compartments.filter((part) => !next.compartments.includes(part))
  return [
    ...(next.label === old.label ? [] : [`${name} is now called ${next.label}.`]),
    ...(gained.length > 0 ? [`${name} may also open ${gained.join(', ')}.`] : []),
    ...(lost.length > 0 ? [`${name} may no longer open ${lost.join(', ')}.`] : []),
    ...(next.required === old.required
      ? []
      : [`${name} is ${next.required ? 'now' : 'no longer'} required in every envelope.`]),
    ...(next.recovery === old.recovery
      ? []
      : [`${name} is ${next.recovery ? 'now' : 'no longer'} a recovery key.`]),
    ...(next.signingKey === old.signingKey
      ? []
      : [`${name} signs with another key, ${next.signingKey} instead of ${old.signingKey}.`]),
  ]
}

function described(recipient: Recipient): string {
  const { label, kid, signingKey, compartments, required, recovery } = recipient
  const kind = `${required ? 'required' : 'not required'}${recovery ? ', for recovery' : ''}`
  // As its .pub file has it: a host that put its own key here would sign in the recipient's name.
  const signs = `signs with ${signingKey}`
  return `${label} (${kid}), ${kind}, who may open ${compartments.join(', ')} and ${signs}`
}

function matchingChanges({ matching }: Keyset, previous: Keyset | undefined): string[] {
  const before = previous?.matching ?? []
  const isIn = (list: Keyset['matching'], epoch: number) =>
    list.some((listed) => listed.epoch === epoch)
  return [
    ...matching
      .filter(({ epoch }) => !isIn(before, epoch))
      .map((epoch) => `Adds the matching epoch ${describedEpoch(epoch)}.`),
    ...before
      .filter(({ epoch }) => !isIn(matching, epoch))
      .map(
        ({ epoch }) =>
          `Removes the matching epoch ${epoch}: what was blinded under it matches nothing any more.`,
      ),
  ]
}

function describedEpoch({ epoch, holders, types, argon2id, recipe }: Keyset['matching'][number]) {
  const held =
    holders.length > 1 ? `held in two parts, ${holders.join(' and ')}` : `held whole, ${holders}`
  const stretched = `Argon2id ${argon2id.passes} × ${argon2id.memoryKiB} KiB`
  return `${epoch} (${held}; ${recipe}: ${types.join(' ')}; ${stretched})`
}

function signersOf({ referrers }: Directory): string[] {
  return referrers.flatMap(({ label, organisation, signingKeys }) =>
    signingKeys.map(({ kid, from, until, compromisedFrom }) => {
      const ends = `${until ? `, until ${until}` : ''}`
      const broken = `${compromisedFrom ? `, compromised from ${compromisedFrom}` : ''}`
      return `${kid} of ${label} (${organisation}), from ${from}${ends}${broken}`
    }),
  )
}

function granteesOf({ grantees }: Directory): string[] {
  return grantees.map(({ kid, label, signingKey, compartments, until }) => {
    const end = until ? `, until ${until}` : ''
    return `${label} (${kid}, signs with ${signingKey}) for ${compartments.join(', ')}${end}`
  })
}

function listChanges(
  what: string,
  next: readonly string[],
  previous: readonly string[] = [],
): string[] {
  return [
    ...next.filter((item) => !previous.includes(item)).map((item) => `Adds the ${what} ${item}.`),
    ...previous
      .filter((item) => !next.includes(item))
      .map((item) => `Removes the ${what} ${item}.`),
  ]
}
