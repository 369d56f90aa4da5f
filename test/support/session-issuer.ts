import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type Server, createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { Account } from '../../embedded/s3/authentication.js'
import { listenLocally } from './listen.js'

/** A role's credentials, as an issuer returned them. */
export interface IssuedSession extends Account {
  accessKey: string
  secretKey: string
  sessionToken: string
  expiresAtMs: number
}

const ROLE = 'role-of-the-tests'
/** What clients must present. */
export const CONTAINER_TOKEN = 'token-of-the-container'
export const WEB_IDENTITY_TOKEN = 'token-of-the-web-identity'

/**
 * Issues sessions like AWS: as instance metadata (version 2 only), as the container's endpoint, and as STS with
 * AssumeRoleWithWebIdentity. Each answer is a new session. The stores of a test look sessions up with `find`.
 */
export class SessionIssuer {
  readonly #server: Server
  readonly #metadataTokens = new Set<string>()
  readonly sessions = new Map<string, IssuedSession>()
  /** How long a session lasts. */
  lifeMs: number
  /** Whether it answers with 500 instead of sessions. */
  isBroken = false
  origin = ''

  private constructor (lifeMs: number) {
    this.lifeMs = lifeMs
    this.#server = createServer((request, response) => {
      this.#answer(request).then(({ status = 200, type = 'application/json', body }) => {
        response.writeHead(status, { 'content-type': type }).end(body)
      }, (error: unknown) => { response.destroy(error instanceof Error ? error : undefined) })
    })
  }

  /** Starts an issuer that ends with the test. */
  static async start (t: Pick<Test, 'teardown'>, lifeMs: number): Promise<SessionIssuer> {
    const issuer = new SessionIssuer(lifeMs)
    issuer.origin = await listenLocally(t, issuer.#server)
    return issuer
  }

  find = (accessKey: string): IssuedSession | undefined => this.sessions.get(accessKey)

  #issue (): IssuedSession {
    const session = {
      accessKey: `ASIA${randomUUID()}`,
      secretKey: randomUUID(),
      sessionToken: `${randomUUID()}/+=`,
      expiresAtMs: Date.now() + this.lifeMs,
    }
    this.sessions.set(session.accessKey, session)
    return session
  }

  async #answer (request: IncomingMessage): Promise<{ status?: number, type?: string, body: string }> {
    if (this.isBroken) return { status: 500, body: 'out of order: secret-of-the-issuer' }
    switch (request.url) {
      case '/latest/api/token': {
        const token = randomUUID()
        this.#metadataTokens.add(token)
        return { status: request.method === 'PUT' ? 200 : 405, type: 'text/plain', body: token }
      }
      case '/latest/meta-data/iam/security-credentials/': return this.#withMetadataToken(request, () => ROLE)
      case `/latest/meta-data/iam/security-credentials/${ROLE}`: return this.#withMetadataToken(request, () => this.#asJson())
      case '/container': return request.headers.authorization === CONTAINER_TOKEN ? { body: this.#asJson() } : { status: 401, body: '' }
      case '/': return this.#assumeRole(new URLSearchParams(await text(request)))
      default: return { status: 404, body: '' }
    }
  }

  #withMetadataToken ({ headers }: IncomingMessage, body: () => string) {
    const isKnown = this.#metadataTokens.has(String(headers['x-aws-ec2-metadata-token']))
    return isKnown ? { body: body() } : { status: 401, body: '' }
  }

  #asJson (): string {
    const { accessKey, secretKey, sessionToken, expiresAtMs } = this.#issue()
    return JSON.stringify({
      Code: 'Success',
      AccessKeyId: accessKey,
      SecretAccessKey: secretKey,
      Token: sessionToken,
      Expiration: new Date(expiresAtMs).toISOString(),
    })
  }

  #assumeRole (form: URLSearchParams) {
    const isAllowed = form.get('Action') === 'AssumeRoleWithWebIdentity' && form.get('WebIdentityToken') === WEB_IDENTITY_TOKEN
    if (!isAllowed) return { status: 403, type: 'text/xml', body: errorDocument }
    const { accessKey, secretKey, sessionToken, expiresAtMs } = this.#issue()
    return {
      type: 'text/xml',
      body: '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>' +
        `<Credentials><AccessKeyId>${accessKey}</AccessKeyId><SecretAccessKey>${secretKey}</SecretAccessKey>` +
        `<SessionToken>${sessionToken}</SessionToken><Expiration>${new Date(expiresAtMs).toISOString()}</Expiration></Credentials>` +
        '</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>',
    }
  }
}

const errorDocument = '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
  '<Code>AccessDenied</Code><Message>secret-of-the-issuer</Message></Error></ErrorResponse>'

/** Sets variables that the AWS SDK reads, for the duration of a test, and hides those of this machine from it. */
export function setAwsEnvironment (t: Pick<Test, 'teardown'>, variables: Record<string, string>): void {
  const before = { ...process.env }
  const nothing = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true' }
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  Object.assign(process.env, nothing, variables)
  t.teardown(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
  })
}
