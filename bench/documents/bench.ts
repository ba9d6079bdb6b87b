/**
 * Documents: a file sealed, uploaded, fetched and opened, beside the same bytes through the same libraries as they are, in turns;
 * and how much resident memory the service and the client take beyond what they idle with.
 *
 * `-- --megabytes N` for another file than one of 100 MiB.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Attachment } from '../../src/client/index.ts'
import { onHost } from '../../test/helpers/publish.ts'
import { putAll } from '../intake/load.ts'
import { asImageRuns, type Stage, sealer, startStage } from '../intake/stage.ts'
import { count, median, report, tell } from '../report.ts'
import { fill, idle, startClient } from './end.ts'
import type { Told } from './told.ts'

const rounds = 5
const megabytesDefault = 100
/** Beyond idle, of either side. */
const residentMbMax = 40
/** Of the rate without sealing. */
const rateMin = 0.5

type Act = Told['act']
type Figures = Record<Act, { ms: number; grown: number }[]>

export async function bench(args: readonly string[]): Promise<void> {
  const megabytes = args[0] === '--megabytes' ? Number(args[1]) : megabytesDefault
  const folder = await mkdtemp(join(tmpdir(), 'intake-bench-documents-'))
  // A partner's client has no image.
  const asPartner = { ...process.env }
  process.env.DOCUMENTS_MB_PER_DAY = '1000000'
  const script = asImageRuns()
  const stage = await startStage()
  try {
    const service = await stage.start(script)
    const raw = await stage.start('bench/documents/raw.ts')
    const file = join(folder, 'document.pdf')
    await fill(file, megabytes)
    const ours = { url: service.url, ...(await referred(stage, service.url)), file }
    const figures: Figures = { up: [], down: [], 'raw up': [], 'raw down': [] }
    const act = async (told: Told, isCounted: boolean) => {
      // A client is new each time, as a command is.
      const client = await startClient(asPartner)
      const { value, ...figure } = await client.does(told)
      if (isCounted) figures[told.act].push(figure)
      return value
    }
    const idling = await idle(service.process)
    for (let round = 0; round <= rounds; round += 1) {
      // The first warms the services up.
      const isCounted = round > 0
      const place = await act({ ...ours, act: 'raw up', url: raw.url }, isCounted)
      const attachment = (await act({ ...ours, act: 'up' }, isCounted)) as Attachment
      const rawDown = { ...ours, act: 'raw down', url: String(place), file: `${file}.raw` } as const
      await act(rawDown, isCounted)
      await act({ ...ours, act: 'down', attachment }, isCounted)
    }
    tellAll(figures, megabytes)
    countMb('service', await idling.grown())
  } finally {
    await stage.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** A referral, and a client that may send documents about it. */
async function referred({ world, ownerUrl }: Stage, url: string) {
  const { lawFirm } = world.referring
  const body = (await sealer(world))()
  await putAll(url, await world.token(lawFirm.clientId), [body], 1)
  const clientId = await onHost({ databases: { ownerUrl } }, (host) =>
    host.addClient({
      ...{ organisationId: lawFirm.organisationId, label: 'Documents', kind: 'partner', kids: [] },
      scopes: ['documents:write'],
    }),
  )
  return { referralId: body.id, token: await world.token(clientId) }
}

function tellAll(figures: Figures, megabytes: number): void {
  const rateOf = (act: Act) => megabytes / (median(figures[act].map(({ ms }) => ms)) / 1000)
  for (const act of ['up', 'down'] as const) {
    countMb(`client, ${act}`, Math.max(...figures[act].map(({ grown }) => grown)))
  }
  tell(
    'raw up, client, resident MB over idle',
    Math.max(...figures['raw up'].map(({ grown }) => grown)),
  )
  for (const act of ['up', 'down'] as const) {
    report(`MiB a second ${act}: sealed, raw`, rateOf(act), rateOf(`raw ${act}`), rateMin)
  }
}

/** The most of all rounds: what bounds memory holds always. */
function countMb(side: string, most: number): void {
  count(`resident MB over idle: ${side}`, Math.round(most), residentMbMax, 'at most')
}
