import fastifyJwt from '@fastify/jwt'
import fastify from 'fastify'
import { type Config, claimNamesOf, roleValuesOf, signingOptions } from '../config.js'
import { DEMO_ADMIN, DEMO_ORG_KEY } from '../embedded/demo/organisation.js'
import { readEmbeddedSecrets } from '../embedded/secrets.js'
import { type Caller, writeClaims } from '../schemas/token-claims.js'

/** No token can be signed here; the message says who can sign one. */
export class CannotMintError extends Error {
  override name = 'CannotMintError'
}

/**
 * Signs a token that a service with this configuration accepts. The service need not be running.
 *
 * @throws {CannotMintError}
 * @throws {SecretsUnreadableError}
 */
export async function mintToken (config: Config, caller: Caller, lifetimeSeconds: number): Promise<string> {
  const signer = fastify()
  await signer.register(fastifyJwt, { secret: secretOf(config), sign: signingOptions(config) })
  return signer.jwt.sign(writeClaims(caller, claimNamesOf(config), roleValuesOf(config)), { expiresIn: lifetimeSeconds })
}

/** `mintToken` for the demo organisation's admin. */
export async function mintDemoToken (config: Config, lifetimeSeconds: number): Promise<string> {
  return await mintToken(config, { userId: DEMO_ADMIN, orgKey: DEMO_ORG_KEY, roles: ['admin'] }, lifetimeSeconds)
}

function secretOf ({ JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL, DATA_DIR }: Config): string {
  if (JWT_PUBLIC_KEY !== undefined) throw new CannotMintError('Only the owner of the private key that belongs to JWT_PUBLIC_KEY can sign tokens.')
  if (JWT_JWKS_URL !== undefined) throw new CannotMintError('Only the identity provider whose keys JWT_JWKS_URL names can sign tokens.')
  const secret = JWT_SECRET ?? readEmbeddedSecrets(DATA_DIR)?.tokenSecret
  if (secret === undefined) {
    throw new CannotMintError(`There is no secret in ${DATA_DIR} yet: start the service once, or set DATA_DIR or JWT_SECRET as the service has them.`)
  }
  return secret
}
