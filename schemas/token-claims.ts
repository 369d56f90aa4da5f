import { type Static, Type } from '@sinclair/typebox'
import type { ObjectKeyParts } from '../objects/object-key.js'
import { OrgKeySchema, UuidSchema, canonicalUuid } from './identifiers.js'

/** Every role that a token can have. */
export const roles = ['member', 'admin', 'service'] as const
export type Role = (typeof roles)[number]

const RoleSchema = Type.Union(roles.map((role) => Type.Literal(role)), {
  description: '`admin` sees the whole organisation\'s usage; `service` is the workflow platform itself.',
})

// ECMA-262, 21.4.1.1: dates end here. Tokens that never expire are not accepted.
const DATE_MAX_SECONDS = 8_640_000_000_000

/** Who sent a request, according to its token. */
export const CallerSchema = Type.Object({
  userId: UuidSchema,
  orgKey: OrgKeySchema,
  /** A caller may do what any of these roles may. */
  roles: Type.Array(RoleSchema, { minItems: 1 }),
})
export type Caller = Static<typeof CallerSchema>

/** Whether a caller has one of these roles. */
export function hasRole ({ roles: held }: Caller, wanted: readonly Role[]): boolean {
  return held.some((role) => wanted.includes(role))
}

/** Whether a caller may act on what a user of their organisation has made: on their own, and an admin on everyone's. */
export function mayActFor (caller: Caller, ownerId: string): boolean {
  return caller.userId === ownerId || hasRole(caller, ['admin'])
}

/** The user whose files a caller may list: a member sees only their own; undefined for everyone's in the organisation. */
export function onlyListedCreator (caller: Caller): string | undefined {
  return hasRole(caller, ['service', 'admin']) ? undefined : caller.userId
}

/**
 * Whether a caller may list, and so read and share, a file with these parts in its key; undefined if it is not an object key.
 */
export function mayList (caller: Caller, parts: Pick<ObjectKeyParts, 'orgKey' | 'createdBy'> | undefined): boolean {
  return parts?.orgKey === caller.orgKey && [undefined, parts.createdBy].includes(onlyListedCreator(caller))
}

/** What a token must say, by the names that the service uses; the configuration says which claims hold it. */
export const TokenClaimsSchema = Type.Object({
  ...CallerSchema.properties,
  exp: Type.Number({ maximum: DATE_MAX_SECONDS }),
})

/** The names of the claims that say who the caller is. */
export type ClaimNames = Record<'userId' | 'orgKey' | 'role', string>

/** Which roles the values of the role claim stand for; undefined if each role stands for itself. */
export type RoleValues = ReadonlyMap<string, string> | undefined

/**
 * What a token says, unchecked, by the names that the service uses. Roles that the service does not know are left out: identity
 * providers put those of all their services into one claim.
 *
 * @param claimAt returns what the token holds under a name
 */
export function readClaims (
  claimAt: (name: string) => unknown, names: ClaimNames, roleValues: RoleValues,
): Record<keyof Static<typeof TokenClaimsSchema>, unknown> {
  return {
    userId: canonicalUuid(claimAt(names.userId)),
    orgKey: canonicalUuid(claimAt(names.orgKey)),
    roles: rolesOf(claimAt(names.role), roleValues),
    exp: claimAt('exp'),
  }
}

function rolesOf (said: unknown, roleValues: RoleValues): Role[] | undefined {
  const values: unknown[] = Array.isArray(said) ? said : [said]
  if (!values.every((value) => typeof value === 'string')) return undefined
  const held = values.map((value) => roleValues === undefined ? value : roleValues.get(value))
  return roles.filter((role) => held.includes(role))
}

/** The claims that say who the caller is, as `readClaims` reads them. */
export function writeClaims ({ userId, orgKey, roles: held }: Caller, names: ClaimNames, roleValues?: RoleValues): object {
  const valueOf = (role: Role) => {
    if (roleValues === undefined) return role
    return [...roleValues].find(([, stood]) => stood === role)?.[0] ?? role
  }
  const [first, ...more] = held.map(valueOf)
  const role = more.length === 0 ? first : [first, ...more]
  return Object.fromEntries([[names.userId, userId], [names.orgKey, orgKey], [names.role, role]])
}
