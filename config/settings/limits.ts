import { Type } from '@sinclair/typebox'
import { perMinute } from './forms.js'

/** How often clients may do things. */
export const limits = {
  DOWNLOAD_MISS_LIMIT: perMinute(60, 'Downloads a minute from one address that find no file; 0 sets no limit. Beyond it, a client is ' +
    'refused files that no client found a moment ago.'),
  AUTH_FAILURE_LIMIT: perMinute(60, 'Requests a minute from one address without a valid token; 0 sets no limit. Valid tokens always pass.'),
  UPLOAD_LIMIT: perMinute(6000, 'Uploads a minute by one user, with requests for URLs of parts; and as many that are completed ' +
    'or aborted. 0 sets no limit.'),
  RECONCILE_LIMIT: perMinute(60, 'Requests a minute by one organisation that start a reconcile; 0 sets no limit.'),
  LIST_LIMIT: perMinute(600, 'Pages of lists a minute by one user, but for files by key, and of what is shared from one address; 0 sets no limit.'),
  SHARE_LIMIT: perMinute(60, 'Share links a minute made by one user; 0 sets no limit.'),
  ARCHIVES_AT_ONCE: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 8,
    description: 'Archives that a replica sends at once; it answers further ones with 503. What is held of 10,000 files takes 6 MiB, of 100,000 43.',
  }),
  REDIS_URL: Type.Optional(Type.String({
    secret: true,
    pattern: '^rediss?://',
    words: 'an address of Redis',
    description: 'Redis in which replicas keep a common count. While it does not answer, nothing is limited. Unset: each replica counts ' +
      'for itself.',
    examples: ['redis://user:password@host:6379'],
  })),
}
