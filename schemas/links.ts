import { type Static, Type } from '@sinclair/typebox'
import { DispositionSchema, DownloadLinkSchema } from './download.js'
import { ErrorBodySchema } from './errors.js'
import { EXAMPLE_OBJECT_KEY } from './examples.js'
import { ObjectKeySchema } from './identifiers.js'
import { reference } from './reference.js'

/** The most keys that one request may name. */
const LINKS_MAX_KEYS = 100

export const LinksRequestSchema = Type.Object({
  objectKeys: Type.Array(ObjectKeySchema, {
    minItems: 1, maxItems: LINKS_MAX_KEYS, description: 'Object keys of 1 to 100 files. The key of each is the permission to read it.',
  }),
  type: Type.Optional(DispositionSchema),
}, {
  $id: 'LinksRequest',
  additionalProperties: false,
  description: 'Files to make pre-signed URLs for.',
  examples: [{ objectKeys: [EXAMPLE_OBJECT_KEY], type: 'inline' }],
})

export const LinkResultSchema = Type.Object({
  link: Type.Optional(reference(DownloadLinkSchema)),
  error: Type.Optional(reference(ErrorBodySchema)),
}, { $id: 'LinkResult', description: 'For one key: either a link, or the error that its download would answer.' })
export type LinkResult = Static<typeof LinkResultSchema>

export const LinksSchema = Type.Object({
  results: Type.Array(reference(LinkResultSchema), {
    maxItems: LINKS_MAX_KEYS, description: 'A result for each key, in the order of the request.',
  }),
}, {
  $id: 'Links',
  description: 'Where files can be read from. A missing file does not affect the others.',
  examples: [{
    results: [
      { link: DownloadLinkSchema.examples[0] },
      { error: ErrorBodySchema.examples[0] },
    ],
  }],
})
