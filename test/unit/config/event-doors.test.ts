import t from 'tap'
import { ConfigError, loadConfig } from '../../../config.js'
import { readTopicArn } from '../../../identity/amazon-sns/topic.js'
import { everyDoor } from '../../support/event-doors.js'

const { EVENTS_TOKEN, EVENTS_PUBSUB_AUDIENCE, EVENTS_PUBSUB_ACCOUNT, EVENTS_SNS_TOPIC_ARN } = everyDoor

t.test('no door but the first is there unless it is configured', async (t) => {
  t.match(loadConfig({ EVENTS_TOKEN }), {
    EVENTS_PATH_TOKEN: 'false', EVENTS_SNS_TOPIC_ARN: undefined, EVENTS_PUBSUB_AUDIENCE: undefined, EVENTS_PUBSUB_ACCOUNT: undefined,
  })
  t.match(loadConfig(everyDoor), everyDoor)
})

t.test('a door that nothing could come in by keeps the service from starting', async (t) => {
  const both = 'EVENTS_PUBSUB_AUDIENCE and EVENTS_PUBSUB_ACCOUNT must be set together, or not at all.'
  const cases: Array<[environment: Record<string, string>, message: string]> = [
    [{ EVENTS_PATH_TOKEN: 'true' }, 'EVENTS_TOKEN is missing: EVENTS_PATH_TOKEN accepts it in the path.'],
    [{ EVENTS_PATH_TOKEN: 'yes', EVENTS_TOKEN }, 'EVENTS_PATH_TOKEN must be one of: false, true.'],
    [{ EVENTS_PUBSUB_AUDIENCE }, both],
    [{ EVENTS_PUBSUB_ACCOUNT }, both],
    [{ EVENTS_PUBSUB_AUDIENCE, EVENTS_PUBSUB_ACCOUNT: 'someone' },
      'EVENTS_PUBSUB_ACCOUNT must be the e-mail address of a service account, such as objects-push@my-project.iam.gserviceaccount.com.'],
  ]
  for (const [environment, message] of cases) t.throws(() => loadConfig(environment), new ConfigError(message))
})

t.test('whatever is taken for topics leads to hosts of SNS', async (t) => {
  const sound = [
    EVENTS_SNS_TOPIC_ARN, `${EVENTS_SNS_TOPIC_ARN},${EVENTS_SNS_TOPIC_ARN}-2`, `${EVENTS_SNS_TOPIC_ARN} , ${EVENTS_SNS_TOPIC_ARN}-2`,
    'arn:aws-cn:sns:cn-north-1:123456789012:objects', 'arn:aws-us-gov:sns:us-gov-west-1:123456789012:objects',
  ]
  for (const topics of sound) {
    const config = loadConfig({ EVENTS_SNS_TOPIC_ARN: topics })
    for (const arn of config.EVENTS_SNS_TOPIC_ARN?.split(',') ?? []) t.match(readTopicArn(arn.trim()).host, /^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/)
  }
  for (const topics of [
    'objects', `${EVENTS_SNS_TOPIC_ARN},`, `,${EVENTS_SNS_TOPIC_ARN}`, `${EVENTS_SNS_TOPIC_ARN}.fifo`, `${EVENTS_SNS_TOPIC_ARN}:subscription`, `${EVENTS_SNS_TOPIC_ARN}\n`,
    'arn:aws:sqs:eu-central-1:123456789012:objects', 'arn:aws:sns:evil.test:123456789012:objects', 'arn:aws-iso:sns:us-iso-east-1:123456789012:objects',
  ]) t.throws(() => loadConfig({ EVENTS_SNS_TOPIC_ARN: topics }), ConfigError, topics)
})
