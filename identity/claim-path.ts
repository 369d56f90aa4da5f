/**
 * The claim that a name refers to: the claim with that very name or, if the name has dots, a member within claims, as
 * `realm_access.roles` refers to `{"realm_access":{"roles":…}}`. Claims' names may contain dots themselves; the longest that
 * exists wins. Only the token's own members count, since every object inherits some names.
 *
 * @returns undefined if there is none
 */
export function claimAt (claims: object, name: string): unknown {
  const own = Object.getOwnPropertyDescriptor(claims, name)
  if (own !== undefined) return own.value
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const member: unknown = Object.getOwnPropertyDescriptor(claims, name.slice(0, dot))?.value
    if (typeof member === 'object' && member !== null) return claimAt(member, name.slice(dot + 1))
  }
  return undefined
}
