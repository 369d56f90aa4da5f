import ajvCompiler, { type BuildCompilerFromPool } from '@fastify/ajv-compiler'

/**
 * Fastify's own validators, of which those of query strings read numbers and booleans from text: a query string can hold
 * nothing else. A body has types, and is taken at its word.
 */
export function createValidators (): BuildCompilerFromPool {
  const build = ajvCompiler()
  return (externalSchemas, options) => {
    const compile = build(externalSchemas, options)
    // JSON Type Definition, which nothing here is written in, knows no text for numbers.
    if (options?.mode === 'JTD') return compile
    const compileQuery = build(externalSchemas, { ...options, customOptions: { ...options?.customOptions, coerceTypes: true } })
    return (route) => (isOfQuery(route) ? compileQuery : compile)(route)
  }
}

function isOfQuery (route: object | boolean): boolean {
  return typeof route === 'object' && 'httpPart' in route && route.httpPart === 'querystring'
}
