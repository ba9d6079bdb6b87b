/** `intake admin verify-vault`: whether what is stored is what was acknowledged. */
import type { VaultStanding } from '../../vault/verification.ts'
import { createProgress } from '../progress.ts'
import { administrative, onHost } from './usage.ts'

type Said = VaultStanding & { readonly database: string }

/** `intake admin verify-vault`. */
export const verifyVault = administrative<Said>({
  summary: 'Check each stored referral against the access log and its signature.',
  details: `Run it after every restore. Of each referral it hashes what is stored, compares that with the entry of
its submission and with what was signed, and looks for that entry in the tree of the log; and it looks for
each referral of which the log says that it was stored. Nothing is opened. It prints how many it saw, how
many are wrong or missing, and of the first what is wrong; then the exit code is 1. Whether the log itself is
whole says intake audit verify.

It reads by the login of the service, DATABASE_URL, and may run beside it.`,
  wordsOf,
  isFault: ({ wrong, missing }) => wrong !== 0 || missing !== 0,
  run: (input) =>
    onHost(input, async ({ vault }) => {
      let bar: ReturnType<typeof createProgress> | undefined
      return vault.verify((total) => {
        bar ??= createProgress(total)
        bar.step()
      })
    }),
})

function wordsOf({ database, referrals, wrong, missing, first }: Said): string {
  const isWhole = wrong === 0 && missing === 0
  return [
    `Stored referrals in ${database}`,
    `  seen     ${referrals}`,
    `  wrong    ${wrong}`,
    `  missing  ${missing}`,
    ...(isWhole ? ['Each is as the access log and its signature say, and none is missing.'] : []),
    ...(first
      ? [`The first that is wrong or missing is ${first.referralId}:`, `  ${first.what}`]
      : []),
  ].join('\n')
}
