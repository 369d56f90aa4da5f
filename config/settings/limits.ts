import { Type } from '@sinclair/typebox'
import { perMinute } from './forms.js'

/** How often clients may do things. */
export const limits = {
  DOWNLOAD_MISS_LIMIT: perMinute(60, 'Downloads a minute from one address that find no file; 0 sets no limit. Beyond it, a ' +
    'client gets only files that some client found a moment ago.'),
  AUTH_FAILURE_LIMIT: perMinute(60, 'Requests a minute from one address without a valid token; 0 sets no limit. Valid tokens always pass.'),
  UPLOAD_LIMIT: perMinute(6000, 'Uploads a minute by one user, including requests for URLs of parts; completing and ' +
    'aborting are counted apart, with the same limit. 0 sets no limit.'),
  RECONCILE_LIMIT: perMinute(60, 'Requests a minute by one organisation that start a reconcile; 0 sets no limit.'),
  LIST_LIMIT: perMinute(600, 'Pages of lists a minute by one user, except single files by key, and of shared files from one ' +
    'address; 0 sets no limit.'),
  SHARE_LIMIT: perMinute(60, 'Share links a minute made by one user; 0 sets no limit.'),
  ARCHIVES_AT_ONCE: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 8,
    description: 'Archives that a replica sends at once; it answers further requests with 503. The list of 10,000 files ' +
      'takes 6 MiB of memory, of 100,000 files 43 MiB.',
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
