import { EventEmitter, once } from 'node:events'
import { type KeyObject, generateKeyPairSync } from 'node:crypto'
import { type ServerResponse, createServer } from 'node:http'
import type { Test } from 'tap'
import { signToken, validClaims } from './tokens.js'
import { listenLocally } from './listen.js'

export interface IssuerKey {
  privateKey: KeyObject
  publicKey: KeyObject
  algorithm: string
  /** As it appears in the key set. */
  jwk: Record<string, unknown>
}

/** An identity provider on loopback, whose key set and behaviour a test can change. */
export interface Issuer {
  url: string
  /** Sets the keys that it answers with. */
  publish: (...keys: Array<Record<string, unknown>>) => void
  /** Sets how it answers from now on. */
  behave: (answer: (response: ServerResponse) => void) => void
  /** How many requests it has received. */
  requests: () => number
  /** Resolves at the next request. */
  asked: () => Promise<void>
}

/** Starts an identity provider, and stops it with the test. */
export async function startIssuer (t: Pick<Test, 'teardown'>): Promise<Issuer> {
  const events = new EventEmitter<{ asked: [] }>()
  let requests = 0
  let document = JSON.stringify({ keys: [] })
  const publish = (response: ServerResponse) => { response.setHeader('content-type', 'application/json').end(document) }
  let answer = publish
  const server = createServer((_request, response) => {
    requests++
    answer(response)
    events.emit('asked')
  })
  const origin = await listenLocally(t, server)
  return {
    url: `${origin}/.well-known/jwks.json`,
    publish: (...keys) => {
      document = JSON.stringify({ keys })
      answer = publish
    },
    behave: (other) => { answer = other },
    requests: () => requests,
    asked: async () => { await once(events, 'asked') },
  }
}

/** A new key pair for one algorithm. */
export function makeKey (algorithm: string, kid: string | undefined, more: Record<string, unknown> = {}): IssuerKey {
  const { privateKey, publicKey } = algorithm === 'EdDSA'
    ? generateKeyPairSync('ed25519')
    : algorithm.startsWith('ES')
      ? generateKeyPairSync('ec', { namedCurve: { ES256: 'P-256', ES384: 'P-384' }[algorithm] ?? 'P-521' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { privateKey, publicKey, algorithm, jwk: { ...publicKey.export({ format: 'jwk' }), ...kid === undefined ? {} : { kid }, ...more } }
}

/** A valid token of the member's, signed with the key and naming it. */
export function issue ({ privateKey, algorithm, jwk }: IssuerKey, header: object = {}): string {
  return signToken(privateKey, validClaims(), { alg: algorithm, kid: jwk.kid, ...header }, algorithm)
}
