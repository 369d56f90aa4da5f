import t from 'tap'
import { UUID_PATTERN } from '../../../../../../objects/object-key.js'
import { admin, member, runId, startService, workflowId } from '../../../../../support/service.js'

const api = '/api/v1/objects'

t.test('a UUID in upper case is the same one', async (t) => {
  const { app, authorise, putFile } = await startService(t)
  await putFile('12345')
  await app.bucketEvents.settled()
  const headers = authorise(admin)
  const get = async (url: string) => {
    const answer = await app.inject({ url, headers })
    t.equal(answer.statusCode, 200, url)
    return answer.json()
  }

  t.test('in the parameters of a query', async (t) => {
    for (const query of [
      `?workflowId=${workflowId}&runId=${runId}`,
      `/storage-usage?createdBy=${member.userId}`,
      `/storage-usage/history?workflowId=${workflowId}`,
    ]) {
      const upper = query.replaceAll(/=[^&]+/g, (value) => value.toUpperCase())
      t.strictSame(await get(api + upper), await get(api + query))
    }
    t.match(await get(`${api}/storage-usage?createdBy=${member.userId.toUpperCase()}`), { totalBytes: 5 })
    const own = await app.inject({ url: `${api}/storage-usage?createdBy=${member.userId.toUpperCase()}`, headers: authorise(member) })
    t.match(own.json(), { totalBytes: 5 }, 'also for what everyone may ask of themselves')
  })

  t.test('in a path', async (t) => {
    const url = `${api}/workflows/${workflowId.toUpperCase()}`
    t.strictSame((await app.inject({ method: 'PUT', url, headers, payload: { name: 'Named' } })).json(), { workflowId, workflowName: 'Named' })
    t.match(await get(`${api}/storage-usage`), { breakdown: [{ workflowId, workflowName: 'Named' }] })
  })

  t.test('in a body, and in the token', async (t) => {
    const payload = {
      workflowId: workflowId.toUpperCase(), runId: runId.toUpperCase(), direction: 'outputs', fileName: 'A.TXT', contentType: 'text/plain',
    }
    const upperCaller = authorise({ ...member, userId: member.userId.toUpperCase() })
    const answer = await app.inject({ method: 'POST', url: `${api}/uploads`, headers: upperCaller, payload })
    t.equal(answer.statusCode, 201)
    t.match(answer.json().objectKey, `acme/workflows/${workflowId}/runs/${runId}/users/${member.userId}/outputs/`)
    t.match(answer.json().objectKey, /\/A\.TXT$/)
  })

  t.test('but an object key is what it is', async (t) => {
    const objectKey = await putFile('x')
    const other = objectKey.replace(workflowId, workflowId.toUpperCase())
    t.equal((await app.inject(`${api}/download?objectKey=${encodeURIComponent(other)}`)).statusCode, 404)
    t.equal((await app.inject({ method: 'DELETE', url: `${api}?objectKey=${encodeURIComponent(other)}`, headers })).statusCode, 404)
  })

  t.test('and what is not a UUID in lower case is not one in upper case', async (t) => {
    for (const id of [`urn:uuid:${workflowId}`, `{${workflowId}}`, workflowId.slice(1), `${workflowId} `, workflowId.replaceAll('-', '')]) {
      const url = `${api}/storage-usage/history?workflowId=${encodeURIComponent(id.toUpperCase())}`
      t.equal((await app.inject({ url, headers })).statusCode, 400, id)
    }
  })

  t.test('nothing that a client sends has a UUID that must be in lower case', async (t) => {
    const { paths, components } = (await app.inject('/documentation/json')).json()
    const sent = JSON.stringify(Object.values(paths).flatMap((path) => Object.values(Object(path)))
      .map((operation) => ({ parameters: Object(operation).parameters, body: Object(operation).requestBody })))
    for (const name of ['UploadRequest', 'LinksRequest', 'WorkflowName', 'QuotaRequest']) {
      t.notMatch(JSON.stringify(components.schemas[name]), 'schemas/Uuid"', name)
    }
    t.notMatch(sent, 'schemas/Uuid"')
    t.notMatch(sent + JSON.stringify(components.parameters), JSON.stringify(UUID_PATTERN))
  })
})
