/** How much is taken of sealed files. */
import { Refusal } from '../errors.ts'
import { largestPerReferral, sealedBytesOf } from '../protocol/documents/format.ts'

/** How much is taken, in bytes as sealed. */
export type DocumentLimits = {
  /** Of one file. */
  readonly bytesMax: number
  /** Of all of one referral. */
  readonly referralBytesMax: number
  /** How many of one referral. */
  readonly referralCountMax: number
  /** Of what one client begins in 24 hours; who has no account has the referral's limit alone. */
  readonly clientBytesPerDay: number
}

const megabyte = 1024 * 1024

/** What a deployment takes, of megabytes of a file and of what a client uploads in a day. */
export function limitsOf(fileMax: number, clientPerDay: number): DocumentLimits {
  return {
    bytesMax: sealedBytesOf(fileMax * megabyte),
    referralBytesMax: largestPerReferral * sealedBytesOf(fileMax * megabyte),
    referralCountMax: 100,
    clientBytesPerDay: clientPerDay * megabyte,
  }
}

/** The referral of somebody without an account costs a proof of work and no more: less of the disk is theirs. */
const bearerBytesMax = 50 * megabyte

/** Of what is uploaded with a receipt. */
export function ofBearer(limits: DocumentLimits): DocumentLimits {
  return { ...limits, referralBytesMax: Math.min(limits.referralBytesMax, bearerBytesMax) }
}

/** What there is of a referral, and of a client's day. */
export type Used = {
  readonly count: number
  readonly bytes: number
  readonly bytesOfClient: number
}

/** @throws Refusal `documents-full`, `document-budget-spent` where `bytes` more are too many */
export function requireRoom(used: Used, bytes: number, limits: DocumentLimits): void {
  const { referralCountMax, referralBytesMax, clientBytesPerDay } = limits
  if (used.count >= referralCountMax) {
    throw new Refusal('documents-full', `a referral has at most ${referralCountMax} documents`)
  }
  if (used.bytes + bytes > referralBytesMax) {
    throw new Refusal('documents-full', `a referral has at most ${referralBytesMax} bytes of them`)
  }
  if (used.bytesOfClient + bytes > clientBytesPerDay) {
    const detail = `a client uploads at most ${clientBytesPerDay} bytes in 24 hours`
    throw new Refusal('document-budget-spent', detail)
  }
}
