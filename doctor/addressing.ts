import type { FastifyInstance } from 'fastify'
import { errorCode } from '../errors/error-code.js'
import { addressBucket } from '../store/bucket-address.js'
import { type Finding, failed, ok } from './finding.js'
import { readErrorCodeAsService } from './probe.js'

/** What stores answer if the bucket is in the path but they want it in the host name. */
const pathRefusals = new Set(['SecondLevelDomainForbidden', 'PathStyleDomainForbidden', 'InvalidPathAccess', 'PathStyleNotAllowed'])
/** What they answer to requests meant for another region or another host. */
const elsewhereCodes = new Set(['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', 'AuthorizationQueryParametersError'])

/** Checks how the bucket is addressed and reached; undefined if the store does not answer. */
export async function examineAddressing (app: FastifyInstance): Promise<Finding | undefined> {
  const { config, storeTarget, storeTransport } = app
  if (config.S3_ENDPOINT === undefined) return ok('addressing', 'The embedded object storage is below the service\'s own address.')
  const code = await readErrorCodeAsService(app).catch(() => undefined)
  if (code === undefined) return undefined
  const { origin, bucketPath, isInHost } = addressBucket(storeTarget)
  if (pathRefusals.has(code)) return failed('addressing', `The object storage accepts no bucket in the path (${code}): set S3_ADDRESSING=virtual-host.`)
  if (elsewhereCodes.has(code)) return failed('addressing', `The bucket is in another region than S3_REGION, or at another address (${code}): correct S3_REGION and S3_ENDPOINT.`)
  const ways = [
    isInHost ? 'in front of the host' : 'in the path',
    ...config.S3_PREFIX === undefined ? [] : [`below ${config.S3_PREFIX}`],
    ...storeTransport.tls.ca === undefined ? [] : ['with the certificates of S3_CA'],
    ...storeTransport.tls.cert === undefined ? [] : ['with a certificate of the service\'s own'],
    ...storeTransport.proxyFor(origin) === undefined ? [] : ['through a proxy'],
  ]
  return ok('addressing', `The bucket is at ${origin}${bucketPath}: ${ways.join(', ')}.`)
}

/** Why the object storage cannot be reached, and the one thing to do about it. */
export function describeUnreachable (app: FastifyInstance, error: unknown): string {
  const code = codeOf(error)
  const { origin, isInHost } = addressBucket(app.storeTarget)
  const hasProxy = app.storeTransport.proxyFor(origin) !== undefined
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return isInHost
      ? `The name ${new URL(origin).hostname} has no address: correct S3_ENDPOINT, or set S3_ADDRESSING=path.`
      : 'The name in S3_ENDPOINT has no address: correct it, or set HTTPS_PROXY if only a proxy knows it.'
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT': return `The object storage's certificate is from an authority that is not trusted (${code}): set S3_CA to the file with the authority's certificate.`
    case 'ERR_TLS_CERT_ALTNAME_INVALID': return isInHost
      ? 'The object storage\'s certificate is not for the bucket\'s name in front of the host: set S3_ADDRESSING=path, or use a bucket without dots.'
      : 'The object storage\'s certificate is for another name: put the name that it is for into S3_ENDPOINT.'
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID': return `The object storage's certificate is not valid now (${code}): renew it, or correct this machine's clock.`
    case 'ERR_SSL_WRONG_VERSION_NUMBER': return 'What answers at S3_ENDPOINT does not use TLS: let S3_ENDPOINT begin with ' +
      'http://.'
    case 'UND_ERR_ABORTED': return 'The proxy refuses to connect to the object storage: check HTTPS_PROXY, its password, ' +
      'and what the proxy allows.'
    default: return hasProxy
      ? 'The object storage does not answer through the proxy: check HTTPS_PROXY, HTTP_PROXY, NO_PROXY and S3_ENDPOINT.'
      : origin.startsWith('https:') && (code.startsWith('ERR_SSL_') || ['ECONNRESET', 'UND_ERR_SOCKET'].includes(code))
        ? `The object storage breaks off the connection (${code}): if it asks for a certificate, set S3_CLIENT_CERT and S3_CLIENT_KEY.`
        : 'The object storage does not answer: check S3_ENDPOINT, and that this machine may connect.'
  }
}

/** The code of an error or of its nearest cause that has one: fetch's own errors have none. */
function codeOf (error: unknown): string {
  const code = errorCode(error)
  return code === '' && error instanceof Error && error.cause !== undefined ? codeOf(error.cause) : code
}
