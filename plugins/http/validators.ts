import ajvCompiler, { type BuildCompilerFromPool } from '@fastify/ajv-compiler'

/**
 * Fastify's own validators, except that those for query strings read numbers and booleans from text, since a query string can
 * hold nothing else. The values in a body have types, which are not converted.
 */
export function createValidators (): BuildCompilerFromPool {
  const build = ajvCompiler()
  return (externalSchemas, options) => {
    const compile = build(externalSchemas, options)
    // JSON Type Definition, which nothing here uses, has no text form of numbers.
    if (options?.mode === 'JTD') return compile
    const compileQuery = build(externalSchemas, { ...options, customOptions: { ...options?.customOptions, coerceTypes: true } })
    return (route) => (isOfQuery(route) ? compileQuery : compile)(route)
  }
}

function isOfQuery (route: object | boolean): boolean {
  return typeof route === 'object' && 'httpPart' in route && route.httpPart === 'querystring'
}
