/** The names of the logs of one deployment (C2SP tlog-checkpoint: an origin is an address without a scheme). */

/** The origin of the log with this number: `intake.example.org/v1/audit/logs/1`. */
export function originOfLog(deployment: string, log: number): string {
  return `${deployment}/v1/audit/logs/${log}`
}

/** Splits what `originOfLog` writes; `undefined` for everything else. */
export function parseLogOrigin(
  origin: string,
): { readonly deployment: string; readonly log: number } | undefined {
  const [, deployment = '', digits = ''] =
    /^(.+)\/v1\/audit\/logs\/([1-9][0-9]{0,6})$/.exec(origin) ?? []
  return deployment === '' ? undefined : { deployment, log: Number(digits) }
}
