import type { FastifyInstance } from 'fastify'
import { type Finding, failed, ok, warning } from './finding.js'

/** Whether settings that are allowed one by one also make sense together. */
export function * examineSettings ({ config }: FastifyInstance): Generator<Finding> {
  const { EVENTS_TOKEN, SERVICE_SECRET, S3_ENDPOINT, DOWNLOAD_URL_TTL, EXISTENCE_TTL } = config
  if (S3_ENDPOINT !== undefined && SERVICE_SECRET === undefined) {
    yield warning('service-secret', 'Cursors are sealed with a key derived from S3_SECRET_KEY, and end when that changes: set SERVICE_SECRET, the same for all replicas.')
  } else {
    yield ok('service-secret', `Cursors are sealed with ${SERVICE_SECRET === undefined ? 'the random secret in DATA_DIR' : 'SERVICE_SECRET'}.`)
  }
  if (S3_ENDPOINT !== undefined && EVENTS_TOKEN === undefined) {
    yield failed('events-token', 'EVENTS_TOKEN is not set, so no notification is accepted: set it, here and at the object storage.')
  } else {
    yield ok('events-token', S3_ENDPOINT === undefined ? 'The embedded object storage needs none.' : 'EVENTS_TOKEN is set.')
  }
  yield EXISTENCE_TTL > DOWNLOAD_URL_TTL
    ? warning('lifetimes', 'EXISTENCE_TTL is longer than DOWNLOAD_URL_TTL: a removed file is redirected to for longer than its URL lives. Lower it.')
    : ok('lifetimes', `A download URL lives for ${DOWNLOAD_URL_TTL} s at most, a found file is taken to be there for ${EXISTENCE_TTL} s.`)
}
