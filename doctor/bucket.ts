import type { FastifyInstance } from 'fastify'
import { describeUnreachable } from './addressing.js'
import { type Finding, failed, ok, warning } from './finding.js'
import { type StoreAnswer, sendAsService } from './probe.js'

// If clocks differ by more, S3 refuses requests: RequestTimeTooSkewed.
const SKEW_MAX_MS = 15 * 60_000

/**
 * Checks whether the bucket exists and admits the credentials, and whether its clock agrees with this machine's and the
 * database's.
 */
export async function examineBucket (app: FastifyInstance): Promise<Finding> {
  const { bucket } = app.storeTarget
  try {
    const response = await askForBucket(app)
    const answeredAtMs = Date.parse(response.headers.get('date') ?? '')
    const skewMs = Math.abs(answeredAtMs - Date.now())
    const fromDatabaseMs = answeredAtMs - app.databaseClock.now().getTime()
    if (skewMs > SKEW_MAX_MS) {
      return failed('bucket', `The object storage's clock differs from this machine's by ${Math.round(skewMs / 60_000)} minutes, so it refuses every request: synchronise both with NTP.`)
    }
    if (response.status === 404) return failed('bucket', `There is no bucket ${bucket}: create it, or correct S3_BUCKET.`)
    if (response.status === 403) return failed('bucket', `The object storage refuses the credentials for the bucket ${bucket}: check S3_ACCESS_KEY, S3_SECRET_KEY and S3_REGION, or the machine's role, and the policy.`)
    if (!response.ok) return failed('bucket', `The object storage answers with status ${response.status} for the bucket ${bucket}.`)
    if (Math.abs(fromDatabaseMs) > app.bucketEvents.clockSkewMs) {
      const apart = `${Math.round(Math.abs(fromDatabaseMs) / 1000)} s ${fromDatabaseMs > 0 ? 'ahead of' : 'behind'} the database's`
      return warning('bucket', `It is there, but the object storage's clock is ${apart}, so events may be put in the wrong order: synchronise both with NTP, or set STORE_CLOCK_SKEW to more than that.`)
    }
    return ok('bucket', `The bucket ${bucket} is there, and its clock and the database's agree.`)
  } catch (error) {
    return failed('bucket', describeUnreachable(app, error))
  }
}

/**
 * Credentials for part of a bucket may be allowed to list just that part, while HEAD of the bucket is refused (Amazon S3 API
 * Reference, "HeadBucket").
 */
async function askForBucket (app: FastifyInstance): Promise<StoreAnswer> {
  const { keyPrefix = '' } = app.storeTarget
  const response = await sendAsService(app, { method: 'HEAD', objectKey: '' })
  return response.status !== 403 || keyPrefix === ''
    ? response
    : await sendAsService(app, { method: 'GET', objectKey: '', query: { 'list-type': '2', 'max-keys': '1', prefix: keyPrefix } })
}
