import { Type } from '@sinclair/typebox'
import { choice } from './forms.js'

/** Downloads and uploads. */
export const files = {
  DOWNLOAD_MODE: choice(['redirect', 'stream'], {
    default: 'redirect',
    description: '`redirect` answers with a redirect to a pre-signed URL; `stream` sends the bytes through the service.',
  }),
  DOWNLOAD_URL_TTL: Type.Integer({
    minimum: 10,
    maximum: 604800,
    default: 300,
    description: 'Seconds that a pre-signed download URL is valid at most. At least half of them are left when it is handed out.',
  }),
  UPLOAD_URL_TTL: Type.Integer({ minimum: 10, maximum: 604800, default: 900, description: 'Seconds within which an upload must begin.' }),
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
