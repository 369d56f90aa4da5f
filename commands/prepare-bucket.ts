import { parseArgs } from 'node:util'
import { prepareBucket } from '../bucket/prepare.js'
import { isSetting, settings } from '../bucket/step.js'
import type { Config } from '../config.js'
import { runCommand, withBucket } from './command.js'
import { EXIT_CLEAN, EXIT_DIFFERENCES, UsageError } from './outcome.js'

const HELP = `Sets up the bucket and what it needs: notifications, CORS, a rule that ends unfinished uploads, and the policy for
uploads. What is there already stays, so it can be run at every deployment.

  npm run prepare-bucket -- [--notify-arn ARN | --notify-url URL] [--origin ORIGIN …] [--abort-after DAYS]
                            [--upload-principal ARN] [--only SETTING,…]

  --notify-arn        where notifications go: arn:rustfs:sqs:us-east-1:objects:webhook, arn:minio:sqs::objects:webhook, or the
                      ARN of an Amazon queue or topic
  --notify-url        the service's address for notifications, …/api/v1/objects/events: makes a topic of Ceph RGW that posts
                      to it. If RGW is reached over TLS, EVENTS_TOKEN is added to the address as its password
  --origin            an origin whose pages may download and upload (*; every file needs a signed URL all the same)
  --abort-after       days after which an unfinished upload in parts is removed (7); 0 leaves the rule as it is
  --upload-principal  the user that S3_UPLOAD_ACCESS_KEY belongs to: it may put files, and nothing else
  --only              some of: ${settings.join(', ')}

It reads S3_ENDPOINT, S3_BUCKET and the credentials as the service does; these must be allowed to configure the bucket.

Exit code: 0 everything is as it should be, 1 a setting could not be made, 2 it could not run.
`
const symbols = { made: 'made     ', unchanged: 'unchanged', absent: 'absent   ', skipped: 'skipped  ', failed: 'FAILED   ' }
const ABORT_AFTER_MAX_DAYS = 3650

runCommand(HELP, async () => {
  const { values } = parseArgs({
    options: {
      'notify-arn': { type: 'string' },
      'notify-url': { type: 'string' },
      origin: { type: 'string', multiple: true, default: ['*'] },
      'abort-after': { type: 'string', default: '7' },
      'upload-principal': { type: 'string' },
      only: { type: 'string', default: settings.join(',') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const { 'notify-arn': arn, 'notify-url': url, 'upload-principal': uploadPrincipal } = values
  if (arn !== undefined && url !== undefined) throw new UsageError('--notify-arn and --notify-url are for different stores: give one.')
  if (arn !== undefined && !/^arn:[^:]*:(sqs|sns):/.test(arn)) throw new UsageError('--notify-arn must be an ARN of a queue or a topic.')
  if (uploadPrincipal?.startsWith('arn:') === false) throw new UsageError('--upload-principal must be an ARN.')
  const only = values.only.split(',').map((name) => {
    if (!isSetting(name)) throw new UsageError(`--only has no setting ${name}; there are: ${settings.join(', ')}.`)
    return name
  })
  const abortAfterDays = Number(values['abort-after'])
  if (!Number.isInteger(abortAfterDays) || abortAfterDays < 0 || abortAfterDays > ABORT_AFTER_MAX_DAYS) {
    throw new UsageError(`--abort-after must be a number of days, ${ABORT_AFTER_MAX_DAYS} at most.`)
  }

  return await withBucket(async ({ config, minio, storeTarget: { bucket: name, region, keyPrefix = '' } }) => {
    const ofUrl = url === undefined ? undefined : { name, url: addressOf(url, config) }
    const notify = arn === undefined ? ofUrl : { arn }
    let hasFailed = false
    for await (const { setting, outcome, message } of prepareBucket(minio, {
      name, region, keyPrefix, notify, origins: values.origin, abortAfterDays, uploadPrincipal, only,
    })) {
      hasFailed ||= outcome === 'failed'
      console.log(`${symbols[outcome]}  ${setting}: ${message}`)
    }
    return hasFailed ? EXIT_DIFFERENCES : EXIT_CLEAN
  })
})

/** RGW accepts a password in the address only if it is reached over TLS itself. */
function addressOf (url: string, { S3_ENDPOINT: endpoint = '', EVENTS_TOKEN: token }: Config): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError('--notify-url must be an http or ' +
    'https URL.')
  }
  const address = new URL(url)
  if (token !== undefined && endpoint.startsWith('https:') && address.password === '') {
    address.username = 'objects'
    address.password = token
  }
  return address.href
}
