import { type Static, type TSchema, Type } from '@sinclair/typebox'

/** A reference to a schema that the application knows by its `$id`, typed as that schema. */
export function reference<Schema extends TSchema> (schema: Schema) {
  if (schema.$id === undefined) throw new TypeError('Only a schema with an $id can be referred to.')
  return Type.Unsafe<Static<Schema>>(Type.Ref(schema.$id))
}
