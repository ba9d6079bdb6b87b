/** Certificates for a day, by authorities that exist for one test. */
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { Certificates } from '../../src/keyholder/serve.ts'

const loopback = { type: 'ip', value: '127.0.0.1' } as const
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Who signs certificates, and what it signed. */
export type Authority = {
  readonly name: string
  /** PEM. */
  readonly ca: string
  /** A key and its certificate, for 127.0.0.1 unless for a host's name, good for one side of a connection. */
  issue(name: string, side: 'server' | 'client', host?: string): Promise<Omit<Certificates, 'ca'>>
}

/** A new authority, which nobody trusts who was not told to. */
export async function authority(name: string): Promise<Authority> {
  const keys = await newKeys()
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: `CN=${name}`,
    serialNumber: '01',
    signingAlgorithm: algorithm,
    keys,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  })
  return {
    name,
    ca: pem(ca),
    async issue(subject, side, host) {
      const named = host ? ({ type: 'dns', value: host } as const) : loopback
      const { privateKey, publicKey } = await newKeys()
      const use = side === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth
      const certificate = await X509CertificateGenerator.create({
        ...validity(),
        subject: `CN=${subject}`,
        issuer: ca.subject,
        signingAlgorithm: algorithm,
        publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new ExtendedKeyUsageExtension([use]),
          new SubjectAlternativeNameExtension([named]),
        ],
      })
      const der = await crypto.subtle.exportKey('pkcs8', privateKey)
      const body = Buffer.from(der).toString('base64').replaceAll(/.{64}/g, '$&\n')
      const key = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`
      return { key, cert: pem(certificate) }
    },
  }
}

async function newKeys() {
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new Error('an algorithm with one key')
  return pair
}

function validity() {
  const now = Date.now()
  return { notBefore: new Date(now - 60_000), notAfter: new Date(now + 86_400_000) }
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}
