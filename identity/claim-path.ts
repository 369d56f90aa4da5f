/**
 * The claim that a name stands for: the claim of that very name, else, where the name has dots, a member within claims, as
 * `realm_access.roles` names `{"realm_access":{"roles":…}}`. Names may have dots themselves; the longest that is there counts.
 * Only what the token itself holds does: a name may be one that every object inherits.
 *
 * @returns undefined where there is none
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
