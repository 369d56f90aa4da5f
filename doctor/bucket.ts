import type { FastifyInstance } from 'fastify'
import { type Finding, failed, ok, warning } from './finding.js'
import { sendAsService } from './probe.js'

// Beyond this S3 refuses requests: RequestTimeTooSkewed.
const SKEW_MAX_MS = 15 * 60_000

/** Whether the bucket is there, lets the credentials in, and has the time of this machine and of the database. */
export async function examineBucket (app: FastifyInstance): Promise<Finding> {
  const { bucket } = app.storeTarget
  try {
    const response = await sendAsService(app, { method: 'HEAD', objectKey: '' })
    const answeredAtMs = Date.parse(response.headers.get('date') ?? '')
    const skewMs = Math.abs(answeredAtMs - Date.now())
    const fromDatabaseMs = answeredAtMs - app.databaseClock.now().getTime()
    if (skewMs > SKEW_MAX_MS) {
      return failed('bucket', `The object storage's clock differs from this machine's by ${Math.round(skewMs / 60_000)} minutes, so it refuses every request: synchronise both with NTP.`)
    }
    if (response.status === 404) return failed('bucket', `There is no bucket ${bucket}: make it, or correct S3_BUCKET.`)
    if (response.status === 403) return failed('bucket', `The object storage refuses the credentials for the bucket ${bucket}: check S3_ACCESS_KEY, S3_SECRET_KEY and S3_REGION, and the policy.`)
    if (!response.ok) return failed('bucket', `The object storage answers with status ${response.status} for the bucket ${bucket}.`)
    if (Math.abs(fromDatabaseMs) > app.bucketEvents.clockSkewMs) {
      const apart = `${Math.round(Math.abs(fromDatabaseMs) / 1000)} s ${fromDatabaseMs > 0 ? 'ahead of' : 'behind'} the database's`
      return warning('bucket', `It is there, but the object storage's clock is ${apart}, so that events may be taken in the wrong order: let both follow NTP, or set STORE_CLOCK_SKEW to more than that.`)
    }
    return ok('bucket', `The bucket ${bucket} is there, and its clock and the database's agree.`)
  } catch {
    return failed('bucket', 'The object storage does not answer: check S3_ENDPOINT, and that this machine may connect.')
  }
}
