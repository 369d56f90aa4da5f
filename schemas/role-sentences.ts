import { type Role, roles as everyRole } from './token-claims.js'

const alternatives = new Intl.ListFormat('en-GB', { type: 'disjunction' })
const holders: Record<Role, string> = { member: 'a member', admin: 'an admin', service: 'a service' }

/** Whether no role is missing. */
export function areAllRoles (roles: readonly Role[]): boolean {
  return everyRole.every((role) => roles.includes(role))
}

/** The message for a caller with another role: `Only an admin may start a reconcile.` */
export function roleRefusal (roles: readonly Role[], action = 'do this'): string {
  return `Only ${alternatives.format(roles.map((role) => holders[role]))} may ${action}.`
}

/** What the OpenAPI document says about an operation for these roles. */
export function roleDescription (roles: readonly Role[], action?: string): string {
  return areAllRoles(roles) ? 'Open to every role.' : roleRefusal(roles, action)
}

/** Every value of a token's role, listed as in prose. */
export function roleValues (): string {
  return alternatives.format(everyRole.map((role) => `\`${role}\``))
}
