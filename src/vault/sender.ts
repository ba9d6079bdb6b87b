import type { Sender } from '../caller.ts'
import { equalBytes } from '../protocol/bytes.ts'

/** Whether a referral is `sender`'s. Under a receipt the policy shows nothing that an organisation sent. */
export function isFrom(
  {
    organisationId,
    receiptHash,
  }: { organisationId: string | null; receiptHash: Uint8Array | null },
  sender: Sender,
): boolean {
  if (sender.kind === 'organisation') return organisationId === sender.id
  return receiptHash !== null && equalBytes(receiptHash, sender.hash)
}
