import t from 'tap'
import { shareComponents } from '../../../../plugins/openapi/shared-components.js'

const parameter = (name: string) => ({ in: 'query', name, required: true, schema: { type: 'string', pattern: '^x$' }, example: 'x' })
const problem = (code: string) => ({
  description: `${code}.`,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorBody' }, examples: { [code]: { value: { code } } } } },
})
const document = {
  components: {
    schemas: {
      ErrorBody: { type: 'object', examples: [{ code: 'ANY' }] },
      Thing: { description: 'A thing.', type: 'object', properties: { id: { type: 'string', pattern: '^x$' } }, examples: [{ id: 'x' }] },
    },
  },
  paths: {
    '/one': {
      get: {
        parameters: [parameter('first'), parameter('onlyHere')],
        responses: {
          200: { description: 'It.', content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
          400: problem('BAD_THING'),
        },
      },
    },
    '/two': { put: { parameters: [parameter('first')], responses: { 400: problem('BAD_THING'), 404: problem('NO_THING') } } },
  },
}
const shared: object = shareComponents(document, { Id: { type: 'string', pattern: '^x$', description: 'An id.', examples: ['x'] } })

t.test('what repeats becomes a component, and is referred to', async (t) => {
  t.strictSame(shared, {
    components: {
      schemas: {
        ErrorBody: { type: 'object', examples: [{ code: 'ANY' }] },
        Thing: { description: 'A thing.', type: 'object', properties: { id: { $ref: '#/components/schemas/Id' } } },
        Id: { type: 'string', pattern: '^x$', description: 'An id.', examples: ['x'] },
      },
      examples: {
        Thing: { summary: 'A thing.', value: { id: 'x' } },
        BAD_THING: { value: { code: 'BAD_THING' } },
        NO_THING: { value: { code: 'NO_THING' } },
      },
      responses: {
        BadThing: withReference('BAD_THING'),
        NoThing: withReference('NO_THING'),
      },
      parameters: { IdParameter: { in: 'query', name: 'first', required: true, schema: { $ref: '#/components/schemas/Id' }, example: 'x' } },
    },
    paths: {
      '/one': {
        get: {
          parameters: [{ $ref: '#/components/parameters/IdParameter' }, {
            in: 'query', name: 'onlyHere', required: true, schema: { $ref: '#/components/schemas/Id' }, example: 'x',
          }],
          responses: {
            200: {
              description: 'It.',
              content: {
                'application/json': {
                  schema: { $ref: '#/components/schemas/Thing' }, examples: { Thing: { $ref: '#/components/examples/Thing' } },
                },
              },
            },
            400: { $ref: '#/components/responses/BadThing' },
          },
        },
      },
      '/two': {
        put: {
          parameters: [{ $ref: '#/components/parameters/IdParameter' }],
          responses: { 400: { $ref: '#/components/responses/BadThing' }, 404: { $ref: '#/components/responses/NoThing' } },
        },
      },
    },
  })
})

t.test('the document given is left as it is', async (t) => {
  t.match(document.paths['/one'].get.parameters[0], { name: 'first' })
  t.match(document.components.schemas.Thing.examples, [{ id: 'x' }])
})

function withReference (code: string) {
  return {
    description: `${code}.`,
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/ErrorBody' }, examples: { [code]: { $ref: `#/components/examples/${code}` } },
      },
    },
  }
}
