import { type Complaint, conform, shown, type TestWorld } from '../../client/index.ts'
import { type Command, wrapped } from '../command.ts'
import { readJson } from '../json.ts'

/** `intake conform`. */
export const conformCommand: Command = {
  operands: 'ENVELOPE [--draft DRAFT]',
  summary: 'Say all that a service or a reader would complain of in an envelope. Nothing is sent.',
  details: `For whoever writes a client in another language. ENVELOPE is what that client sealed to the
test recipients of openapi/conformance.json, signed with its test signer: the keyset to seal to, and
every secret key, are in that file. It is checked as the service checks it and opened as each recipient
opens it. With DRAFT it is also compared with what intake would have sealed of that draft. Exit code 1 if
there is any complaint. Seal no real person to those keys: they are known to all.`,
  options: { draft: { value: 'FILE', help: 'The draft that it was sealed from.' } },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const [file = ''] = input.operands
    // Written out, so that the build of the client package takes the file along.
    const place = await import('../../../openapi/conformance.json', { with: { type: 'json' } })
    const world: TestWorld = place.default
    const draft = input.text('draft')
    const drafted = draft === undefined ? undefined : await readJson<unknown>(draft)
    const complaints = await conform(await readJson<unknown>(file), world, drafted)
    const text =
      complaints.length === 0 ? `${shown(file)} conforms.` : complaints.map(wordsOf).join('\n')
    return { value: { complaints }, text, failed: complaints.length > 0 }
  },
}

function wordsOf({ part, pointer, detail }: Complaint): string {
  const place = pointer === undefined ? '' : `${shown(pointer)} `
  return wrapped(`${shown(part)}: ${place}${shown(detail)}`, 2)
}
