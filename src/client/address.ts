import { isSafeAddress } from '../protocol/address.ts'

/** The address of a service, without a slash at its end. @throws Error if it would show a token to the network */
export function baseOf(text: string): string {
  if (!URL.canParse(text)) throw new Error('url is no address such as https://intake.example.org')
  const { href } = new URL(text)
  if (!isSafeAddress(href)) {
    throw new Error('url must be https, or http on the loopback address: it carries a token')
  }
  return href.replace(/\/+$/, '')
}
