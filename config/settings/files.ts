import { Type } from '@sinclair/typebox'
import { choice } from './forms.js'

/** Downloads and uploads. */
export const files = {
  DOWNLOAD_MODE: choice(['redirect', 'stream'], {
    default: 'redirect',
    description: '`redirect` answers with a redirect to a pre-signed URL; `stream` sends the bytes through the service.',
  }),
  SHARE_MODE: Type.Optional(choice(['redirect', 'stream'], {
    description: 'How share links lead to files. With `redirect`, those who open one can read the object key in the ' +
      'pre-signed URL, and a key does not expire; `stream` never shows it. Unset: as `DOWNLOAD_MODE` says.',
  })),
  DOWNLOAD_URL_TTL: Type.Integer({
    minimum: 10,
    maximum: 604800,
    default: 300,
    description: 'Seconds for which a pre-signed download URL is valid at most. At least half of them are left when it is ' +
      'handed out.',
  }),
  UPLOAD_URL_TTL: Type.Integer({ minimum: 10, maximum: 604800, default: 900, description: 'Seconds within which an upload must begin.' }),
  UPLOAD_ABANDONED_AFTER: Type.Integer({
    minimum: 60,
    maximum: 2592000,
    default: 86400,
    description: 'Seconds after which an upload in parts is given up and its parts are removed, if its sender has asked for ' +
      'no URL of a part in that time. Its place in a quota is kept until then.',
  }),
  UPLOAD_OPEN_BYTES: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: 5 * 1024 ** 4,
    description: 'Bytes of an organisation\'s quota that one user may reserve at once for uploads that have not arrived; 0 sets no limit.',
  }),
  UPLOAD_CHECKSUMS: Type.String({
    pattern: '^(auto|none|(md5|sha256|crc32c)(,(md5|sha256|crc32c)){0,2})$',
    words: '`auto`, `none`, or some of `md5`, `sha256` and `crc32c`, separated by commas',
    default: 'auto',
    description: 'Checksums that the object storage enforces if a client states them, by refusing other bytes: upload URLs ' +
      'are signed for these; others are only kept as claims. Ceph RGW 16 enforces only `md5`. `auto`: all, if the storage ' +
      'is the embedded one or `S3_ENDPOINT` is a host of amazonaws.com; otherwise `none`.',
  }),
  EXISTENCE_TTL: Type.Integer({
    minimum: 0,
    maximum: 3600,
    default: 5,
    description: 'Seconds for which a file, once found, is taken to exist; 0 asks the object storage every time.',
  }),
  INLINE_ACTIVE_CONTENT: choice(['sandbox', 'scripts', 'attachment'], {
    default: 'sandbox',
    description: 'How HTML, SVG and other active content is shown with `type=inline`: in a `sandbox` without scripts, in one that lets ' +
      '`scripts` run, or never, as an `attachment`.',
  }),
}
