/** What the catalogue says of an object. */
export interface CataloguedObject {
  objectKey: string
  sizeBytes: bigint
  /** Without quotes; null where none is known. */
  entityTag: string | null
}

/** Whether a listing says the same of an object. An entity tag that one of them does not know makes no difference. */
export function isSameObject (
  listed: { sizeBytes: number, entityTag: string | undefined }, catalogued: Pick<CataloguedObject, 'sizeBytes' | 'entityTag'>,
): boolean {
  return BigInt(listed.sizeBytes) === catalogued.sizeBytes &&
    (listed.entityTag === undefined || catalogued.entityTag === null || listed.entityTag === catalogued.entityTag)
}
