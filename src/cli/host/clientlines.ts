/** `intake admin client list` in lines for people: each organisation with its clients under it. */
import { shown } from '../../referral/shown.ts'
import { wrapped } from '../command.ts'

type Listed = {
  readonly organisation: string
  readonly client: {
    readonly id: string
    readonly organisationId: string
    readonly label: string
    readonly kind: string
    readonly scopes: readonly string[]
    readonly kids: readonly string[]
    /** An instant; none while it may call. */
    readonly disabledAt: string | null
  }
}

/** What is listed, in the order in which it is given: by organisation. */
export function linesOfClients({
  database,
  clients,
}: {
  readonly database: string
  readonly clients: readonly Listed[]
}): string {
  const lines = clients.flatMap((listed, at) => {
    const { organisationId } = listed.client
    const isFirst = clients[at - 1]?.client.organisationId !== organisationId
    const heading = ['', `${shown(listed.organisation)}  ${organisationId}`]
    return [...(isFirst ? heading : []), ...linesOf(listed.client)]
  })
  return [`Clients in ${database}`, ...(lines.length > 0 ? lines : ['None.'])].join('\n')
}

function linesOf({ id, kind, label, scopes, kids, disabledAt }: Listed['client']): string[] {
  const end = disabledAt === null ? '' : `, disabled ${disabledAt.slice(0, 10)}`
  return [
    `  ${kind.padEnd(8)}  ${id}  ${shown(label)}${end}`,
    wrapped(`    may ${scopes.length > 0 ? scopes.join(', ') : 'do nothing'}`, 8),
    ...kids.map((kid) => `    opens with ${shown(kid)}`),
  ]
}
