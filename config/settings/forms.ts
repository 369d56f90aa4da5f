import { Type } from '@sinclair/typebox'

// Forms shared by several settings. `words` tells people what `pattern` tells the machine.

/** An HTTP address, which may have a path. */
export const httpUrlWithPath = (options: { description: string, examples?: string[] }) => Type.String({
  pattern: '^https?://[^/?#\\s]+(/[^?#\\s]*)?$',
  words: 'an address that begins with http:// or https:// and has neither a query nor a fragment',
  ...options,
})

/** The name of one of a token's claims. */
export const claimName = (usual: string, description: string) =>
  Type.String({ minLength: 1, maxLength: 256, default: usual, description })

/** A limit of requests per minute. */
export const perMinute = (usual: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 1_000_000, default: usual, description })

/** One word out of several. */
export const choice = <Value extends string>(values: Value[], options: { default?: Value, description: string }) =>
  Type.Union(values.map((value) => Type.Literal(value)), options)
