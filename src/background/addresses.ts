/**
 * Which addresses a webhook may be posted to. Whoever may name one, or the name of one, could else have the service call
 * what only the service reaches: the metadata of its cloud, its database, a neighbour's page without a password.
 *
 * An address that holds another counts as both, or as that alone where it cannot be called itself: IPv4-mapped and
 * -compatible ones (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380), ISATAP (RFC 5214). A NAT64 under a
 * prefix of the network's own cannot be told from other addresses. The list is IANA's of special addresses (RFC 6890), of which few lead anywhere.
 */
import { BlockList, isIP, isIPv6 } from 'node:net'

/** Whatever is allowed: of this link, of nobody, of many, and where clouds keep their metadata. */
const never = networksOf([
  ...[
    '0.0.0.0/8',
    '169.254.0.0/16',
    '224.0.0.0/4',
    '240.0.0.0/4',
    'fe80::/10',
    'ff00::/8',
    '::/128',
  ],
  ...['100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32', 'fd00:ec2::254/128'],
  'fd20:ce::254/128',
  // A NAT64 of the network's own: where in the address it holds another, only that network knows (RFC 8215).
  '64:ff9b:1::/48',
])

/** Only where they are allowed by name. */
const inward = networksOf([
  ...[
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
  ],
  ...['192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['2001:2::/48', '2001:10::/28', '2001:db8::/32', '3fff::/20'],
])
/** All other of IPv6 is inward: what is global lies here (RFC 4291, section 2.4). */
const global6 = networksOf(['2000::/3'])

/** Whether an address may be called; over http, without a certificate, only one that is allowed by name. */
export type AddressRule = (address: string, isPlain: boolean) => boolean

/** @param allowed - addresses and blocks that are inward, and may be called all the same */
export function createAddressRule(allowed: readonly string[]): AddressRule {
  const named = networksOf(allowed)
  return (address, isPlain) =>
    isIP(address) !== 0 &&
    heldIn(withoutZone(address)).every((held) => {
      if (holds(never, held)) return false
      if (holds(named, held)) return true
      return !isPlain && !holds(inward, held) && (!isIPv6(held) || holds(global6, held))
    })
}

/** The addresses that an address stands for. */
function heldIn(address: string): string[] {
  if (!isIPv6(address)) return [address]
  const groups = groupsOf(address)
  const [one = 0, two = 0, three = 0] = groups
  const last = [groups[6] ?? 0, groups[7] ?? 0]
  const isZero = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0)
  if (isZero(0, 5) && groups[5] === 0xffff) return [ipv4(last)]
  // Also SIIT's, and those that were once "compatible"; these begin as `::1` does, which holds none.
  if (isZero(0, 4) && groups[4] === 0xffff && groups[5] === 0) return [ipv4(last)]
  if (isZero(0, 6) && last[0] !== 0) return [ipv4(last)]
  if (one === 0x64 && two === 0xff9b && isZero(2, 6)) return [ipv4(last)]
  if (one === 0x2002) return [address, ipv4([two, three])]
  if (one === 0x2001 && two === 0) {
    const client = last.map((group) => group ^ 0xffff)
    return [address, ipv4([three, groups[3] ?? 0]), ipv4(client)]
  }
  // ISATAP, under whatever prefix; the bit says whether the address is globally unique.
  const isIsatap = ((groups[4] ?? 0) & 0xfdff) === 0 && groups[5] === 0x5efe
  return isIsatap ? [address, ipv4(last)] : [address]
}

function ipv4([high = 0, low = 0]: readonly number[]): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}

/** The eight groups; a URL is written with hexadecimal ones alone, whatever was given. */
function groupsOf(address: string): number[] {
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = written.split('::').map((part) => part.split(':').filter(Boolean))
  const [left, right] = [[...head], [...(tail ?? [])]]
  const middle = Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...middle, ...right].map((group) => Number.parseInt(group, 16))
}

/** Of a link's own addresses a resolver says of which link. */
function withoutZone(address: string): string {
  return address.replace(/%.*$/, '')
}

function networksOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', length] = network.split('/')
    const family = familyOf(address)
    list.addSubnet(address, Number(length ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return list
}

function holds(list: BlockList, address: string): boolean {
  return list.check(address, familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
