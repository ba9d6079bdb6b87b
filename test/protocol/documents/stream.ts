/** libsodium's secretstream a second time, from its description, over noble's ciphers. */
import { poly1305 } from '@noble/ciphers/_poly1305.js'
import { chacha20, hchacha } from '@noble/ciphers/chacha.js'

const words = (bytes: Uint8Array) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, at) => view.getUint32(at * 4, true))
}
const sigma = words(new TextEncoder().encode('expand 32-byte k'))
const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
const zeros = (length: number) => new Uint8Array(length)
const length64 = (length: number) => {
  const bytes = zeros(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  return bytes
}

/** @returns what seals one message after the other */
export function secondStream(key: Uint8Array, header: Uint8Array) {
  const derived = new Uint32Array(8)
  hchacha(sigma, words(key), words(header.slice(0, 16)), derived)
  const own = new Uint8Array(derived.buffer)
  const inner = header.slice(16)
  let counter = 1
  return (message: Uint8Array, bound: Uint8Array, tag: number): Uint8Array => {
    const count = zeros(4)
    new DataView(count.buffer).setUint32(0, counter, true)
    const nonce = joined(count, inner)
    const block = zeros(64)
    block[0] = tag
    const sealedBlock = chacha20(own, nonce, block, undefined, 1)
    const sealed = chacha20(own, nonce, message, undefined, 2)
    const text = [
      ...[bound, zeros((16 - (bound.length % 16)) % 16), sealedBlock, sealed],
      ...[zeros(sealed.length % 16), length64(bound.length), length64(64 + sealed.length)],
    ]
    const tagged = joinedLong(text)
    const mac = poly1305(tagged, chacha20(own, nonce, zeros(64)).slice(0, 32))
    for (let at = 0; at < 8; at += 1) inner[at] = (inner[at] ?? 0) ^ (mac[at] ?? 0)
    counter += 1
    return joinedLong([sealedBlock.slice(0, 1), sealed, mac])
  }
}

function joinedLong(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
