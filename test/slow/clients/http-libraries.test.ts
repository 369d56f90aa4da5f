import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import axios from 'axios'
import got from 'got'
import ky from 'ky'
import t, { type Test } from 'tap'
import { fetch, request } from 'undici'
import { writeClaims } from '../../../schemas/token-claims.js'
import { type TestService, admin, startService } from '../../support/service.js'

const FILE = 'the file itself'
const BYTES = FILE.length
// What axios, Angular and R's httr send with every request.
const everydayAccepts = ['application/json, text/plain, */*', 'application/json, text/xml, application/xml, */*']

const withoutPython = spawnSync('python3', ['-c', 'import requests']).status !== 0 && 'python3 with requests is not installed'

for (const mode of ['redirect', 'stream'] as const) {
  t.test(`with downloads in mode ${mode}`, async (t) => {
    const service = await startService(t, { DOWNLOAD_MODE: mode })
    const origin = await service.app.listen({ host: '127.0.0.1', port: 0 })
    const link = `${origin}${service.downloadPath(await service.putFile(FILE))}&utm_source=mail&utm_campaign=%FCber`
    await t.test('axios', (t) => useAxios(t, service, origin, link))
    await t.test('got', (t) => useGot(t, service, origin, link))
    await t.test('ky', (t) => useKy(t, service, origin, link))
    await t.test('undici', (t) => useUndici(t, service, origin, link))
    await t.test('Python\'s requests and urllib', { skip: withoutPython }, (t) => usePython(t, service, origin, link))
  })
}

async function useAxios (t: Test, service: TestService, origin: string, link: string) {
  const headers = service.authorise(admin)
  const api = `${origin}/api/v1/objects`
  t.equal((await axios.get(link)).data, FILE)
  t.match(await axios.head(link), { status: 200, headers: { 'content-length': String(BYTES) } })
  t.match((await axios.get(link, { headers: { Accept: 'application/json' } })).data, { bytes: BYTES })
  t.match((await axios.get(link, { params: { as: 'json' } })).data, { bytes: BYTES })
  const json = { ...headers, 'Content-Type': 'application/json' }
  t.match((await axios.delete(await pathOfFile(service, origin), { headers: json, data: '' })).data, { bytes: BYTES })
  t.match((await axios.delete(await pathOfFile(service, origin), { headers })).data, { bytes: BYTES })
  t.ok([202, 409].includes((await axios.post(`${api}/reconcile/`, '', { headers: json, validateStatus: null })).status))
  t.ok([202, 409].includes((await axios.post(`${api}/reconcile`, new URLSearchParams(), { headers, validateStatus: null })).status))
  t.match(await axios.post(`${api}/links`, 'objectKeys=a', { validateStatus: null }), { status: 415 }, 'a form')
}

async function useGot (t: Test, service: TestService, origin: string, link: string) {
  t.equal((await got(link)).body, FILE)
  t.equal((await got.head(link)).headers['content-length'], String(BYTES))
  t.match(await got(link).json(), { bytes: BYTES })
  t.equal((await got(link, { headers: { accept: everydayAccepts[0] } })).body, FILE)
  const headers = { ...service.authorise(admin), 'content-type': 'application/json' }
  t.match(await got.delete(await pathOfFile(service, origin), { headers }).json(), { bytes: BYTES })
  t.match(await got.delete(await pathOfFile(service, origin), { headers, body: '' }).json(), { bytes: BYTES })
}

async function useKy (t: Test, service: TestService, origin: string, link: string) {
  t.equal(await ky.get(link).text(), FILE)
  t.equal((await ky.head(link)).headers.get('content-length'), String(BYTES))
  t.match(await ky.get(link).json(), { bytes: BYTES })
  const headers = { ...service.authorise(admin), 'content-type': 'application/json' }
  t.match(await ky.delete(await pathOfFile(service, origin), { headers }).json(), { bytes: BYTES })
}

async function useUndici (t: Test, service: TestService, origin: string, link: string) {
  for (const accept of everydayAccepts) t.equal(await (await fetch(link, { headers: { accept } })).text(), FILE)
  for (const method of ['GET', 'HEAD', 'GET', 'HEAD']) {
    const answer = await fetch(link, { method })
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('content-length'), String(BYTES))
    await answer.arrayBuffer()
  }
  const { authorization } = service.authorise(admin)
  const deleted = await request(await pathOfFile(service, origin), {
    method: 'DELETE', headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' }, body: '',
  })
  t.match(await deleted.body.json(), { bytes: BYTES })

  const usageWith = async (groups: number) => {
    const claims = { ...writeClaims(admin, service.app.claimNames), groups: Array.from({ length: groups }, () => admin.userId) }
    const answer = await request(`${origin}/api/v1/objects/storage-usage`, {
      headers: { authorization: `Bearer ${service.app.jwt.sign(claims, { expiresIn: '1h' })}` },
    })
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  t.match(await usageWith(200), { status: 200 }, 'with a token of 200 groups')
  t.match(await usageWith(400), { status: 431, text: /a token among them, are larger than 16 KiB/ })
}

async function usePython (t: Test, service: TestService, origin: string, link: string) {
  const [first, second] = [await pathOfFile(service, ''), await pathOfFile(service, '')]
  const token = service.authorise(admin).authorization.slice('Bearer '.length)
  const program = join(import.meta.dirname, 'use-python.py')
  const { stdout } = await promisify(execFile)('python3', [program, origin, token, link.slice(origin.length), first, second])
  const results: Record<string, [status: number, body: unknown]> = JSON.parse(stdout)
  t.match(results, {
    'requests.get': [200, FILE],
    'requests.head': [200, String(BYTES)],
    'requests.get JSON': [200, BYTES],
    'requests.get as JSON': [200, BYTES],
    'requests.delete': [200, BYTES],
    'requests.post': [200, 'OBJECT_NOT_FOUND'],
    'urllib GET': [200, FILE],
    'urllib DELETE': [200, new RegExp(`"bytes":${BYTES}`)],
    'urllib POST': [202, String],
  })
}

/** The path that deletes an existing file. */
async function pathOfFile ({ putFile }: TestService, origin: string): Promise<string> {
  return `${origin}/api/v1/objects?objectKey=${encodeURIComponent(await putFile(FILE))}`
}
