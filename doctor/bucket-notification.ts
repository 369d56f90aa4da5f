import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import { isAmazonEndpoint } from '../store/vendor.js'
import { type Finding, ok, warning } from './finding.js'

/** A part of the bucket's notification configuration. */
interface Subscription {
  kinds: string[]
  isFiltered: boolean
  /** Where it leads, without credentials; undefined if the store does not say. */
  address: string | undefined
}

const EVENTS_PATH = '/api/v1/objects/events'
/** The kinds of events that usage depends on. */
const neededKinds = {
  's3:ObjectCreated:*': ['s3:ObjectCreated:Put', 's3:ObjectCreated:Post', 's3:ObjectCreated:Copy', 's3:ObjectCreated:CompleteMultipartUpload'],
  's3:ObjectRemoved:*': ['s3:ObjectRemoved:Delete', 's3:ObjectRemoved:DeleteMarkerCreated'],
}
const ADVICE = 'let it send ObjectCreated and ObjectRemoved for all keys (docs/notifications.md). Until then only a ' +
  'reconcile makes up for what is missed: set RECONCILE_CRON.'

/**
 * Checks whether the bucket is configured to notify the service of what usage depends on. Some stores notify by a server-wide
 * setting, so that anything found here is only a warning; another check tries whether notifications arrive.
 *
 * @returns the finding, and the kinds of events that may reach the service
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
    return find(warning(check, `The bucket's notifications go to ${addresses}. Unless something there passes them on, send them to POST ${EVENTS_PATH} of this service.`))
  }
  const missing = missingKinds(ours)
  if (missing.length > 0) {
    const isFiltered = ours.some((subscription) => subscription.isFiltered) ? ', or not for every key' : ''
    return find(warning(check, `The bucket does not send ${missing.join(' and ')}${isFiltered}: ${ADVICE}`))
  }
  return find(ok(check, 'The bucket is configured to report new and removed files.'))
}

function missingKinds (subscriptions: readonly Subscription[]): string[] {
  const sent = new Set(subscriptions.flatMap(({ kinds, isFiltered }) => isFiltered ? [] : kinds))
  return Object.entries(neededKinds)
    .filter(([all, each]) => !sent.has('s3:*') && !sent.has(all) && !each.every((kind) => sent.has(kind)))
    .map(([all]) => all)
}

async function readSubscriptions (app: FastifyInstance): Promise<Subscription[]> {
  const { minio, storeTarget: { bucket, keyPrefix = '' } } = app
  const { TopicConfiguration, QueueConfiguration, CloudFunctionConfiguration } = await minio.getBucketNotification(bucket)
  const topics = TopicConfiguration.map(async (configuration) =>
    ({ ...describe(configuration, keyPrefix), address: await readAddress(app, configuration.Topic) }))
  return [...await Promise.all(topics), ...[...QueueConfiguration, ...CloudFunctionConfiguration]
    .map((configuration) => describe(configuration, keyPrefix))]
}

/** @param keyPrefix of all the service's keys in the bucket: a filter that lets these through does not count as one */
function describe ({ Event: events, Filter: rules }: { Event: string[], Filter: unknown[] }, keyPrefix: string): Subscription {
  return { kinds: events, isFiltered: !rules.every((rule) => letsThrough(rule, keyPrefix)), address: undefined }
}

function letsThrough (rule: unknown, keyPrefix: string): boolean {
  if (typeof rule !== 'object' || rule === null || !('Name' in rule) || !('Value' in rule)) return false
  return String(rule.Name).toLowerCase() === 'prefix' && keyPrefix.startsWith(String(rule.Value))
}

/** Where a topic of Ceph RGW leads; RGW offers Amazon SNS's topic API at the store's own address. */
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
    // It is another store, or the credentials do not allow it; another check tries whether notifications arrive.
    return undefined
  }
}
