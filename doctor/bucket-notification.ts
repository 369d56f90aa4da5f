import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import { isAmazonEndpoint } from '../store/vendor.js'
import { type Finding, ok, warning } from './finding.js'

/** A part of the bucket's notification configuration. */
interface Subscription {
  kinds: string[]
  isFiltered: boolean
  /** Where it leads, without credentials; undefined where the store does not tell. */
  address: string | undefined
}

const EVENTS_PATH = '/api/v1/objects/events'
/** What usage depends on. */
const neededKinds = {
  's3:ObjectCreated:*': ['s3:ObjectCreated:Put', 's3:ObjectCreated:Post', 's3:ObjectCreated:Copy', 's3:ObjectCreated:CompleteMultipartUpload'],
  's3:ObjectRemoved:*': ['s3:ObjectRemoved:Delete', 's3:ObjectRemoved:DeleteMarkerCreated'],
}
const ADVICE = 'let it send ObjectCreated and ObjectRemoved of all keys (docs/notifications.md). Until then only a reconcile settles what is missed: set RECONCILE_CRON.'

/**
 * Whether the bucket is configured to tell the service of what usage depends on. Some stores notify by a setting of the whole
 * server, so that nothing here is more than a warning: whether notifications arrive is tried elsewhere.
 *
 * @returns with the finding the kinds of events that may reach the service
 * @throws what minio-js throws
 */
export async function examineBucketNotification (app: FastifyInstance): Promise<{ finding: Finding, value: string[] }> {
  const subscriptions = await readSubscriptions(app)
  const ours = subscriptions.filter(({ address }) => address === undefined || new URL(address).pathname.endsWith(EVENTS_PATH))
  const value = ours.flatMap(({ kinds }) => kinds)
  const find = (finding: Finding) => ({ finding, value })
  const check = 'bucket-notification'
  if (subscriptions.length === 0) {
    return find(warning(check, `The bucket is not configured to notify anyone. Unless the object storage does so by a setting of its own, ${ADVICE}`))
  }
  if (ours.length === 0) {
    const addresses = subscriptions.map(({ address }) => address).join(', ')
    return find(warning(check, `The bucket's notifications go to ${addresses}. Unless something there passes them on, let them go to POST ${EVENTS_PATH} of this service.`))
  }
  const missing = missingKinds(ours)
  if (missing.length > 0) {
    const isFiltered = ours.some((subscription) => subscription.isFiltered) ? ', or not for every key' : ''
    return find(warning(check, `The bucket does not send ${missing.join(' and ')}${isFiltered}: ${ADVICE}`))
  }
  return find(ok(check, 'The bucket is configured to notify of new files and of removed ones.'))
}

function missingKinds (subscriptions: readonly Subscription[]): string[] {
  const sent = new Set(subscriptions.flatMap(({ kinds, isFiltered }) => isFiltered ? [] : kinds))
  return Object.entries(neededKinds)
    .filter(([all, each]) => !sent.has('s3:*') && !sent.has(all) && !each.every((kind) => sent.has(kind)))
    .map(([all]) => all)
}

async function readSubscriptions (app: FastifyInstance): Promise<Subscription[]> {
  const { minio, storeTarget: { bucket } } = app
  const { TopicConfiguration, QueueConfiguration, CloudFunctionConfiguration } = await minio.getBucketNotification(bucket)
  const topics = TopicConfiguration.map(async (configuration) =>
    ({ ...describe(configuration), address: await readAddress(app, configuration.Topic) }))
  return [...await Promise.all(topics), ...[...QueueConfiguration, ...CloudFunctionConfiguration].map(describe)]
}

function describe ({ Event: events, Filter: filters }: { Event: string[], Filter: unknown[] }): Subscription {
  return { kinds: events, isFiltered: filters.length > 0, address: undefined }
}

/** Where a topic of Ceph RGW leads, which has Amazon SNS's API for topics at the same address. */
async function readAddress (app: FastifyInstance, topic: string): Promise<string | undefined> {
  const { minio, storeTarget: { endpoint, region } } = app
  if (isAmazonEndpoint(endpoint)) return undefined
  try {
    const answer = await minio.makeRequestAsync({
      method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }, new URLSearchParams({ Action: 'GetTopic', TopicArn: topic }).toString(), [200], region)
    const address = new URL(/<EndpointAddress>([^<]*)<\/EndpointAddress>/.exec(await text(answer))?.[1] ?? '')
    return `${address.origin}${address.pathname}`
  } catch {
    // Another store, or credentials that may not: whether notifications arrive is tried all the same.
    return undefined
  }
}
