import { createHash } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type { Client } from 'minio'
import { isAbsentSetting } from '../errors/absent-setting.js'
import { errorCode } from '../errors/error-code.js'
import { type SettingDocument, escapeXml, withRule } from './setting-document.js'
import type { Setting, Step } from './step.js'
import { type NotificationTarget, createTopic } from './topic.js'
import { withUploadStatements } from './upload-policy.js'

/** The bucket to prepare, and the settings it should have. */
export interface WantedBucket {
  name: string
  region: string
  /** The prefix of all keys in the bucket; empty if the service has the bucket to itself. */
  keyPrefix: string
  /** Where notifications go; undefined leaves the setting as it is. */
  notify: NotificationTarget | undefined
  /** Origins of pages that download and upload. */
  origins: readonly string[]
  /** Days after which an unfinished multipart upload is removed; 0 leaves the setting as it is. */
  abortAfterDays: number
  /** Whose credentials sign uploads, as an ARN; undefined leaves the policy as it is. */
  uploadPrincipal: string | undefined
  /** The settings to make. */
  only: readonly Setting[]
}

const ID = 'objects-storage'
const KINDS = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*']

const notificationDocument = {
  root: 'NotificationConfiguration', rules: ['QueueConfiguration', 'TopicConfiguration', 'CloudFunctionConfiguration'],
}
const corsDocument = { root: 'CORSConfiguration', rules: ['CORSRule'] }
const lifecycleDocument = { root: 'LifecycleConfiguration', rules: ['Rule'] }

/**
 * Creates the bucket and its settings one after the other. What is already there stays and is not written again, and so do
 * settings that others have made on the same bucket.
 *
 * @param minio with credentials that may configure the bucket
 */
export async function * prepareBucket (minio: Client, wanted: WantedBucket): AsyncGenerator<Step, undefined> {
  for (const setting of wanted.only) yield await makers[setting](minio, wanted)
}

const makers: Record<Setting, (minio: Client, wanted: WantedBucket) => Promise<Step>> = {
  bucket: async (minio, { name, region }) => await step('bucket', 's3:CreateBucket', 'The bucket is there.', async () => {
    if (await minio.bucketExists(name)) return false
    await minio.makeBucket(name, region)
    return true
  }),
  notifications: async (minio, wanted) => {
    const { region, keyPrefix, notify } = wanted
    if (notify === undefined) return skipped('notifications', 'Where they go to was not said (--notify-arn, --notify-url).')
    const message = 'The bucket tells of new files and of removed ones.'
    return await step('notifications', 's3:PutBucketNotification', message, async () => {
      const arn = 'arn' in notify ? notify.arn : await createTopic(minio, region, notify)
      return await putRule(minio, wanted, 'notification', notificationDocument, notificationRule(arn, keyPrefix),
        (rule) => rule.includes(`<Id>${ID}</Id>`) || rule.includes(`>${escapeXml(arn)}<`))
    })
  },
  cors: async (minio, wanted) => {
    if (wanted.origins.length === 0) return skipped('cors', 'No origin was given.')
    const message = `Pages of ${wanted.origins.join(', ')} may download and upload.`
    return await step('cors', 's3:PutBucketCORS', message, async () =>
      await putRule(minio, wanted, 'cors', corsDocument, corsRule(wanted.origins), (rule) => rule.includes(`<ID>${ID}</ID>`)))
  },
  'unfinished-uploads': async (minio, wanted) => {
    const { abortAfterDays, keyPrefix } = wanted
    if (abortAfterDays === 0) return skipped('unfinished-uploads', 'They stay as they are (--abort-after 0).')
    const message = `Uploads in parts that nobody completes are removed after ${abortAfterDays} days.`
    return await step('unfinished-uploads', 's3:PutLifecycleConfiguration', message, async () =>
      await putRule(minio, wanted, 'lifecycle', lifecycleDocument, lifecycleRule(abortAfterDays, keyPrefix),
        (rule) => rule.includes(`<ID>${ID}</ID>`)))
  },
  'public-acls': async (minio, wanted) =>
    await step('public-acls', 's3:PutBucketPublicAccessBlock', 'No upload can make its file public.', async () =>
      await ignorePublicAcls(minio, wanted)),
  'upload-policy': async (minio, { name, keyPrefix, uploadPrincipal }) => {
    if (uploadPrincipal === undefined) {
      return skipped('upload-policy', 'Whose credentials sign uploads was not said (--upload-principal).')
    }
    const message = `${uploadPrincipal} may put files, and nothing else.`
    return await step('upload-policy', 's3:PutBucketPolicy', message, async () => {
      const policy = await readPolicy(minio, name)
      const changed = withUploadStatements(policy, { bucket: name, keyPrefix, principal: uploadPrincipal })
      if (changed !== undefined) await minio.setBucketPolicy(name, changed)
      return changed !== undefined
    })
  },
}

function skipped (setting: Setting, message: string): Step {
  return { setting, outcome: 'skipped', message }
}

/** @param make resolves to whether there was anything to do */
async function step (
  setting: Setting, permission: string, message: string, make: () => Promise<boolean>,
): Promise<Step> {
  try {
    return { setting, outcome: await make() ? 'made' : 'unchanged', message }
  } catch (error) {
    const code = errorCode(error)
    if (isAbsentSetting(code)) return { setting, outcome: 'absent', message: 'The object storage has no such setting.' }
    const reason = code === 'AccessDenied'
      ? `The credentials may not change this setting (${permission}).`
      : `The object storage refuses it: ${code || 'there was no answer that could be read'}.`
    return { setting, outcome: 'failed', message: reason }
  }
}

async function putRule (
  minio: Client, bucket: WantedBucket, query: string, document: SettingDocument, rule: string,
  isOurs: (rule: string) => boolean,
): Promise<boolean> {
  const changed = withRule(document, await readSetting(minio, bucket, query), rule, isOurs)
  if (changed === undefined) return false
  await putSetting(minio, bucket, query, changed)
  return true
}

/** The setting's document as it is; undefined if there is none. */
async function readSetting (minio: Client, { name, region }: WantedBucket, query: string): Promise<string | undefined> {
  try {
    return await text(await minio.makeRequestAsync({ method: 'GET', bucketName: name, query }, '', [200], region))
  } catch (error) {
    // For example NoSuchCORSConfiguration.
    if (/^NoSuch\w+Configuration$/.test(errorCode(error))) return undefined
    throw error
  }
}

async function putSetting (minio: Client, { name, region }: WantedBucket, query: string, document: string): Promise<void> {
  // Amazon S3 accepts some settings only with this header.
  const headers = { 'Content-MD5': createHash('md5').update(document).digest('base64'), 'Content-Type': 'application/xml' }
  const answer = await minio.makeRequestAsync({ method: 'PUT', bucketName: name, query, headers }, document, [200, 204], region)
  answer.resume()
}

/** Leaves the rest of Block Public Access as it is, since Amazon's defaults are stricter. */
async function ignorePublicAcls (minio: Client, bucket: WantedBucket): Promise<boolean> {
  const current = await readSetting(minio, bucket, 'publicAccessBlock')
  const isOn = (name: string) => new RegExp(`<${name}>true</${name}>`).test(current ?? '')
  if (isOn('IgnorePublicAcls')) return false
  const names = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets']
  const settings = names.map((name) => `<${name}>${name === 'IgnorePublicAcls' || isOn(name)}</${name}>`)
  await putSetting(minio, bucket, 'publicAccessBlock',
    `<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${settings.join('')}</PublicAccessBlockConfiguration>`)
  return true
}

async function readPolicy (minio: Client, bucket: string): Promise<string | undefined> {
  try {
    return await minio.getBucketPolicy(bucket)
  } catch (error) {
    if (errorCode(error) === 'NoSuchBucketPolicy') return undefined
    throw error
  }
}

/** Amazon's queues and the webhooks of MinIO and RustFS are configured as queues; topics of Amazon and RGW as topics. */
function notificationRule (arn: string, keyPrefix: string): string {
  const [element, name] = arn.split(':')[2] === 'sns' ? ['TopicConfiguration', 'Topic'] : ['QueueConfiguration', 'Queue']
  const events = KINDS.map((kind) => `<Event>${kind}</Event>`).join('')
  const filter = keyPrefix === ''
    ? ''
    : `<Filter><S3Key><FilterRule><Name>prefix</Name><Value>${escapeXml(keyPrefix)}</Value></FilterRule></S3Key></Filter>`
  return `<${element}><Id>${ID}</Id><${name}>${escapeXml(arn)}</${name}>${events}${filter}</${element}>`
}

function corsRule (origins: readonly string[]): string {
  const each = (name: string, values: readonly string[]) => values.map((value) => `<${name}>${escapeXml(value)}</${name}>`).join('')
  return `<CORSRule><ID>${ID}</ID>${each('AllowedOrigin', origins)}${each('AllowedMethod', ['GET', 'HEAD', 'PUT'])}` +
    `<AllowedHeader>*</AllowedHeader>${each('ExposeHeader', ['ETag', 'Content-Disposition', 'Content-Range', 'Accept-Ranges'])}` +
    '<MaxAgeSeconds>3600</MaxAgeSeconds></CORSRule>'
}

function lifecycleRule (days: number, keyPrefix: string): string {
  return `<Rule><ID>${ID}</ID><Filter><Prefix>${escapeXml(keyPrefix)}</Prefix></Filter><Status>Enabled</Status>` +
    `<AbortIncompleteMultipartUpload><DaysAfterInitiation>${days}</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>`
}
