import { type KeyObject, constants, createHmac, sign } from 'node:crypto'
import { member } from './service.js'

/** Claims of a valid token of the member's, valid for an hour. */
export function validClaims (): Record<string, unknown> {
  return { sub: member.userId, orgKey: member.orgKey, role: member.roles[0], exp: secondsFromNow(3600) }
}

export function secondsFromNow (seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}

/** A part of a token: a value as JSON, or text as it is. */
export function encode (part: object | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

/** A token whose signature is correct for the given algorithm and key, whatever its header and payload say. */
export function signToken (
  key: KeyObject | string, payload: object | string, header: object | string = { alg: 'HS256' }, algorithm = 'HS256',
): string {
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${signature(key, signed, algorithm).toString('base64url')}`
}

function signature (key: KeyObject | string, signed: string, algorithm: string): Buffer {
  const hash = `sha${algorithm.slice(2)}`
  if (typeof key === 'string' || key.type === 'secret') return createHmac(hash, key).update(signed).digest()
  if (algorithm === 'EdDSA') return sign(undefined, Buffer.from(signed), key)
  return sign(hash, Buffer.from(signed), {
    key,
    dsaEncoding: 'ieee-p1363',
    ...algorithm.startsWith('PS') ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {},
  })
}
