import type { FastifyInstance } from 'fastify'
import { type Finding, failed, ok, skipped, warning } from './finding.js'

/** Checks whether settings that are each allowed also make sense together. */
export function * examineSettings ({ config }: FastifyInstance): Generator<Finding> {
  const { EVENTS_TOKEN, EVENTS_SQS_URL, EVENTS_AMQP_URL, EVENTS_NATS_URL } = config
  const { SERVICE_SECRET, S3_ENDPOINT, DOWNLOAD_MODE, SHARE_MODE, DOWNLOAD_URL_TTL, EXISTENCE_TTL } = config
  if (S3_ENDPOINT !== undefined && SERVICE_SECRET === undefined) {
    yield warning('service-secret', 'Cursors are sealed with a key derived from S3_SECRET_KEY, and become invalid when that ' +
      'changes: set SERVICE_SECRET, the same for all replicas.')
  } else {
    yield ok('service-secret', `Cursors are sealed with ${SERVICE_SECRET === undefined ? 'the random secret in DATA_DIR' : 'SERVICE_SECRET'}.`)
  }
  yield S3_ENDPOINT !== undefined && SERVICE_SECRET === undefined
    ? skipped('share-links', 'There are none, since SERVICE_SECRET is not set.')
    : ok('share-links', `They lead to files ${(SHARE_MODE ?? DOWNLOAD_MODE) === 'stream'
      ? 'without showing object keys'
      : 'by pre-signed URLs, which show object keys (SHARE_MODE=stream does not)'}. After a restore of the database, run npm run end-shares: links that were revoked since the backup work again until then.`)
  const queues = Object.entries({ EVENTS_SQS_URL, EVENTS_AMQP_URL, EVENTS_NATS_URL })
    .flatMap(([name, url]) => url === undefined ? [] : [name])
  if (EVENTS_TOKEN === undefined && queues.length > 0) {
    yield ok('events-token', `Notifications come from queues (${queues.join(', ')}), and need no token.`)
  } else if (S3_ENDPOINT !== undefined && EVENTS_TOKEN === undefined) {
    yield failed('events-token', 'EVENTS_TOKEN is not set, so no notification is accepted: set it, here and at the object storage, or name a queue.')
  } else {
    yield ok('events-token', S3_ENDPOINT === undefined ? 'The embedded object storage needs no token.' : 'EVENTS_TOKEN is set.')
  }
  yield EXISTENCE_TTL > DOWNLOAD_URL_TTL
    ? warning('lifetimes', 'EXISTENCE_TTL is longer than DOWNLOAD_URL_TTL: downloads redirect to a removed file for longer ' +
      'than its URL is valid. Lower it.')
    : ok('lifetimes', `A download URL is valid for ${DOWNLOAD_URL_TTL} s at most; a file, once found, is taken to exist for ${EXISTENCE_TTL} s.`)
}
