import type { FastifyInstance } from 'fastify'
import { isAbsentSetting } from '../errors/absent-setting.js'
import { errorCode } from '../errors/error-code.js'
import { isAmazonEndpoint } from '../store/vendor.js'
import { examineBucketNotification } from './bucket-notification.js'
import { type Finding, failed, ok, skipped, warning } from './finding.js'

type LifecycleRule = NonNullable<Awaited<ReturnType<FastifyInstance['minio']['getBucketLifecycle']>>>['Rule'][number]

const ANSWER_TIMEOUT_MS = 10_000
const RULES_NAMED_MAX = 5

/** Checks the bucket's settings that change its files without this service, or that notify it of changes. */
export async function * examineBucketSettings (app: FastifyInstance): AsyncGenerator<Finding, undefined> {
  const { minio, config, storeTarget: { bucket, keyPrefix = '' } } = app
  if (config.S3_ENDPOINT === undefined) {
    yield skipped('bucket-settings', 'The embedded object storage has no lifecycle rules and no versions, and it notifies ' +
      'the service itself.')
    return
  }
  const subscribed = yield * reading('bucket-notification', 's3:GetBucketNotification', async () => await examineBucketNotification(app))
  const rules = yield * reading('lifecycle', 's3:GetLifecycleConfiguration', async () => {
    const rules = (await activeRules(minio, bucket)).filter((rule) => concerns(rule, keyPrefix))
    return { finding: describeRules(rules, app, subscribed ?? []), value: rules }
  })
  yield * reading('versioning', 's3:GetBucketVersioning', async () => {
    const { Status: status } = await minio.getBucketVersioning(bucket)
    return { finding: describeVersioning(status, rules ?? []), value: status }
  })
}

/** Returns a setting, or undefined if it cannot be read, and yields the finding about it. */
async function * reading<Value> (
  check: string, permission: string, examine: () => Promise<{ finding: Finding, value: Value }>,
): AsyncGenerator<Finding, Value | undefined> {
  try {
    const { finding, value } = await inTime(examine())
    yield finding
    return value
  } catch (error) {
    const code = errorCode(error)
    if (code === 'AccessDenied') yield skipped(check, `The credentials may not read this setting (${permission}), so it was not looked at.`)
    else if (isAbsentSetting(code)) yield skipped(check, 'The object storage has no such setting.')
    else yield failed(check, `The object storage does not reveal this setting: ${code || 'its answer cannot be read, or did not come in time'}.`)
    return undefined
  }
}

/** minio-js sets no time limit on an answer. */
function inTime<Answer> (answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { reject(new Error('There was no answer.')) }, ANSWER_TIMEOUT_MS)
    answer.then(resolve, reject).finally(() => { clearTimeout(timer) })
  })
}

async function activeRules (minio: FastifyInstance['minio'], bucket: string): Promise<LifecycleRule[]> {
  try {
    // A single rule is not in an array, and if there are none there is no list at all.
    const rules = (await minio.getBucketLifecycle(bucket))?.Rule ?? []
    return [rules].flat().filter(({ Status: status }) => status === 'Enabled')
  } catch (error) {
    if (errorCode(error) === 'NoSuchLifecycleConfiguration') return []
    throw error
  }
}

/** Whether a rule may apply to this service's keys in a bucket that it shares. */
function concerns ({ Prefix: older, Filter: filter }: LifecycleRule, keyPrefix: string): boolean {
  const prefix = [filter?.Prefix, filter?.And?.Prefix, older].find((each) => each !== undefined && each !== '') ?? ''
  return keyPrefix === '' || String(prefix).startsWith(keyPrefix) || keyPrefix.startsWith(String(prefix))
}

function describeRules (rules: readonly LifecycleRule[], app: FastifyInstance, subscribed: readonly string[]): Finding {
  const { RECONCILE_CRON } = app.config
  const removing = rules.filter(({ Expiration: { Days: days, Date: date } = {} }) => days !== undefined || date !== undefined)
  if (removing.length === 0) return ok('lifecycle', 'No lifecycle rule of the bucket removes files that are counted.')
  const names = removing.slice(0, RULES_NAMED_MAX).map(({ ID: id }) => JSON.stringify(String(id))).join(', ')
  const more = removing.length > RULES_NAMED_MAX ? `, and ${removing.length - RULES_NAMED_MAX} more` : ''
  const what = `Lifecycle rules of the bucket remove files (${names}${more})`
  if (isAmazonEndpoint(app.storeTarget.endpoint) && subscribed.some((kind) => kind.startsWith('s3:LifecycleExpiration:'))) {
    return ok('lifecycle', `${what}, and Amazon S3 sends an event for each.`)
  }
  const silence = `${what}, for which not every object storage sends an event (Ceph RGW 16 sends none): only a reconcile reliably stops counting them.`
  return RECONCILE_CRON === undefined
    ? warning('lifecycle', `${silence} Set RECONCILE_CRON to a time after the rules', such as 0 3 * * * for 3 o'clock each night, or run npm run reconcile then.`)
    : ok('lifecycle', `${silence} RECONCILE_CRON starts one (${RECONCILE_CRON}).`)
}

function describeVersioning (status: string | undefined, rules: readonly LifecycleRule[]): Finding {
  if (status !== 'Enabled' && status !== 'Suspended') {
    return ok('versioning', 'The bucket keeps no versions: everything that it holds is counted.')
  }
  const isBounded = rules.some(({ NoncurrentVersionExpiration: expiration }) => expiration !== undefined)
  const uncounted = 'A file that is deleted or overwritten stays as an older version, which is neither counted nor offered for download'
  if (status === 'Enabled') {
    return isBounded
      ? ok('versioning', `The bucket keeps versions. ${uncounted}, until a lifecycle rule removes it (NoncurrentVersionExpiration).`)
      : warning('versioning', `The bucket keeps versions. ${uncounted}, and takes up space for good: let a lifecycle rule remove these (NoncurrentVersionExpiration), or take them into account.`)
  }
  return warning('versioning', 'Versioning is suspended: there may still be versions from before, which are neither counted ' +
    'nor offered for download. Ceph RGW 16 may list such a key several times: a reconcile then asks about that key.')
}
