import { Type } from '@sinclair/typebox'
import { choice } from './forms.js'

const TOPIC = 'arn:aws(-cn|-us-gov)?:sns:[a-z]{2}(-[a-z]+)+-\\d{1,2}:\\d{12}:[A-Za-z0-9_-]{1,256}'

/** Ways for notifications to come in besides `POST /events`: each exists only if it is configured. */
export const eventDoors = {
  EVENTS_PATH_TOKEN: choice(['false', 'true'], {
    default: 'false',
    description: '`true` also accepts `EVENTS_TOKEN` in the path, `/api/v1/objects/events/t/<token>`, for stores that send ' +
      'no header, such as versitygw. Proxies write paths into their logs: keep this one out of them.',
  }),
  EVENTS_SNS_TOPIC_ARN: Type.Optional(Type.String({
    pattern: `^${TOPIC}(\\s*,\\s*${TOPIC})*$`,
    words: 'the ARN of a topic of Amazon SNS, or several, separated by commas',
    description: 'Amazon SNS topic, or several, separated by commas, whose messages `/api/v1/objects/events/sns` accepts; ' +
      'their signatures are verified, and their subscriptions confirmed, only with the SNS of the topic\'s region. Not a ' +
      'FIFO topic, which cannot send to addresses. Unset: there is no such route.',
    examples: ['arn:aws:sns:eu-central-1:123456789012:objects'],
  })),
  EVENTS_PUBSUB_AUDIENCE: Type.Optional(Type.String({
    minLength: 1,
    description: 'Audience for which a push subscription of Google Pub/Sub is configured: what it sends to ' +
      '`/api/v1/objects/events/pubsub` is accepted with a token for that audience. Unset: there is no such route.',
    examples: ['https://files.example.com/api/v1/objects/events/pubsub'],
  })),
  EVENTS_PUBSUB_ACCOUNT: Type.Optional(Type.String({
    pattern: '^[^@\\s]+@[^@\\s]+$',
    words: 'the e-mail address of a service account',
    description: 'Service account that the subscription authenticates as. Required with `EVENTS_PUBSUB_AUDIENCE`.',
    examples: ['objects-push@my-project.iam.gserviceaccount.com'],
  })),
  EVENTS_PUBSUB_JWKS_URL: Type.String({
    pattern: '^https?://[^/?#\\s@]+(/[^#\\s]*)?$',
    words: 'an address that begins with http:// or https:// and holds no credentials',
    default: 'https://www.googleapis.com/oauth2/v3/certs',
    description: 'Key set that these tokens are verified with: by default, Google\'s. Change it for networks that reach ' +
      'that through a mirror, and for tests.',
  }),
}
