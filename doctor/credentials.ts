import type { FastifyInstance } from 'fastify'
import { ObjectStorageUnavailable } from '../store/failures.js'
import { type Finding, failed, ok, warning } from './finding.js'

/** Reports which credentials are used for the object storage, and until when they are valid. */
export function examineCredentials ({ storeCredentials, embeddedStore, config }: FastifyInstance): Finding {
  const origin = storeCredentials.origin()
  try {
    const { sessionToken, expiresAtMs } = storeCredentials.service.current
    if (embeddedStore !== undefined) return ok('store-credentials', `The embedded object storage uses those of ${origin}.`)
    if (expiresAtMs === undefined) {
      return ok('store-credentials', `They come from ${origin}, ${sessionToken === undefined ? 'and do not expire' : 'and belong to a session whose end is not known'}.`)
    }
    const end = new Date(expiresAtMs).toISOString()
    const longest = Math.max(config.DOWNLOAD_URL_TTL, config.UPLOAD_URL_TTL)
    return (expiresAtMs - Date.now()) / 1000 < longest
      ? warning('store-credentials', `They come from ${origin}, and expire at ${end}: sooner than URLs that are signed for ${longest} s, which expire with them. Lower DOWNLOAD_URL_TTL and UPLOAD_URL_TTL, or let sessions last longer.`)
      : ok('store-credentials', `They come from ${origin}, expire at ${end}, and are renewed before then.`)
  } catch (error) {
    if (!(error instanceof ObjectStorageUnavailable)) throw error
    return failed('store-credentials', `Those that came from ${origin} have expired, and there are no others.`)
  }
}
