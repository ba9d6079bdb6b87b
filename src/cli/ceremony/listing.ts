/** How the flags of a ceremony name what its documents list, and what a flag says of the file before it. */
import { shown } from '../../client/index.ts'
import { type CompartmentName, compartmentNames } from '../../referral/compartment.ts'
import { type Input, UsageError } from '../command.ts'

/** A file that the flag `by` names, and what the flags behind it say of it. */
export type Named<Said extends string> = { readonly by: string; readonly file: string } & {
  readonly [name in Said]?: string
}

/**
 * Each file that one of the flags `by` names, with what stands behind it.
 *
 * @throws UsageError for a flag of `said` that is about no file, or about one twice
 */
export function namedIn<Said extends string>(
  { flags }: Input,
  by: readonly [string, ...string[]],
  said: readonly Said[],
): Named<Said>[] {
  const named: { by: string; file: string; [name: string]: string }[] = []
  for (const { name, value = '' } of flags) {
    if (by.includes(name)) named.push({ by: name, file: value })
    if (!(said as readonly string[]).includes(name)) continue
    const last = named.at(-1)
    if (!last) throw new UsageError(`--${name} stands behind the --${by[0]} that it is about`)
    if (last[name] !== undefined) throw new UsageError(`${shown(last.file)} has two --${name}`)
    last[name] = value
  }
  return named as Named<Said>[]
}

/** Compartments in the order of the protocol, of which `all` is a name. @throws UsageError */
export function compartmentsOf(
  { by, file, compartments: text }: Named<'compartments'>,
  usual?: string,
): CompartmentName[] {
  const given = text ?? usual
  if (given === undefined) {
    throw new UsageError(`--compartments is missing behind --${by} ${shown(file)}`)
  }
  if (given === 'all') return [...compartmentNames]
  const names = given.split(',').map((name) => name.trim())
  const known = compartmentNames.filter((name) => names.includes(name))
  if (known.length === names.length) return known
  throw new UsageError(
    `--compartments is all, or some of ${compartmentNames.join(', ')}, each once, with commas`,
  )
}

/** What is called so behind a file. @throws UsageError if it is not said */
export function labelOf({ by, file, label }: Named<'label'>, usual?: string): string {
  const given = label || usual
  if (given) return given
  throw new UsageError(`--label is missing behind --${by} ${shown(file)}`)
}

/**
 * The list with what is named and without what is taken out; `undefined` where it stays the same.
 *
 * @throws UsageError for a key that is named twice
 */
export function replaced<Item extends { kid: string }>(
  listed: readonly Item[],
  named: readonly Item[],
  without: readonly string[],
): Item[] | undefined {
  const twice = named.find(({ kid }, index) => named.findIndex((it) => it.kid === kid) !== index)
  if (twice) throw new UsageError(`the key ${twice.kid} is named twice`)
  const stays = listed.filter(({ kid }) => !without.includes(kid))
  if (named.length === 0 && stays.length === listed.length) return undefined
  const isListed = ({ kid }: Item) => stays.some((item) => item.kid === kid)
  return [
    ...stays.map((item) => named.find(({ kid }) => kid === item.kid) ?? item),
    ...named.filter((item) => !isListed(item)),
  ]
}
