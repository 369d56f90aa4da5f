import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { hasCeph, startCeph } from '../../support/ceph-server.js'
import { startForwardProxy } from '../../support/forward-proxy.js'
import { member, runId, startService, workflowId } from '../../support/service.js'

const [HOST, BUCKET] = ['rgw.test', 'virtual-hosts']

t.test('a store that has the bucket in front of its host is used whole: Ceph RGW with a name', {
  skip: await hasCeph() ? false : 'Ceph is not installed',
}, async (t) => {
  const ceph = await startCeph()
  t.teardown(ceph.stop)
  const { port } = new URL(await ceph.startGateway(0, [`--rgw-dns-name=${HOST}`]))
  // Only the proxy knows both names.
  const proxy = await startForwardProxy(t, { [HOST]: Number(port), [`${BUCKET}.${HOST}`]: Number(port) })
  const { app, authorise, downloadPath } = await startService(t, {
    S3_ENDPOINT: `http://${HOST}:${port}`,
    S3_ACCESS_KEY: ceph.accessKey,
    S3_SECRET_KEY: ceph.secretKey,
    S3_BUCKET: BUCKET,
    S3_ADDRESSING: 'virtual-host',
    HTTP_PROXY: proxy.address,
  })
  /** Follows a URL signed for a host that no resolver knows. */
  const send = async (method: string, url: string, headers: Record<string, string> = {}, body = '') => {
    const { host, pathname, search } = new URL(url)
    t.equal(host, `${BUCKET}.${HOST}:${port}`)
    const outgoing = request({ host: '127.0.0.1', port, method, path: pathname + search, headers: { ...headers, host } })
    const answer = new Promise<string>((resolve, reject) => {
      outgoing.on('response', (response) => { text(response).then((content) => { resolve(`${response.statusCode} ${content}`) }, reject) })
      outgoing.on('error', reject)
    })
    outgoing.end(body)
    return await answer
  }
  const files = await Promise.all(Array.from({ length: 60 }, async (_, index) => {
    const upload = (await app.inject({
      method: 'POST',
      url: '/api/v1/objects/uploads',
      headers: authorise(member),
      payload: {
        workflowId, runId, direction: 'outputs', path: `ä +%/${index}.txt`, contentType: 'text/plain', sizeBytes: String(index).length,
      },
    })).json()
    t.match(await send('PUT', upload.url, { ...upload.headers, 'content-length': String(index).length }, String(index)), /^200 /)
    const { headers: { location } } = await app.inject(downloadPath(upload.objectKey))
    t.equal(await send('GET', String(location)), `200 ${index}`)
    return upload.objectKey
  }))
  await (await app.reconciliation.start({ prefix: '' }))?.done
  const usage = await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })
  t.equal(usage.json().fileCount, files.length)
  const [first = ''] = files
  const deleted = await app.inject({
    method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(first)}`, headers: authorise(member),
  })
  t.equal(deleted.statusCode, 200)
  t.equal((await app.inject(downloadPath(first))).statusCode, 404)
  t.ok(proxy.asked.has(`request ${BUCKET}.${HOST}:${port}`))
  t.notOk(proxy.asked.has(`request ${HOST}:${port}`), 'nothing is asked of the bare host')
})
