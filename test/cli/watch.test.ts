import { EventEmitter } from 'node:events'
import t from 'tap'
import { linesOf } from '../../src/cli/recipient/board.ts'
import { openScreen } from '../../src/cli/screen.ts'
import { newId, type Summary } from '../../src/client/index.ts'
import { build } from '../helpers/build.ts'
import { databaseApart } from '../helpers/postgres.ts'
import { refer } from '../helpers/referral.ts'
import { intake, partyOf, running } from './run.ts'

const figures = { waiting: 1_234, leased: 56, escalated: 7, parked: 8, overdue: 89 }
const summary: Summary = {
  ...{ at: '2026-07-01T11:00:00.000Z', ...figures },
  byUrgency: { immediate: figures, urgent: figures, soon: figures, standard: figures },
  byRegion: [],
}
const now = new Date('2026-07-01T11:00:05Z')
const item = (changes: object) => ({
  ...{ itemId: newId(), caseId: newId(), referralIds: [], references: ['57200004'] },
  ...{ state: 'waiting', urgency: 'immediate', regions: ['northern_ireland'] },
  ...{
    channels: ['medical_professional'],
    organisations: [],
    unverified: false,
    lapses: 0,
    attempts: 0,
  },
  ...{ dueAt: '2026-06-28T10:00:00.000Z', ...changes },
})

t.test('the board fits a terminal, however much there is, and says what is overdue', async (t) => {
  const waiting = [
    item({}),
    item({ dueAt: '2026-07-01T11:35:10.000Z', references: ['57200004', '12345678'] }),
    item({ urgency: 'a_word_of_a_newer_service', regions: ['\u202eevil\u001b[2J'.repeat(9)] }),
    ...Array.from({ length: 50 }, () => item({ unverified: true })),
  ]
  const itemId = waiting[0]?.itemId ?? ''
  const change = { id: 'x', type: 'claimed', itemId, caseId: newId(), at: summary.at }
  const changes = Array.from({ length: 40 }, () => change)
  const references = new Map([[itemId, '57200004']])
  for (const rows of [1, 8, 24, 40]) {
    const board = { summary, waiting, changes, references, trouble: 'x'.repeat(300) }
    const lines = linesOf(board, now, rows)
    t.ok(lines.length <= rows, `${lines.length} of ${rows}`)
    t.same(
      lines.filter((line) => line.length > 80),
      [],
    )
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
    t.notMatch(lines.join('\n'), /[\u202e\u001b]/)
  }
  const lines = linesOf({ summary, waiting, changes, references, trouble: undefined }, now, 24)
  t.match(lines[0], 'The queue at 2026-07-01 12:00:00')
  t.match(lines[4], /^overdue 3 days +Immediate +Northern Ireland +Medical professional +57200004$/)
  t.match(lines[5], /^in 35 min .*\+57200004$/)
  t.match(lines.at(-1), '2026-07-01 12:00:00  claimed    57200004')
})

t.test('a screen is left as it was found', async (t) => {
  let written = ''
  const screen = openScreen({ write: (text: string) => (written += text) })
  t.equal(screen.rows(), 24)
  screen.draw(['one', 'two\u001b[2J'])
  screen.close()
  screen.close()
  screen.draw(['late'])
  t.equal(
    written.replaceAll('\u001b', '^'),
    '^[?1049h^[?25l^[Hone^[K\ntwo\\u{1b}[2J^[K^[J^[?25h^[?1049l',
  )
})

t.test('a terminal of another size is drawn anew, and no line goes on in the next', async (t) => {
  const output = Object.assign(new EventEmitter(), {
    ...{ written: '', rows: 24, columns: 80 },
    write: (text: string) => (output.written += text),
  })
  let resized = 0
  const screen = openScreen(output, () => (resized += 1))
  Object.assign(output, { rows: 12, columns: 5 })
  output.emit('resize')
  t.same([resized, screen.rows()], [1, 12])
  screen.draw(['123456789'])
  t.ok(output.written.endsWith('\u001b[H12345\u001b[K\u001b[J'))
  screen.close()
  output.emit('resize')
  t.equal(resized, 1)
})

t.test('where there is no terminal, it prints a line for each change', async (t) => {
  // Whoever writes in any database of the server holds back what is shown.
  const built = await build(t, { databaseOf: databaseApart })
  const { world, url } = built
  const { clients, recipients } = world
  const party = { url, world, clientId: clients.casework, keys: recipients.casework }
  const { environment } = await partyOf(t, party)
  const watching = running(t, ['watch'], environment)
  await watching.printed(/^0 waiting, 0 held, 0 escalated$/m)
  await refer(built)
  await watching.printed(/^2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d {2}opened {5}item [0-9a-f-]{36}$/m)
  t.equal((await intake(['claim', '--compartment', 'identity'], environment)).code, 0)
  await watching.printed(/ {2}claimed {4}item /)
  t.match(await watching.stop('SIGINT'), { code: 0, out: /\n2 changes seen\.\n$/, err: '' })
})
