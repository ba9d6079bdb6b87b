/** Addresses that secrets are sent to, and trust is fetched from: whoever is on the way must not read them. */

const loopback = /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/

/** As a URL has it, an IPv6 address in brackets. */
export function isLoopbackHost(host: string): boolean {
  return loopback.test(host)
}

/** Whether `text` is https, or http on the loopback address, without user info, query and fragment. */
export function isSafeAddress(text: string): boolean {
  if (!/^https?:\/\/[^/?#@\\\s]+(\/[^?#\\\s]*)?$/.test(text) || !URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || isLoopbackHost(hostname)
}

/**
 * The origin of such an address as a browser writes it (RFC 6454, section 6.1): in small letters, without the port
 * of its scheme. Whoever compares it letter by letter then finds it. `undefined` for any other, and with a path.
 */
export function safeOriginOf(text: string): string | undefined {
  if (!isSafeAddress(text)) return undefined
  const { origin, pathname } = new URL(text)
  return pathname === '/' ? origin : undefined
}
