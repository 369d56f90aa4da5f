import { createPublicKey, createSecretKey } from 'node:crypto'
import fastifyJwt from '@fastify/jwt'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { claimNamesOf, roleValuesOf, signingOptions } from '../../config.js'
import { headerValues } from '../../http/raw-headers.js'
import { readBearerToken } from '../../identity/bearer-token.js'
import { claimAt } from '../../identity/claim-path.js'
import { type WantedKey, selectKeys } from '../../identity/key-selection.js'
import { signatureAlgorithms } from '../../identity/signature-algorithm.js'
import { Overlap } from '../../identity/overlap.js'
import { TokenRefusedError } from '../../identity/token-refusal.js'
import { TokenVerifier } from '../../identity/token-verifier.js'
import type { VerificationKey } from '../../identity/verification-key.js'
import { TokenInvalidError, TokenKeysUnavailableError, TokenRequiredError } from '../../schemas/errors.js'
import { type Caller, type ClaimNames, type RoleValues, TokenClaimsSchema, readClaims } from '../../schemas/token-claims.js'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: object
    user: Caller
  }
}
declare module 'fastify' {
  interface FastifyInstance {
    /** An onRequest hook that admits only requests with a valid token, and puts its claims into `request.user`. */
    authenticate: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
    /** The names of the claims that say who the caller is. */
    claimNames: ClaimNames
    /** Which roles the values of the role claim stand for. */
    roleValues: RoleValues
  }
}

/**
 * Reads who is calling from a JSON Web Token in the Authorization header, and from nowhere else. A key allows only its own
 * algorithm; a token without `exp`, or with a malformed claim, is not valid. If the service has the secret that tokens are
 * signed with, `app.jwt` can sign them.
 */
export default fastifyPlugin(async (app) => {
  const { config } = app
  const claimNames = claimNamesOf(config)
  const roleValues = roleValuesOf(config)
  const namesOfParts = new Map([['userId', claimNames.userId], ['orgKey', claimNames.orgKey], ['roles', claimNames.role]])
  const claims = TypeCompiler.Compile(TokenClaimsSchema)
  const verifier = new TokenVerifier({
    findKeys: keysOf(app),
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    clockToleranceMs: config.JWT_CLOCK_TOLERANCE * 1000,
  })
  if (app.secrets.token === undefined) app.decorateRequest('user')
  else await app.register(fastifyJwt, { secret: app.secrets.token, sign: signingOptions(config) })

  app.decorate('claimNames', claimNames)
  app.decorate('roleValues', roleValues)
  app.decorate('authenticate', async (request, reply) => {
    try {
      request.user = await callerOf(request)
    } catch (error) {
      // Valid tokens always pass: other callers may share their sender's address.
      if (!(error instanceof TokenKeysUnavailableError)) await app.limits.authFailures.spend(request, reply)
      throw error instanceof TokenRefusedError ? new TokenInvalidError(error.message) : error
    }
  })

  async function callerOf (request: FastifyRequest): Promise<Caller> {
    const token = readBearerToken(headerValues(request.raw.rawHeaders, 'authorization'))
    if (token === undefined) throw new TokenRequiredError()
    const payload = await verifier.verify(token)
    const said = readClaims((name) => claimAt(payload, name), claimNames, roleValues)
    if (!claims.Check(said)) {
      const [, wrong = ''] = claims.Errors(said).First()?.path.split('/') ?? []
      throw new TokenRefusedError(`its claim ${namesOfParts.get(wrong) ?? wrong} is missing or has the wrong form`)
    }
    const { userId, orgKey, roles } = said
    return { userId, orgKey, roles }
  }
}, { name: 'jwt', dependencies: ['config', 'secret-files', 'secrets', 'token-keys', 'limits'] })

/** The keys that a token may be signed with: the identity provider's, or the configured one. */
function keysOf (
  { config: { JWT_PUBLIC_KEY, SECRET_OVERLAP }, secrets, secretFiles, tokenKeys }: FastifyInstance,
): (wanted: WantedKey) => Promise<VerificationKey[]> {
  if (tokenKeys !== undefined) {
    return async (wanted) => {
      const keys = await tokenKeys.find(wanted)
      if (keys === undefined) throw new TokenKeysUnavailableError()
      if (keys.length === 0) throw new TokenRefusedError('it is signed with an unknown key')
      return keys
    }
  }
  const configured = new Overlap(
    secrets.token === undefined ? publicKey(JWT_PUBLIC_KEY ?? '') : secretKey(secrets.token), SECRET_OVERLAP * 1000)
  secretFiles.on('change', (config, names) => {
    if (names.has('JWT_SECRET') && config.JWT_SECRET !== undefined) configured.replace(secretKey(config.JWT_SECRET), Date.now())
    if (names.has('JWT_PUBLIC_KEY') && config.JWT_PUBLIC_KEY !== undefined) configured.replace(publicKey(config.JWT_PUBLIC_KEY), Date.now())
  })
  return async (wanted) => {
    const accepted = configured.at(Date.now())
    // One at a time: they have no ids by which to choose between them.
    const keys = accepted.length === 1 ? selectKeys(accepted, wanted) : accepted.flatMap((key) => selectKeys([key], wanted))
    if (keys.length === 0) throw new TokenRefusedError('it is signed with another algorithm')
    return keys
  }
}

function secretKey (secret: string): VerificationKey {
  return { keyId: undefined, algorithm: 'HS256', key: createSecretKey(secret, 'utf8') }
}

/** @param pem already checked by the configuration */
function publicKey (pem: string): VerificationKey {
  const key = createPublicKey(pem)
  const [algorithm] = signatureAlgorithms(key)
  if (algorithm === undefined) throw new TypeError('The public key cannot verify tokens.')
  return { keyId: undefined, algorithm, key }
}
