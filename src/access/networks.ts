/** Where a request comes from, as far as it counts: a block of addresses, and whether it is one that many share. */
import { BlockList, isIP, isIPv6 } from 'node:net'

/** An address, or a block of them: `192.0.2.7`, `2001:db8::/32`. */
export function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/')
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  if (bits === 0 || rest.length > 0) return false
  return length === undefined || (/^[0-9]{1,3}$/.test(length) && Number(length) <= bits)
}

/** Whether an address is in one of `networks`. */
function createNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', length] = network.split('/')
    const family = familyOf(address)
    if (length === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(length), family)
  }
  return (address) => isIP(address) !== 0 && list.check(address, familyOf(address))
}

/** The block that each address counts for; none for one of `shared`, where people stand for themselves. */
export function createBlocks(
  shared: readonly string[] = [],
): (address: string) => string | undefined {
  const isShared = createNetworks(shared)
  return (address) => (isShared(address) ? undefined : blockOf(address))
}

/** What counts as one: an IPv4 address, or the /56 that one household of IPv6 has. */
export function blockOf(address: string): string {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right]
  const [one = 0, two = 0, three = 0, four = 0] = groups.map((group) => Number.parseInt(group, 16))
  return [one, two, three, four & 0xff00].map((group) => group.toString(16)).join(':')
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
