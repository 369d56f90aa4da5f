import { createPublicKey } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { signatureAlgorithms } from '../identity/signature-algorithm.js'
import { type Finding, failed, ok, warning } from './finding.js'

/** Checks whether tokens are verified with a key that nobody else has, and accepted only if they were made for this service. */
export async function examineTokens ({ config, tokenKeys }: FastifyInstance): Promise<Finding> {
  const { JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL = '', JWT_ISSUER, JWT_AUDIENCE } = config
  if (tokenKeys !== undefined) {
    await tokenKeys.refresh()
    const algorithms = [...new Set(tokenKeys.keys.map(({ algorithm }) => algorithm))].join(', ')
    if (algorithms === '') return failed('tokens', 'The key set has no key that tokens can be verified with, or cannot be fetched: check JWT_JWKS_URL, and that this machine may connect.')
    if (!JWT_JWKS_URL.startsWith('https:')) return warning('tokens', 'The keys of tokens are fetched without TLS, so anyone in between can forge tokens: let JWT_JWKS_URL begin with https.')
    if (JWT_ISSUER === undefined || JWT_AUDIENCE === undefined) return warning('tokens', 'Tokens that the identity provider made for others are accepted: set JWT_ISSUER and JWT_AUDIENCE.')
    return ok('tokens', `Tokens are verified with the key set of JWT_JWKS_URL (${algorithms}).`)
  }
  if (JWT_PUBLIC_KEY !== undefined) {
    return ok('tokens', `Tokens are verified with the public key, ${signatureAlgorithms(createPublicKey(JWT_PUBLIC_KEY))[0]} alone.`)
  }
  const secret = JWT_SECRET === undefined ? 'the random secret in DATA_DIR' : 'JWT_SECRET'
  return ok('tokens', `Tokens are verified with ${secret}, HS256 alone.`)
}
