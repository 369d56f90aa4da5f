type Json = null | boolean | number | string | Json[] | JsonObject
interface JsonObject { [name: string]: Json }

const METHODS = ['get', 'put', 'post', 'delete', 'head', 'patch', 'options', 'trace']

/**
 * Leaves an OpenAPI document (3.1) with one copy of what it repeats. A schema that has all keywords of one of `schemas` becomes
 * a reference to it; error responses, parameters shared by several operations, and examples become components, to which the
 * operations refer. The given document is not changed.
 *
 * @param schemas by the names that their components get
 */
export function shareComponents<Document> (document: Document, schemas: Record<string, object>): Document {
  const shared: JsonObject = JSON.parse(JSON.stringify(document))
  const named: Record<string, JsonObject> = JSON.parse(JSON.stringify(schemas))
  const components = objectAt(shared, 'components')
  const paths = referToSchemas(objectAt(shared, 'paths'), named)
  components.schemas = { ...referToSchemas(objectAt(components, 'schemas'), named), ...named }
  components.examples = {}
  const operations = Object.values(paths).flatMap((path) => Object.entries(asObject(path)))
    .flatMap(([method, operation]) => METHODS.includes(method) ? [asObject(operation)] : [])
  for (const operation of operations) shareResponses(operation, components)
  shareParameters(operations, components)
  shared.paths = paths
  return JSON.parse(JSON.stringify(shared))
}

/** Replaces schemas that equal a named one, apart from their descriptions, with references to it. */
function referToSchemas<Part extends Json> (part: Part, named: Record<string, JsonObject>): Part
function referToSchemas (part: Json, named: Record<string, JsonObject>): Json {
  if (Array.isArray(part)) return part.map((item) => referToSchemas(item, named))
  if (part === null || typeof part !== 'object') return part
  for (const [name, { description, examples, ...keywords }] of Object.entries(named)) {
    const { description: said, example, examples: shown, ...own } = part
    const isSame = Object.keys(own).length === Object.keys(keywords).length &&
      Object.entries(keywords).every(([keyword, value]) => JSON.stringify(own[keyword]) === JSON.stringify(value))
    if (isSame) return { $ref: `#/components/schemas/${name}`, ...said === undefined || said === description ? {} : { description: said } }
  }
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, referToSchemas(value, named)]))
}

/** Turns the example of a whole response or request into a component. */
function shareExample (media: JsonObject, components: JsonObject): void {
  const name = String(objectAt(media, 'schema').$ref ?? '').replace(/^.*\//, '')
  const schema = objectAt(objectAt(components, 'schemas'), name)
  const examples = objectAt(components, 'examples')
  const [value] = Array.isArray(schema.examples) ? schema.examples : []
  if (media.examples !== undefined || (value === undefined && examples[name] === undefined)) return
  if (value !== undefined) examples[name] = { summary: String(schema.description ?? name), value }
  delete schema.examples
  media.examples = { [name]: referenceTo('examples', name) }
}

function shareResponses (operation: JsonObject, components: JsonObject): void {
  const responses = objectAt(operation, 'responses')
  const examples = objectAt(components, 'examples')
  for (const content of [objectAt(operation, 'requestBody'), ...Object.values(responses).map(asObject)]) {
    for (const media of Object.values(objectAt(content, 'content'))) shareExample(asObject(media), components)
  }
  for (const [status, response] of Object.entries(responses)) {
    const media = objectAt(objectAt(asObject(response), 'content'), 'application/json')
    if (Number(status) < 400 || objectAt(media, 'schema').$ref !== '#/components/schemas/ErrorBody') continue
    const shown = objectAt(media, 'examples')
    for (const [code, example] of Object.entries(shown)) {
      examples[code] = example
      shown[code] = referenceTo('examples', code)
    }
    const name = Object.keys(shown).map(pascalCase).join('Or')
    components.responses = { ...objectAt(components, 'responses'), [name]: response }
    responses[status] = referenceTo('responses', name)
  }
}

function shareParameters (operations: readonly JsonObject[], components: JsonObject): void {
  const uses = new Map<string, JsonObject[]>()
  for (const operation of operations) {
    for (const parameter of Array.isArray(operation.parameters) ? operation.parameters.map(asObject) : []) {
      const same = JSON.stringify(parameter)
      uses.set(same, [...uses.get(same) ?? [], parameter])
    }
  }
  for (const [same, parameters] of uses) {
    if (parameters.length === 1) continue
    const shared: JsonObject = JSON.parse(same)
    // Not just the parameter's own name: client generators make types from schemas and parameters alike.
    const ownName = pascalCase(String(shared.name))
    const shortName = `${String(objectAt(shared, 'schema').$ref ?? ownName).replace(/^.*\//, '')}Parameter`
    // Several parameters may share one schema.
    const name = shortName in objectAt(components, 'parameters') ? `${ownName}${pascalCase(String(shared.in))}Parameter` : shortName
    components.parameters = { ...objectAt(components, 'parameters'), [name]: shared }
    for (const parameter of parameters) {
      for (const keyword of Object.keys(parameter)) delete parameter[keyword]
      Object.assign(parameter, referenceTo('parameters', name))
    }
  }
}

function referenceTo (kind: string, name: string): JsonObject {
  return { $ref: `#/components/${kind}/${name}` }
}

function pascalCase (name: string): string {
  const words = /_|^[A-Z]+$/.test(name) ? name.toLowerCase().split('_') : [name]
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

function objectAt (parent: JsonObject, name: string): JsonObject {
  return asObject(parent[name])
}

function asObject (value: Json | undefined): JsonObject {
  return value === undefined || value === null || typeof value !== 'object' || Array.isArray(value) ? {} : value
}
