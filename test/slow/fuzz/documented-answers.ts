import fastify from 'fastify'
import type { Answer } from './target.js'
import { CANARY } from './hostile-values.js'
import type { ApiDocument, JsonSchema, Operation } from './operations.js'

/** Returns what is wrong with an answer; undefined if everything is as documented. */
export interface Judge {
  ofOperation: (operation: Operation, answer: Answer) => string | undefined
  /** For requests that match no operation. */
  ofOther: (answer: Answer) => string | undefined
}

type Validate = (value: unknown) => string | undefined

/** Creates a judge that checks answers against the document, and that errors contain neither the secrets nor what was sent. */
export async function createJudge (document: ApiDocument, secrets: readonly string[]): Promise<Judge> {
  const compile = await createCompiler(document)
  const validators = new Map<JsonSchema, Validate>()
  const validate = (schema: JsonSchema, value: unknown) => {
    const known = validators.get(schema) ?? compile(schema)
    validators.set(schema, known)
    return known(value)
  }
  const forbidden = [...new Set([CANARY, ...secrets.flatMap(spellings)])]

  const ofError = ({ status, headers, body }: Answer): string | undefined => {
    if (headers['content-type'] !== 'application/json; charset=utf-8') return `an error of type ${headers['content-type']}`
    const wrong = validate({ $ref: '#/components/schemas/ErrorBody' }, parseJson(body))
    if (wrong !== undefined) return `not an error as documented: ${wrong}`
    if (Object(parseJson(body)).statusCode !== status) return 'the status in the body is another'
    return undefined
  }
  const revealed = ({ status, headers, body }: Answer): string | undefined => {
    if (status < 400) return undefined
    const text = JSON.stringify(headers) + body.toString('latin1')
    return forbidden.some((secret) => text.includes(secret)) ? 'an error that repeats a secret, or what was sent' : undefined
  }

  return {
    ofOperation: ({ method, responses }, answer) => {
      const { status, headers, body } = answer
      if (status >= 500) return 'a failure, and nothing had failed'
      const response = responses[status]
      if (response === undefined) return 'a status that is not documented'
      const mediaType = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
      if (method === 'HEAD' || response.content === undefined) return body.length > 0 ? 'a body where none is documented' : undefined
      if (mediaType === undefined) return 'no content type'
      const content = response.content[mediaType] ?? response.content['*/*']
      if (content === undefined) return `a content type that is not documented: ${mediaType}`
      if (mediaType === 'application/json') {
        const wrong = status >= 400 ? ofError(answer) : validate(content.schema, parseJson(body))
        if (wrong !== undefined) return wrong
      }
      return revealed(answer)
    },
    ofOther: (answer) => {
      const { status, body } = answer
      if (status >= 500) return 'a failure, and nothing had failed'
      if (status < 400) return undefined
      return (body.length === 0 ? undefined : ofError(answer)) ?? revealed(answer)
    },
  }
}

/** The ways in which a text may be written: as it is, percent-encoded, in JSON, in base64 at any offset. */
export function spellings (text: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${' '.repeat(offset)}${text}`).toString('base64').replace(/=+$/, '')
    // The characters at the ends also depend on their neighbours.
    return encoded.slice(offset === 0 ? 0 : offset + 1, -1)
  })
  return [
    text, encodeURIComponent(text), encodeURI(text), JSON.stringify(text).slice(1, -1),
    JSON.stringify(JSON.stringify(text)).slice(3, -3),
    ...base64, ...base64.map((encoded) => encoded.replaceAll('+', '-').replaceAll('/', '_')), Buffer.from(text).toString('hex'),
  ]
}

function parseJson (body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

/** Compiles the document's schemas like Fastify compiles those of requests, but without changing values. */
async function createCompiler ({ schemas }: ApiDocument): Promise<(schema: JsonSchema) => Validate> {
  const app = fastify({
    ajv: {
      customOptions: { coerceTypes: false, useDefaults: false, removeAdditional: false, strict: false },
    },
  })
  app.addSchema({ $id: 'document', components: { schemas: localReferences(schemas) } })
  // The compiler is created for the first route that has a schema.
  app.post('/', { schema: { body: {} } }, () => {})
  await app.ready()
  return (schema) => {
    const route = { method: 'POST', url: '/', httpPart: 'body' }
    const validate = app.validatorCompiler?.({ schema: localReferences(schema), ...route })
    if (validate === undefined) throw new Error('Fastify has no compiler.')
    return (value) => {
      if (validate(value) === true) return undefined
      const [first] = validate.errors ?? []
      return `${first?.instancePath ?? ''} ${first?.message ?? 'is not valid'}`
    }
  }
}

/** The same value, with references that work everywhere. */
function localReferences<Value> (value: Value): Value {
  return JSON.parse(JSON.stringify(value).replaceAll('"#/components/', '"document#/components/'))
}
