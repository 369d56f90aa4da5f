import { text } from 'node:stream/consumers'
import type { Client } from 'minio'

/**
 * Where the bucket's notifications go: to something that already has an ARN, or to an address, through a topic created for it.
 */
export type NotificationTarget = { arn: string } | { name: string, url: string }

/**
 * Creates a persistent topic of Ceph RGW that posts to the address, or changes the topic of that name. RGW offers Amazon SNS's
 * topic API at the store's own address (https://docs.ceph.com/en/latest/radosgw/notifications/).
 *
 * @returns its ARN
 * @throws what minio-js throws, and if the store returns no ARN
 */
export async function createTopic (
  minio: Client, region: string, { name, url }: { name: string, url: string },
): Promise<string> {
  const attributes = { 'push-endpoint': url, persistent: 'true' }
  const parameters = new URLSearchParams({ Action: 'CreateTopic', Name: name })
  for (const [index, [key, value]] of Object.entries(attributes).entries()) {
    parameters.set(`Attributes.entry.${index + 1}.key`, key)
    parameters.set(`Attributes.entry.${index + 1}.value`, value)
  }
  const answer = await minio.makeRequestAsync({
    method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }, parameters.toString(), [200], region)
  const arn = /<TopicArn>([^<]+)<\/TopicArn>/.exec(await text(answer))?.[1]
  if (arn === undefined) throw new Error('The object storage has no topics.')
  return arn
}
