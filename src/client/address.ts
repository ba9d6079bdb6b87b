/** The address of a service, without a slash at its end. @throws Error if it would show a token to the network */
export function baseOf(text: string): string {
  if (!URL.canParse(text)) throw new Error('url is no address such as https://intake.example.org')
  const url = new URL(text)
  const loopback = /^(localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new Error('url must be https, or http on the loopback address: it carries a token')
  }
  return url.href.replace(/\/+$/, '')
}
