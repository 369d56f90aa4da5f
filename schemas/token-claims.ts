import { type Static, Type } from '@sinclair/typebox'
import { OrgKeySchema, UuidSchema } from './identifiers.js'

/** Every role that a token can have. */
export const roles = ['member', 'admin', 'service'] as const
export type Role = (typeof roles)[number]

const RoleSchema = Type.Union(roles.map((role) => Type.Literal(role)), {
  description: '`admin` sees the whole organisation\'s usage; `service` is the workflow platform itself.',
})

// ECMA-262, 21.4.1.1: a later one has no date. Tokens that never expire are not accepted.
const DATE_MAX_SECONDS = 8_640_000_000_000

/** Who sent a request, as its token says. */
export const CallerSchema = Type.Object({
  userId: UuidSchema,
  orgKey: OrgKeySchema,
  role: RoleSchema,
})
export type Caller = Static<typeof CallerSchema>

/** Whether a caller may act on what one user of their organisation has made: on their own, and an admin on everyone's. */
export function mayActFor ({ userId, role }: Caller, ownerId: string): boolean {
  return userId === ownerId || role === 'admin'
}

/** What a token must say, by the names that the service uses; which claims hold it is a matter of configuration. */
export const TokenClaimsSchema = Type.Object({
  ...CallerSchema.properties,
  exp: Type.Number({ maximum: DATE_MAX_SECONDS }),
})

/** The names of the claims that say who the caller is. */
export type ClaimNames = Record<keyof Caller, string>

/** What a token's payload says by the names that the service uses, unchecked. Claims that it has no use for are left out. */
export function readClaims (payload: object, names: ClaimNames): Record<keyof Static<typeof TokenClaimsSchema>, unknown> {
  // Only what the token itself holds: a claim may be configured to be, or sent, under any name that objects inherit.
  const own = new Map<string, unknown>(Object.entries(payload))
  return { userId: own.get(names.userId), orgKey: own.get(names.orgKey), role: own.get(names.role), exp: own.get('exp') }
}

/** The claims that say who the caller is. */
export function writeClaims (caller: Caller, names: ClaimNames): Record<string, string> {
  return Object.fromEntries([[names.userId, caller.userId], [names.orgKey, caller.orgKey], [names.role, caller.role]])
}
