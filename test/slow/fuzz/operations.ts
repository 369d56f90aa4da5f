import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'

/** The keywords of JSON Schema that the OpenAPI document uses. */
export interface JsonSchema {
  $ref?: string
  type?: string
  description?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  pattern?: string
  format?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  example?: unknown
  examples?: unknown[]
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: JsonSchema
}

type Content = Record<string, { schema: JsonSchema }>

/** One operation of the OpenAPI document. */
export interface Operation {
  operationId: string
  method: string
  path: string
  parameters: Parameter[]
  /** What its body must be; undefined if none is documented. */
  body: JsonSchema | undefined
  responses: Record<string, { content?: Content }>
  /** Which token it requires; undefined for none. */
  security: string | undefined
}

export interface ApiDocument {
  operations: Operation[]
  schemas: Record<string, JsonSchema>
}

interface OpenApi {
  paths: Record<string, Record<string, {
    operationId: string
    parameters?: Array<Parameter | Reference>
    requestBody?: { content: Content }
    responses: Record<string, Operation['responses'][string] | Reference>
    security?: Array<Record<string, unknown>>
  }>>
  components: {
    schemas: Record<string, JsonSchema>
    parameters?: Record<string, Parameter>
    responses?: Record<string, Operation['responses'][string]>
  }
}

interface Reference {
  $ref: string
}

/** Reads openapi.yaml, so that every documented operation is fuzzed without being mentioned here. */
export async function readApiDocument (): Promise<ApiDocument> {
  const document: OpenApi = parse(await readFile(new URL('../../../openapi.yaml', import.meta.url), 'utf8'))
  const { schemas, parameters: sharedParameters = {}, responses: sharedResponses = {} } = document.components
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters = [], requestBody, responses, security = [] }]) => ({
      operationId,
      method: method.toUpperCase(),
      path,
      parameters: parameters.map((parameter) => resolve(parameter, sharedParameters)),
      body: requestBody?.content['application/json']?.schema,
      responses: Object.fromEntries(
        Object.entries(responses).map(([status, response]) => [status, resolve(response, sharedResponses)])),
      security: Object.keys(security[0] ?? {})[0],
    })))
  return { operations, schemas }
}

function resolve<Component extends object> (component: Component | Reference, shared: Record<string, Component>): Component {
  if (!('$ref' in component)) return component
  const referred = shared[component.$ref.replace(/^.*\//, '')]
  if (referred === undefined) throw new Error(`openapi.yaml has no ${component.$ref}.`)
  return referred
}

/** The schema itself, or the one that it refers to. */
export function resolveSchema (schema: JsonSchema, { schemas }: Pick<ApiDocument, 'schemas'>): JsonSchema {
  if (schema.$ref === undefined) return schema
  const referred = schemas[schema.$ref.replace('#/components/schemas/', '')]
  if (referred === undefined) throw new Error(`openapi.yaml has no ${schema.$ref}.`)
  return referred
}
