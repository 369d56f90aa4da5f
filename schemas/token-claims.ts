import { type Static, Type } from '@sinclair/typebox'
import { OrgKeySchema, UuidSchema } from './identifiers.js'

export const RoleSchema = Type.Union([Type.Literal('member'), Type.Literal('admin'), Type.Literal('service')], {
  description: '`admin` sees the whole organisation\'s usage; `service` is the workflow platform itself.',
})

/** The claims that a token must carry. Others are ignored. */
export const TokenClaimsSchema = Type.Object({
  sub: UuidSchema,
  orgKey: OrgKeySchema,
  role: RoleSchema,
  exp: Type.Number(),
})
export type TokenClaims = Static<typeof TokenClaimsSchema>

/** Who sent a request, as its token says. */
export interface Caller {
  userId: TokenClaims['sub']
  orgKey: TokenClaims['orgKey']
  role: TokenClaims['role']
}
