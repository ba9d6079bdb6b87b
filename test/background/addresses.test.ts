import t from 'tap'
import { createAddressRule } from '../../src/background/addresses.ts'

/** What nobody is let to, whatever is allowed. */
const never = [
  ...['0.0.0.0', '0.1.2.3', '::', '169.254.169.254', '169.254.0.1', 'fe80::1', 'fe80::1%eth0'],
  ...['224.0.0.1', '255.255.255.255', '240.0.0.1', 'ff02::1', '100.100.100.200', '168.63.129.16'],
  ...['fd00:ec2::254', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe'],
  ...['2002:a9fe:a9fe::1', '::169.254.169.254', '::ffff:0:169.254.169.254', '::ffff:0.0.0.0'],
  // Teredo: the client's address is written with each bit turned.
  ...['2001:0:a9fe:a9fe::', '2001:0:808:808:0:0:5601:5601'],
  // NAT64 of the network's own (RFC 8215), in whatever form: only it knows what is held where.
  ...[
    '64:ff9b:1::1',
    '64:ff9b:1::8.8.8.8',
    '64:ff9b:1:a9fe:a9:fe00::',
    '64:ff9b:1:ffff::a9fe:a9fe',
  ],
  ...['2001:470::5efe:169.254.169.254', '2a00::200:5efe:a9fe:a9fe', 'fe80::5efe:808:808'],
  ...['', 'localhost', '127.1', '2130706433', '0x7f.0.0.1', '127.0.0.1:80', '[::1]', '10.0.0.1/8'],
]

/** What is called only where it is allowed, and by which block. */
const inward: Record<string, string> = {
  '127.0.0.1': '127.0.0.0/8',
  '127.9.9.9': '127.0.0.0/8',
  '::1': '::1',
  '::ffff:127.0.0.1': '127.0.0.1',
  '::ffff:7f00:1': '127.0.0.1',
  '::127.0.0.1': '127.0.0.1',
  '64:ff9b::10.1.2.3': '10.0.0.0/8',
  '10.255.0.1': '10.0.0.0/8',
  '172.16.0.1': '172.16.0.0/12',
  '172.31.255.255': '172.16.0.0/12',
  '192.168.1.1': '192.168.0.0/16',
  '100.64.0.1': '100.64.0.0/10',
  '198.18.0.1': '198.18.0.0/15',
  '203.0.113.5': '203.0.113.0/24',
  'fc00::1': 'fc00::/7',
  'fd12:3456::1': 'fd12:3456::/32',
  'fec0::1': 'fec0::/10',
  '2001:2::1': '2001:2::/48',
  '2001:10::1': '2001:10::/28',
  '100::1': '100::/64',
  '2001:db8::1': '2001:db8::/32',
  '5f00::1': '5f00::/16',
}

const outward = [
  ...['8.8.8.8', '172.15.255.255', '172.32.0.0', '192.167.255.255', '100.63.255.255'],
  ...['1.1.1.1', '2606:4700::1111', '2a00:1450:4009::1', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'],
  ...['2002:808:808::1', '2001:0:808:808:0:0:f7f7:f7f7', '2001:470::5efe:808:808'],
]

t.test('an address counts as what it holds, and inward ones are called only by name', async (t) => {
  const strict = createAddressRule([])
  for (const address of never) {
    const everything = createAddressRule(['0.0.0.0/0', '::/0'])
    t.notOk(strict(address, false), `${address} by default`)
    t.notOk(everything(address, false), `${address}, were all allowed`)
  }
  for (const [address, block] of Object.entries(inward)) {
    t.notOk(strict(address, false), `${address} by default`)
    const rule = createAddressRule(['192.0.2.77', block])
    t.ok(rule(address, false), `${address} in ${block}`)
    t.ok(rule(address, true), `${address} in ${block}, over http`)
  }
  for (const address of outward) {
    t.ok(strict(address, false), address)
    t.notOk(strict(address, true), `${address} over http`)
  }
})

t.test('what a tunnel leads to is judged as well as the tunnel', async (t) => {
  for (const tunnel of ['2002:a00:1::1', '2001:470::5efe:a00:1', '2001:470::200:5efe:a00:1']) {
    t.notOk(createAddressRule([])(tunnel, false), `${tunnel} holds 10.0.0.1`)
    t.ok(createAddressRule(['10.0.0.0/8'])(tunnel, false), tunnel)
  }
})
