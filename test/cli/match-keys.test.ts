// Goal: `intake match-keys` shows of each person in a file what the recipe makes, says where a file
// cannot be read, and quotes none of it in an error.
// Method: the command as a process of its own, on files made for it; the vectors for what it prints.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { MatchKey } from '../../src/protocol/matching/matchkeys.ts'
import vectors from '../vectors/match-keys-2.json' with { type: 'json' }
import { folderOf, intake } from './run.ts'

type Listed = {
  row?: number
  keys: MatchKey[]
  problems: { pointer: string; detail: string }[]
  unread: string[]
}

const listed = async (input: string): Promise<Listed[]> => {
  const { code, out, err } = await intake(['match-keys', '-', '--json'], {}, input)
  if (err !== '') throw new Error(err)
  const { people }: { people: Listed[] } = JSON.parse(out)
  const isWhole = people.every(({ problems }) => problems.length === 0)
  if (code !== (isWhole ? 0 : 1)) throw new Error(`the exit code is ${code}`)
  return people
}
const keysOf = (person: Listed | undefined) =>
  person?.keys.map(({ type, value }) => `${type} ${value}`)

t.test('the keys of a draft are those of the person in it', async (t) => {
  const ran = await intake(['match-keys', 'examples/referrals/telephone-01.json'])
  t.equal(ran.code, 0, ran.err)
  t.match(ran.out, /^The person: \d+ keys\n/)
  t.match(ran.out, /^ {2}N {10}hashim mahboob$/m)
  t.match(ran.out, /^ {2}T_D {8}mahboob\|2008-02-02$/m)
  t.match(ran.out, /^ {2}I_D {8}h m\|2008-02-02$/m)
})

t.test('a draft that could not be sealed is refused, field by field', async (t) => {
  const draft = { channel: 'internal', region: 'kent', referral: { identity: { familynam: 'x' } } }
  const [person] = await listed(JSON.stringify(draft))
  t.same(person?.keys, [])
  t.match(person?.problems, [{ pointer: '/referral/identity/familynam' }])
})

t.test('a referral that lacks a compartment is refused, not read in part', async (t) => {
  const identity = { givenNames: 'Selam', familyName: 'not_asked', dateOfBirth: { year: 1994 } }
  const [person] = await listed(JSON.stringify({ identity }))
  t.match(person, { keys: [], problems: [{ detail: 'must be answered.' }] })
})

t.test('a person in JSON has the keys that are published', async (t) => {
  const index = vectors.people.findIndex(({ keys }) => keys.length === 40)
  const { person, keys } = vectors.people[index]!
  const { identifiers = [], ...others } = person as { identifiers?: { type: string }[] }
  const known = identifiers.filter(({ type }) => type !== 'bus_pass')
  const [found] = await listed(JSON.stringify({ ...others, identifiers: known }))
  t.same(found?.problems, [])
  t.same(found?.keys, keys)
})

t.test('of a table each row is a person', async (t) => {
  const table = [
    '\uFEFFgiven,family,other,other,birth,year,phone,phone,reference,type,reference',
    'Yusuf,"al-Hassan",,,1990-12-03,,07700 900123,none,12,cid,1234-5678-9012-3456',
    '',
    ' Selam , "Haile, Hagos" ,ሰላም,,,1994',
    'Abebe,Kebede,"","line\nbreak",03/12/1990,,,,,,',
    ',,,,,ninety,,,A1,passport,',
    'a,b,c,d,1990-12-03,,,,,,,one too many',
  ]
  const people = await listed(table.join('\r\n'))
  t.same(
    people.map(({ row }) => row),
    [2, 4, 5, 6, 7],
  )
  const [first, second, third, fourth, fifth] = people
  t.match(keysOf(first), [
    'REF_uan 1234-5678-9012-3456',
    'REF_cid 000000012',
    'PHONE 447700900123',
    'N hassan yusuf',
  ])
  t.same(first?.unread, ['/phones/1'])
  t.equal(keysOf(second)?.[0], 'N hagos haile selam')
  t.match(third, { keys: [], problems: [{ pointer: '/dateOfBirth/date' }] })
  t.match(fourth?.problems, [{ pointer: '/dateOfBirth/year' }, { pointer: '/identifiers/0/type' }])
  t.match(fifth?.problems, [{ pointer: '', detail: /more cells/ }])
})

t.test('a file is read like standard input, and one that is not there is named', async (t) => {
  const file = join(await folderOf(t), 'people.csv')
  await writeFile(file, 'year,family,reference\n1994,Okonkwo\n1994,\n,,"\u001b[2Jx"\n')
  const ran = await intake(['match-keys', file])
  t.equal(ran.code, 0, ran.err)
  t.match(ran.out, /^Row 2: 1 key\n {2}MH3_Y {6}[\d.]+\|1994\nRow 3: 0 keys\n/)
  t.match(ran.out, /REF_port {3}\\u\{1b\}\[2JX/, 'a stranger does not move the cursor')
  t.match(await intake(['match-keys', `${file}.not`]), { code: 1, err: /there is no such file/ })
})

t.test('an error names the place, and quotes nothing of the file', async (t) => {
  const files = {
    'no header': 'Adeyemi,Folake\n',
    'a broken quote': 'given,family\nSelam,"Adeyemi"Folake\n',
    'broken JSON': '{"familyName": "Adeyemi", Folake}',
    'not UTF-8': '',
  }
  for (const [name, text] of Object.entries(files)) {
    const file = join(await folderOf(t), 'file')
    const latin1 = Buffer.from('given,family\nFolak\xe9,Adeyemi\n', 'latin1')
    await writeFile(file, name === 'not UTF-8' ? latin1 : text)
    const { code, out, err } = await intake(['match-keys', file])
    t.equal(code, 1, name)
    t.equal(out, '', name)
    t.ok(err.includes(file), name)
    t.notMatch(err, /Adeyemi|Folak/, name)
  }
  const many = `given\n${'x'.repeat(17 * 1024 * 1024)}`
  const file = join(await folderOf(t), 'large.csv')
  await writeFile(file, many)
  t.match(await intake(['match-keys', file]), { code: 1, err: /too large/ })
})

t.test('the help says that it prints personal data', async (t) => {
  const { out } = await intake(['match-keys', '--help'])
  t.match(out, /personal data/)
})
