// RFC 9110, section 8.8.3: entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE. There is no escaping inside the quotes: a comma or a
// backslash is part of the tag. The bytes from 0x80 arrive from Node as Latin-1.
const ENTITY_TAG = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"'
const soleEntityTag = new RegExp(`^${ENTITY_TAG}$`)
const everyEntityTag = new RegExp(ENTITY_TAG, 'g')
// Empty elements (`"a", ,"b"`) must be skipped: RFC 9110, section 5.6.1.2. The pattern has only one place for each blank, so
// that a header full of them takes linear time.
const entityTagList = new RegExp(`^[ \\t]*(?:${ENTITY_TAG}[ \\t]*)?(?:,[ \\t]*(?:${ENTITY_TAG}[ \\t]*)?)*$`)

/**
 * Reads the value of If-Match or If-None-Match (RFC 9110, sections 13.1.1 and 13.1.2): `*`, or a list of entity tags, each as
 * in an ETag header, with its quotes and its `W/`.
 *
 * A list that breaks the grammar anywhere is read as an empty one, which nothing matches: If-Match then refuses (412) rather
 * than guess what the client wanted to guard, and If-None-Match then sends the file, which is always right.
 */
export function parseEntityTags (value: string): '*' | string[] {
  if (value === '*') return '*'
  if (!entityTagList.test(value)) return []
  return value.match(everyEntityTag) ?? []
}

/** Whether the text is exactly one entity tag, weak or strong. */
export function isEntityTag (text: string): boolean {
  return soleEntityTag.test(text)
}

/** RFC 9110, section 8.8.3.2: whether two tags name the same bytes; neither may be weak. */
export function matchesStrongly (one: string, other: string): boolean {
  return one === other && !one.startsWith('W/')
}

/** RFC 9110, section 8.8.3.2: whether two tags name the same content in meaning; either may be weak. */
export function matchesWeakly (one: string, other: string): boolean {
  return opaqueTag(one) === opaqueTag(other)
}

function opaqueTag (entityTag: string): string {
  return entityTag.startsWith('W/') ? entityTag.slice(2) : entityTag
}
