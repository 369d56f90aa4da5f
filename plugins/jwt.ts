import fastifyJwt from '@fastify/jwt'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import fastifyPlugin from 'fastify-plugin'
import { DEVELOPMENT_JWT_SECRET, jwtAlgorithm } from '../config.js'
import { type Caller, TokenClaimsSchema } from '../schemas/token-claims.js'
import { TokenInvalidError, TokenRequiredError } from '../schemas/errors.js'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: object
    user: Caller
  }
}
declare module 'fastify' {
  interface FastifyInstance {
    /** An onRequest hook that lets only requests with a valid token in, and puts its claims into `request.user`. */
    authenticate: (request: FastifyRequest) => Promise<void>
  }
}

// RFC 6750, 2.1: one scheme, one token, of these characters.
const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i
const TOKEN_MAX_LENGTH = 8192

/**
 * Reads who is calling from a JSON Web Token in the Authorization header, and from nowhere else. The configured key pins
 * the one algorithm that is accepted; a token without `exp`, or with a claim of another form, is not valid.
 */
export default fastifyPlugin(async (app) => {
  const { JWT_SECRET, JWT_PUBLIC_KEY } = app.config
  const algorithm = JWT_PUBLIC_KEY === undefined ? 'HS256' : jwtAlgorithm(JWT_PUBLIC_KEY) ?? 'HS256'
  const claims = TypeCompiler.Compile(TokenClaimsSchema)
  await app.register(fastifyJwt, {
    secret: JWT_PUBLIC_KEY === undefined ? JWT_SECRET ?? DEVELOPMENT_JWT_SECRET : { public: JWT_PUBLIC_KEY },
    verify: {
      algorithms: [algorithm],
      requiredClaims: ['exp'],
      extractToken: ({ headers }) => bearer.exec(headers.authorization ?? '')?.[1],
    },
  })

  app.decorate('authenticate', async (request) => {
    const { authorization } = request.headers
    if (authorization === undefined || authorization === '') throw new TokenRequiredError()
    if (!bearer.test(authorization) || authorization.length > TOKEN_MAX_LENGTH) throw new TokenInvalidError('it is malformed')
    let payload: unknown
    try {
      payload = await request.jwtVerify()
    } catch (error) {
      throw new TokenInvalidError(verificationFailure(error))
    }
    if (!claims.Check(payload)) {
      throw new TokenInvalidError(`its claim ${claims.Errors(payload).First()?.path.slice(1) ?? ''} is missing or has the wrong form`)
    }
    const { sub, orgKey, role } = payload
    request.user = { userId: sub, orgKey, role }
  })
}, { name: 'jwt', dependencies: ['config'] })

/** Why a token was refused, in words that hold nothing of the token. */
function verificationFailure (error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED':
    case 'FAST_JWT_EXPIRED': return 'it has expired'
    case 'FAST_JWT_INACTIVE': return 'it is not valid yet'
    case 'FAST_JWT_MISSING_REQUIRED_CLAIM': return 'its claim exp is missing'
    case 'FAST_JWT_INVALID_ALGORITHM': return 'it is signed with another algorithm'
    case 'FAST_JWT_INVALID_SIGNATURE': return 'its signature is wrong'
    default: return 'it cannot be verified'
  }
}
