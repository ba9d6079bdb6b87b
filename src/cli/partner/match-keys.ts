import { readFile, stat } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { shown } from '../../client/index.ts'
import { type MatchKey, matchKeys, type Person } from '../../protocol/matching/matchkeys.ts'
import { matchKeysRecipe } from '../../protocol/trust/keyset.ts'
import type { Command } from '../command.ts'
import { columns, type Found, peopleIn } from './people.ts'

/** A hundred thousand people or so. */
const fileBytesMax = 16 * 1024 * 1024

type Listed = Omit<Found, 'person'> & {
  readonly keys: readonly MatchKey[]
  /** Pointers of what is in the person and makes no key, for it cannot be read. */
  readonly unread: readonly string[]
}

/** `intake match-keys`. */
export const matchKeysCommand: Command = {
  operands: 'FILE',
  summary: 'List the plain match keys of people, to see why two do or do not match.',
  details: `What it prints is personal data: names, birth dates, numbers. Nothing is sent or stored.

FILE is a draft or a referral in JSON, as \`intake check\` takes it; or a person in JSON: familyName,
givenNames, otherNames, dateOfBirth { date, year }, identifiers [{ type, value }], phones; or
comma-separated text in UTF-8 with a header, a person in each row. \`-\` is standard input.

Columns: ${columns.join(', ')}.
birth is yyyy-mm-dd; year is for where only that is known. type, behind its reference, is a type of
identifier (uan, cid, prison_number…), port_reference if left empty. A column may be there more than once.

Exit code 1 if anybody could not be read.`,
  options: {},
  operandsMin: 1,
  operandsMax: 1,
  async run({ operands: [file = '-'] }) {
    const place = file === '-' ? 'standard input' : file
    const people = peopleIn(await bytesOf(file, place), place).map(listed)
    return {
      value: { recipe: matchKeysRecipe, people },
      text: people.length > 0 ? people.map(wordsOfListed).join('\n') : 'Nobody is in it.',
      failed: people.some(({ problems }) => problems.length > 0),
    }
  },
}

async function bytesOf(file: string, place: string): Promise<Uint8Array> {
  const size = file === '-' ? 0 : (await stat(file)).size
  const bytes =
    size > fileBytesMax ? undefined : await (file === '-' ? buffer(process.stdin) : readFile(file))
  if (bytes === undefined || bytes.length > fileBytesMax) throw new Error(`${place} is too large`)
  return bytes
}

function listed({ person = {}, ...found }: Found): Listed {
  return { ...found, keys: matchKeys(person), unread: unreadOf(person) }
}

function unreadOf({ identifiers = [], phones = [] }: Person): string[] {
  const isUnread = (part: Person) => matchKeys(part).length === 0
  return [
    ...identifiers.map((identifier, index) =>
      isUnread({ identifiers: [identifier] }) ? [`/identifiers/${index}`] : [],
    ),
    ...phones.map((phone, index) => (isUnread({ phones: [phone] }) ? [`/phones/${index}`] : [])),
  ].flat()
}

function wordsOfListed({ row, problems, keys, unread }: Listed): string {
  const who = row === undefined ? 'The person' : `Row ${row}`
  const count = keys.length === 1 ? '1 key' : `${keys.length} keys`
  const first = problems.length > 0 ? `${who} cannot be read` : `${who}: ${count}`
  const lines = [
    ...problems.map(({ pointer, detail }) => `${shown(pointer || '/')} ${shown(detail)}`),
    ...keys.map(({ type, value }) => `${type.padEnd(10)} ${shown(value)}`),
    ...unread.map((pointer) => `${pointer} makes no key: it is of no form that is known`),
  ]
  return [first, ...lines.map((line) => `  ${line}`)].join('\n')
}
