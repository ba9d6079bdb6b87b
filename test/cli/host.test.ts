/** Goal: whoever runs a command on the host knows which database it wrote to, and makes none by mistake. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { cloneDatabase } from '../helpers/postgres.ts'
import { start } from '../helpers/process.ts'
import { called, tooWide } from './run.ts'

const folder = await mkdtemp(join(tmpdir(), 'intake-host-'))
const databases = await cloneDatabase()
t.teardown(async () => {
  await databases.drop()
  await rm(folder, { recursive: true, force: true })
})
const none = {
  ...{ DATABASE_OWNER_URL: '', DATABASE_URL: '' },
  ...{ DATA_DIR: folder, ORIGIN: 'intake.test' },
}
const { hostname, port, pathname, password } = new URL(databases.ownerUrl)
const place = `${hostname}:${port}${pathname}`

async function intake(variables: Record<string, string>, ...words: string[]) {
  const command = [process.execPath, 'src/cli/intake.js', ...words]
  const { ended, output } = start(t, { ...none, ...variables }, command)
  const code = await ended
  t.same(words.includes('--json') ? [] : tooWide(output()), [], words.join(' '))
  return { code, said: output().replace(/\n +\| /g, ' ') }
}

t.test('without a database that is named, nothing is made', async (t) => {
  const calls = [
    ['admin', 'migrate'],
    ['admin', 'organisation', 'add', 'The charity'],
    ['keyset', 'draft', '--out', join(folder, 'k.json')],
    ['directory', 'draft', '--out', join(folder, 'd.json')],
  ]
  for (const words of calls) {
    const { code, said } = await intake({}, ...words)
    t.equal(code, 1, words.join(' '))
    t.match(said, /DATABASE_OWNER_URL is not set.*--trial/)
  }
  t.notOk(existsSync(join(folder, 'postgres')))
})

t.test('each command names the database, and never its password', async (t) => {
  const url = { DATABASE_OWNER_URL: databases.ownerUrl }
  for (const words of [['migrate'], ['organisation', 'add', 'The charity'], ['client', 'list']]) {
    const { code, said } = await intake(url, 'admin', ...words, '--json')
    t.equal(code, 0, said)
    t.equal(JSON.parse(said).database, place)
    t.notMatch(said, password)
  }
  const both = await intake(url, 'admin', 'migrate', '--trial')
  t.match(both, { code: 1, said: /--trial.*DATABASE_OWNER_URL/ })
})

t.test('a login, a name or an address that is wrong is one sentence', async (t) => {
  const rows: [string, RegExp][] = [
    [databases.ownerUrl.replace(password, 'wrong'), /^DATABASE_OWNER_URL: .* login intake_owner/],
    [databases.ownerUrl.replace(pathname, '/nowhere'), /has no database nowhere/],
    ['postgres://a/b', /^DATABASE_OWNER_URL must be postgres:/],
  ]
  for (const [DATABASE_OWNER_URL, said] of rows) {
    const answer = await intake({ DATABASE_OWNER_URL }, 'admin', 'client', 'list')
    t.match(answer, { code: 1, said })
    t.equal(answer.said.trim().split('\n').length, 1)
    t.notMatch(answer.said, password)
  }
})

t.test('clients are listed for people, each under its organisation', async (t) => {
  const url = { DATABASE_OWNER_URL: databases.ownerUrl }
  const run = async (...words: string[]) => (await intake(url, 'admin', ...words)).said
  const added = await run('organisation', 'add', 'Harbour Law')
  const [, id = ''] = /^organisation id +(\S+)\ndatabase +\S+$/.exec(added.trim()) ?? []
  const flags = ['--organisation', id, '--label', 'Harbour Law client', '--kind', 'partner']
  const client = await run('client', 'add', ...flags, '--scope', 'referrals:submit')
  const [, clientId = ''] = /^client id +(\S+)\nscopes +referrals:submit$/m.exec(client) ?? []
  await run('client', 'disable', clientId)
  const lines = [
    `Clients in ${place}`,
    '',
    `Harbour Law  ${id}`,
    `  partner   ${clientId}  Harbour Law client, disabled DAY`,
    '    may referrals:submit',
  ]
  const listed = (await run('client', 'list')).trim()
  t.equal(listed.replace(/disabled \d{4}-\d\d-\d\d/, 'disabled DAY'), lines.join('\n'))
})

t.test('the trial database is made on the word --trial', async (t) => {
  const { code, said } = await intake({}, 'admin', 'migrate', '--trial', '--json')
  t.equal(code, 0, said)
  t.match(JSON.parse(said).database, /^127\.0\.0\.1:\d+\/intake \(trial, under .*postgres\)$/)
})

t.test(
  'a wrong call exits with 2 before any database is asked, and says what is right',
  async (t) => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8057'
    const client = ['client', 'add', '--organisation', id, '--label', 'x']
    const calls: [readonly string[], RegExp][] = [
      [[], /begins several commands: intake admin --help lists them/],
      [['organisation', 'remove', id], /no such command/],
      [['migrate', 'now'], /too many words/],
      [['migrate', '--kid', 'x'], /--kid is not a flag of this command/],
      [['migrate', '--nothing'], /--nothing is not a flag of this command/],
      [['organisation', 'add'], /LABEL is missing/],
      [['organisation', 'disable'], /ID is missing/],
      [['organisation', 'disable', 'notanid'], /ID is not an id/],
      [['client', 'disable', 'notanid'], /ID is not an id/],
      [client, /--kind is missing/],
      [[...client, '--kind', 'friend'], /--kind is partner, internal or auditor/],
      [[...client, '--kind', 'partner', '--scope', 'all'], /--scope is one of referrals:submit, /],
      [
        ['client', 'add', '--organisation', 'x', '--label', 'x', '--kind', 'partner'],
        /is not an id/,
      ],
      [['signing-key', 'add', '--organisation', id], /--public-key is missing/],
      [['signing-key', 'end'], /KID is missing/],
      [['signing-key', 'end', 'k', '--until', 'soon'], /--until is not a time such as 20/],
      // One kid in 64 begins with a dash.
      [
        ['signing-key', 'end', '-f-yWxh-GN4DUtpgFxYrVQ', '--until', 'soon'],
        /--until is not a time/,
      ],
      [
        ['signing-key', 'end', '--fyWxh-GN4DUtpgFxYrVQ', '--until', 'soon'],
        /--until is not a time/,
      ],
      [['signing-key', 'end', '-a'], /-a is not a flag of this command/],
      [['migrate', '-f-yWxh-GN4DUtpgFxYrVQ'], /-f is not a flag of this command/],
      [['token', '--client', id], /--out is missing/],
      [
        ['token', '--client', id, '--out', 'x', '--minutes', 'abc'],
        /--minutes is a whole number from 1 to 1440/,
      ],
    ]
    for (const [words, said] of calls) {
      const { code, err } = await called(t, ['admin', ...words], none)
      t.match({ code, err }, { code: 2, err: said }, words.join(' '))
    }
  },
)
