import { Type } from '@sinclair/typebox'

// Forms that several settings have. `words` says in a message what `pattern` says to the machine.

/** An address of HTTP without a path. */
export const httpUrl = (options: { description: string, examples?: string[] }) =>
  Type.String({ pattern: '^https?://[^/?#\\s]+/?$', words: 'an address that begins with http:// or https:// and has no path', ...options })

/** The name of one of a token's claims. */
export const claimName = (usual: string, description: string) =>
  Type.String({ minLength: 1, maxLength: 256, default: usual, description })

/** A limit of requests a minute. */
export const perMinute = (usual: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 1_000_000, default: usual, description })

/** One of some words. */
export const choice = <Value extends string>(values: Value[], options: { default: Value, description: string }) =>
  Type.Union(values.map((value) => Type.Literal(value)), options)
