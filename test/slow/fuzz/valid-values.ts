import fc from 'fast-check'
import { type ApiDocument, type JsonSchema, resolveSchema } from './operations.js'

/** Returns values that a schema allows, up to its bounds. */
export type ValidValues = (schema: JsonSchema) => fc.Arbitrary<unknown>

/** Prepares what each schema needs just once, since parsing a pattern takes a while. */
export function createValidValues (document: Pick<ApiDocument, 'schemas'>): ValidValues {
  const made = new Map<JsonSchema, fc.Arbitrary<unknown>>()
  const validValues: ValidValues = (given) => {
    const schema = resolveSchema(given, document)
    const values = made.get(schema) ?? makeValues(schema, validValues)
    made.set(schema, values)
    return values
  }
  return validValues
}

function makeValues (schema: JsonSchema, validValues: ValidValues): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(validValues))
  switch (schema.type) {
    case 'string': return validStrings(schema)
    case 'integer': return boundedIntegers(schema)
    case 'number': return fc.double({ min: schema.minimum ?? -1e300, max: schema.maximum ?? 1e300, noNaN: true })
    case 'boolean': return fc.boolean()
    case 'null': return fc.constant(null)
    case 'array': return fc.array(validValues(schema.items ?? {}), { maxLength: 3 })
    case 'object': return validObjects(schema, validValues)
    default: return fc.jsonValue()
  }
}

/** If a `oneOf` requires one of several members, each object has exactly one of them. */
function validObjects (schema: JsonSchema, validValues: ValidValues): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], oneOf = [{}] } = schema
  const choices = oneOf.flatMap((choice) => choice.required ?? [])
  return fc.oneof(...oneOf.map(({ required: chosen = [] }) => {
    const members = Object.entries(properties).filter(([name]) => chosen.includes(name) || !choices.includes(name))
    return fc.record(Object.fromEntries(members.map(([name, member]) => [name, validValues(member)])), {
      requiredKeys: [...required, ...chosen],
    })
  }))
}

function boundedIntegers ({ minimum = -(2 ** 53) + 1, maximum = 2 ** 53 - 1 }: JsonSchema): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min: minimum, max: maximum }), fc.constantFrom(minimum, maximum))
}

function validStrings (schema: JsonSchema): fc.Arbitrary<string> {
  const { pattern, minLength = 0, maxLength = 300, format } = schema
  const examples = [schema.example, ...schema.examples ?? []].filter((example) => typeof example === 'string')
  const made = pattern !== undefined
    ? fc.stringMatching(new RegExp(pattern), { maxLength }).filter((text) => text.length >= minLength)
    : format === 'date-time'
      ? fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }).map((date) => date.toISOString())
      : format === 'uri'
        ? fc.webUrl()
        : format === 'uuid' ? fc.uuid() : fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 64) })
  const bounds = pattern === undefined && format === undefined
    ? [fc.string({ unit: 'grapheme-ascii', minLength: maxLength, maxLength })]
    : []
  return fc.oneof(made, ...bounds, ...examples.length === 0 ? [] : [fc.constantFrom(...examples)])
}
