import serializerSelector, { type Serializer, type SerializerFactory } from '@fastify/fast-json-stringify-compiler'

/**
 * Fastify's own serializers, each compiled when the first answer of its kind is sent rather than at the start: a route
 * documents up to a dozen answers, most of which are errors that few processes ever send.
 */
export function createLazySerializers (): SerializerFactory {
  const build = serializerSelector()
  return (externalSchemas, options) => {
    const compile = build(externalSchemas, options)
    return (route) => {
      let serialize: Serializer | undefined
      return (document) => {
        serialize ??= compile(route)
        return serialize(document)
      }
    }
  }
}
