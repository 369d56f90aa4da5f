import { createPublicKey } from 'node:crypto'
import fastifyJwt, { type FastifyJWTOptions, type TokenOrHeader, type VerifyOptions } from '@fastify/jwt'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { DEVELOPMENT_JWT_SECRET } from '../../config.js'
import { authorizationCount } from '../../http/authorization.js'
import type { RemoteKeySet } from '../../identity/remote-key-set.js'
import { signatureAlgorithms } from '../../identity/signature-algorithm.js'
import { TokenInvalidError, TokenKeysUnavailableError, TokenRequiredError, isDeclaredError } from '../../schemas/errors.js'
import { type Caller, type ClaimNames, TokenClaimsSchema, readClaims } from '../../schemas/token-claims.js'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: object
    user: Caller
  }
}
declare module 'fastify' {
  interface FastifyInstance {
    /** An onRequest hook that lets only requests with a valid token in, and puts its claims into `request.user`. */
    authenticate: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
    /** The claims that a caller stands in. */
    claimNames: ClaimNames
  }
}

// RFC 6750, 2.1: one scheme, one token, of these characters.
const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i
const TOKEN_MAX_LENGTH = 8192

/**
 * Reads who is calling from a JSON Web Token in the Authorization header, and from nowhere else. The key pins the one
 * algorithm that is accepted with it; a token without `exp`, or with a claim of another form, is not valid.
 */
export default fastifyPlugin(async (app) => {
  const { JWT_ISSUER: iss, JWT_AUDIENCE: aud, JWT_CLOCK_TOLERANCE, JWT_CLAIM_USER, JWT_CLAIM_ORG, JWT_CLAIM_ROLE } = app.config
  const claimNames = { userId: JWT_CLAIM_USER, orgKey: JWT_CLAIM_ORG, role: JWT_CLAIM_ROLE }
  const claims = TypeCompiler.Compile(TokenClaimsSchema)
  const { secret, algorithms } = keysOf(app)
  await app.register(fastifyJwt, {
    secret,
    // The whole token, so that a key set can be asked for the key that its header names.
    decode: { complete: true },
    sign: { ...iss === undefined ? {} : { iss }, ...aud === undefined ? {} : { aud } },
    verify: {
      algorithms,
      clockTolerance: JWT_CLOCK_TOLERANCE * 1000,
      // A claim that is not there is not compared with what it must be.
      requiredClaims: ['exp', ...iss === undefined ? [] : ['iss'], ...aud === undefined ? [] : ['aud']],
      ...iss === undefined ? {} : { allowedIss: iss },
      ...aud === undefined ? {} : { allowedAud: aud },
      extractToken: ({ headers }) => bearer.exec(headers.authorization ?? '')?.[1],
    },
  })

  app.decorate('claimNames', claimNames)
  app.decorate('authenticate', async (request, reply) => {
    try {
      request.user = await callerOf(request)
    } catch (error) {
      // Tokens that are valid pass at any time: others may share their sender's address.
      if (!(error instanceof TokenKeysUnavailableError)) await app.limits.authFailures.spend(request, reply)
      throw error
    }
  })

  async function callerOf (request: FastifyRequest): Promise<Caller> {
    const { authorization } = request.headers
    if (authorization === undefined || authorization === '') throw new TokenRequiredError()
    if (authorizationCount(request.raw) > 1) throw new TokenInvalidError('there are several Authorization headers')
    if (!bearer.test(authorization) || authorization.length > TOKEN_MAX_LENGTH) throw new TokenInvalidError('it is malformed')
    let payload: object
    try {
      payload = await request.jwtVerify<object>()
    } catch (error) {
      throw isDeclaredError(error) ? error : new TokenInvalidError(verificationFailure(error))
    }
    const said = readClaims(payload, claimNames)
    if (!claims.Check(said)) {
      const wrong = claims.Errors(said).First()?.path.slice(1) ?? ''
      throw new TokenInvalidError(`its claim ${new Map(Object.entries(claimNames)).get(wrong) ?? wrong} is missing or has the wrong form`)
    }
    const { userId, orgKey, role } = said
    return { userId, orgKey, role }
  }
}, { name: 'jwt', dependencies: ['config', 'token-keys', 'limits'] })

function keysOf ({ config, tokenKeys }: FastifyInstance): { secret: FastifyJWTOptions['secret'], algorithms: NonNullable<VerifyOptions['algorithms']> } {
  const { JWT_SECRET = DEVELOPMENT_JWT_SECRET, JWT_PUBLIC_KEY } = config
  if (tokenKeys !== undefined) {
    // What each key is good for is compared before it is used.
    return {
      secret: async (_request: unknown, token: TokenOrHeader) => await keyFor(tokenKeys, 'header' in token ? token.header : token),
      algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
    }
  }
  if (JWT_PUBLIC_KEY === undefined) return { secret: JWT_SECRET, algorithms: ['HS256'] }
  return { secret: { public: JWT_PUBLIC_KEY }, algorithms: signatureAlgorithms(createPublicKey(JWT_PUBLIC_KEY)).slice(0, 1) }
}

/**
 * The key of an identity provider's that a token names. What else its header says of keys, and where to get them, counts for
 * nothing; its algorithm must be the key's own.
 *
 * @returns PEM
 */
async function keyFor (tokenKeys: RemoteKeySet, { kid: keyId, alg }: { kid?: unknown, alg: unknown }): Promise<string> {
  if (keyId !== undefined && typeof keyId !== 'string') throw new TokenInvalidError('it is malformed')
  const keys = await tokenKeys.find(keyId)
  if (keys === undefined) throw new TokenKeysUnavailableError()
  if (keys.length === 0) throw new TokenInvalidError('it is signed with an unknown key')
  const key = keys.find(({ algorithm }) => algorithm === alg)
  if (key === undefined) throw new TokenInvalidError('it is signed with another algorithm')
  return key.publicKeyPem
}

/** Why a token was refused, in words that hold nothing of the token. */
function verificationFailure (error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED':
    case 'FAST_JWT_EXPIRED': return 'it has expired'
    case 'FAST_JWT_INACTIVE': return 'it is not valid yet'
    case 'FAST_JWT_MISSING_REQUIRED_CLAIM': return 'its claim exp, iss or aud is missing'
    case 'FAST_JWT_INVALID_CLAIM_VALUE': return 'it is of another issuer, or for another audience'
    case 'FAST_JWT_INVALID_ALGORITHM': return 'it is signed with another algorithm'
    case 'FAST_JWT_INVALID_SIGNATURE': return 'its signature is wrong'
    default: return 'it cannot be verified'
  }
}
