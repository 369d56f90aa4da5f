import { topicArn } from './amazon-sns.js'
import type { IssuerKey } from './issuer.js'
import { secondsFromNow, signToken } from './tokens.js'

export const eventsToken = 'a-token-of-the-object-store'
const audience = 'https://files.example.com/api/v1/objects/events/pubsub'
const account = 'objects-push@my-project.iam.gserviceaccount.com'

/** Settings with which every door for notifications exists. */
export const everyDoor = {
  EVENTS_TOKEN: eventsToken,
  EVENTS_PATH_TOKEN: 'true',
  EVENTS_SNS_TOPIC_ARN: topicArn,
  EVENTS_PUBSUB_AUDIENCE: audience,
  EVENTS_PUBSUB_ACCOUNT: account,
}

/** Claims of a push subscription as Google's documentation shows them, valid for an hour. */
function pushClaims (): Record<string, unknown> {
  return {
    aud: audience,
    azp: '113774264463038321964',
    email: account,
    sub: '113774264463038321964',
    email_verified: true,
    exp: secondsFromNow(3600),
    iat: secondsFromNow(0),
    iss: 'https://accounts.google.com',
  }
}

/** A token of a push subscription, signed with the issuer's key and naming it. */
export function issuePushToken (
  { privateKey, algorithm, jwk }: IssuerKey, claims: Record<string, unknown> = {}, header: object = {},
): string {
  return signToken(privateKey, { ...pushClaims(), ...claims }, { alg: algorithm, kid: jwk.kid, typ: 'JWT', ...header }, algorithm)
}
