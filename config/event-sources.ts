import { ConfigError } from './config-error.js'
import type { Config } from './settings.js'

/**
 * Checks that every configured route for notifications can receive any.
 *
 * @throws {ConfigError}
 */
export function checkEventDoors (config: Config): void {
  const { EVENTS_TOKEN, EVENTS_PATH_TOKEN, EVENTS_PUBSUB_AUDIENCE, EVENTS_PUBSUB_ACCOUNT } = config
  if (EVENTS_PATH_TOKEN === 'true' && EVENTS_TOKEN === undefined) {
    throw new ConfigError('EVENTS_TOKEN is missing: EVENTS_PATH_TOKEN accepts it in the path.')
  }
  if ((EVENTS_PUBSUB_AUDIENCE === undefined) !== (EVENTS_PUBSUB_ACCOUNT === undefined)) {
    throw new ConfigError('EVENTS_PUBSUB_AUDIENCE and EVENTS_PUBSUB_ACCOUNT must be set together, or not at all.')
  }
}

/**
 * Checks that each queue has all the settings that it needs, and a well-formed address: otherwise a library's error might quote
 * it, with its password.
 *
 * @throws {ConfigError}
 */
export function checkEventQueues (config: Config): void {
  const { EVENTS_SQS_URL, EVENTS_AMQP_URL, EVENTS_AMQP_QUEUE } = config
  const { EVENTS_NATS_URL, EVENTS_NATS_STREAM, EVENTS_NATS_CONSUMER } = config
  for (const [name, url] of Object.entries({ EVENTS_SQS_URL, EVENTS_AMQP_URL, EVENTS_NATS_URL })) {
    if (url !== undefined && !isAddress(url)) {
      throw new ConfigError(`${name} must be a URL: special characters of user and password must be percent-encoded, as %40 for @.`)
    }
  }
  const needed = [
    ['EVENTS_AMQP_URL', EVENTS_AMQP_URL, { EVENTS_AMQP_QUEUE }],
    ['EVENTS_NATS_URL', EVENTS_NATS_URL, { EVENTS_NATS_STREAM, EVENTS_NATS_CONSUMER }],
  ] as const
  for (const [name, url, names] of needed) {
    for (const [other, value] of Object.entries(names)) {
      if (url !== undefined && value === undefined) throw new ConfigError(`${other} is missing: ${name} needs it.`)
      if (url === undefined && value !== undefined) throw new ConfigError(`${name} is missing: ${other} is of no use without it.`)
    }
  }
}

/** Whether a text is an address whose user and password can be decoded. */
function isAddress (text: string): boolean {
  try {
    const { username, password, pathname } = new URL(text)
    return [username, password, pathname].every((part) => typeof decodeURIComponent(part) === 'string')
  } catch {
    return false
  }
}
