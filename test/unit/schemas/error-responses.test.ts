import t from 'tap'
import { errorResponses } from '../../../schemas/error-responses.js'
import { ErrorBodySchema } from '../../../schemas/errors.js'

t.test('the example of an error says what the error says', async (t) => {
  const responses = JSON.parse(JSON.stringify(errorResponses(...ErrorBodySchema.properties.code.enum)))
  t.equal(responses[404].content['application/json'].examples.OBJECT_NOT_FOUND.value.message, 'There is no file with this object key.')
  t.equal(responses[401].content['application/json'].examples.TOKEN_INVALID.value.message, 'The bearer token is not valid: it has expired.')
  t.notMatch(JSON.stringify(responses), /undefined|%s/)
})
