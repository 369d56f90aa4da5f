import t, { type Test } from 'tap'
import { freePort } from '../../support/free-port.js'
import { runNginx } from '../../support/nginx.js'
import { withoutNginx } from '../../support/proxies.js'
import { admin, member, runId, startService, workflowId } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { digits, openAddress } from './opened-page.js'

const PARALLEL = 60

/** How nginx offers the service below /files, and the matching settings. */
const kinds = [
  {
    name: 'the proxy takes the path away',
    location: (origin: string) => `location /files/ { proxy_pass ${origin}/; }`,
    settings: (address: string) => ({ PUBLIC_URL: address }),
  },
  {
    name: 'the proxy passes the path on',
    location: (origin: string) => `location /files { proxy_pass ${origin}; }`,
    settings: () => ({ BASE_PATH: '/files' }),
  },
  {
    name: 'the proxy passes the path on, and the public address is known',
    location: (origin: string) => `location /files { proxy_pass ${origin}; }`,
    settings: (address: string) => ({ PUBLIC_URL: `${address}/`, BASE_PATH: '/files' }),
  },
]

/** Starts the service below /files of nginx, where another program has everything else. */
async function startBelow (t: Test, { location, settings }: typeof kinds[number]) {
  const port = await freePort()
  const nginx = await runNginx((place) => `
  server {
    listen 127.0.0.1:${place.port};
    proxy_set_header Host $http_host;
    proxy_set_header Connection '';
    proxy_http_version 1.1;
    ${location(`http://127.0.0.1:${port}`)}
    location / { return 418; }
  }`)
  t.teardown(nginx.stop)
  const address = `${nginx.origin}/files`
  const service = await startService(t, settings(address))
  const direct = await service.app.listen({ host: '127.0.0.1', port })
  return { ...service, address, direct }
}

for (const kind of kinds) {
  t.test(kind.name, { skip: withoutNginx }, async (t) => {
    const { address, direct, authorise, putFile } = await startBelow(t, kind)
    const api = `${address}/api/v1/objects`

    await t.test('60 uploads at once, and the links that they give lead to the files', async (t) => {
      const answers = await Promise.all(Array.from({ length: PARALLEL }, async (_, index) => {
        const response = await fetch(`${api}/uploads`, {
          method: 'POST',
          headers: { ...authorise(member), 'content-type': 'application/json' },
          body: JSON.stringify({ workflowId, runId, direction: 'outputs', path: `${index}.txt`, contentType: 'text/plain' }),
        })
        const place = JSON.parse(await response.text())
        await fetch(place.url, { method: 'PUT', headers: place.headers, body: `file ${index}` })
        // Through the redirect, which is relative.
        const found = await fetch(place.downloadUrl)
        const json = JSON.parse(await (await fetch(`${place.downloadUrl}&as=json`)).text())
        return [place.url, place.downloadUrl, found.url, json.url, await found.text(), await (await fetch(json.url)).text()]
      }))
      for (const [index, [...found]] of answers.entries()) {
        const texts = found.splice(4)
        t.strictSame(texts, [`file ${index}`, `file ${index}`])
        for (const url of found) t.ok(url.startsWith(`${address}/`), url)
      }
    })

    await t.test('what people may type leads to the page', async (t) => {
      for (const typed of ['', '/', '/app', '/usage', '/usage/', '/usage?', '?a=/b']) {
        const response = await fetch(address + typed)
        t.equal(response.status, 200, typed)
        t.equal(new URL(response.url).pathname, '/files/app', typed)
      }
      t.equal((await fetch(`${address}/%61pp`)).status, 200)
      t.equal((await fetch(`${address.replace('files', '%66iles')}/app`)).status, 200)
    })

    await t.test('other addresses are not the service\'s', async (t) => {
      for (const path of ['/app', '/api/v1/objects/storage-usage']) t.equal((await fetch(new URL(path, address))).status, 418, path)
      for (const path of ['x', 'x/app', '/nowhere', '/files/files/app']) {
        const { status } = await fetch(address + path)
        t.ok([404, 418].includes(status), `${path}: ${status}`)
      }
    })

    await t.test('an address of the API may end with a slash, and probes work beside the proxy', async (t) => {
      const key = await putFile('slashed')
      t.equal(await (await fetch(`${api}/download/?objectKey=${encodeURIComponent(key)}`)).text(), 'slashed')
      t.equal((await fetch(`${api}/storage-usage/`, { headers: authorise(admin) })).status, 200)
      for (const origin of [address, direct]) t.equal((await fetch(`${origin}/health/ready`)).status, 200, origin)
    })

    await t.test('the API\'s document names its address', async (t) => {
      const response = await fetch(`${address}/documentation`)
      t.equal(response.url, `${address}/documentation/`)
      t.match(await (await fetch(`${address}/documentation/json`)).json(), { servers: [{ url: '/files' }] })
      t.notOk(response.headers.has('strict-transport-security'))
    })

    await t.test('in Chromium, the page at any depth, and Swagger UI, work', { skip: withoutChromium }, async (t) => {
      const browser = await launchChromium(t)
      const token = authorise(admin).authorization.slice('Bearer '.length)
      const { page, complaints } = await openAddress(t, browser, `${address}/usage#token=${token}`)
      await page.locator('#total-files').waitFor()
      t.ok(await digits(page, '#total-files') >= PARALLEL)
      t.equal(page.url(), `${address}/app`)
      await page.goto(`${address}/app/workflows/${workflowId}/runs/${runId}/0.txt`)
      await page.locator('.preview-text', { hasText: 'file 0' }).waitFor()
      await page.getByRole('link', { name: '1.txt', exact: true }).click()
      await page.locator('.preview-text', { hasText: 'file 1' }).waitFor()
      t.equal(page.url(), `${address}/app/workflows/${workflowId}/runs/${runId}/1.txt`)
      t.strictSame(complaints, [])

      const swagger = await openAddress(t, browser, `${address}/documentation`)
      const operation = swagger.page.locator('#operations-Operation-checkLiveness')
      await operation.locator('.opblock-summary-control').click()
      await operation.getByRole('button', { name: 'Execute' }).click()
      t.equal(Number.parseInt(await operation.locator('.live-responses-table tbody .response-col_status').first().innerText()), 200)
      t.strictSame(swagger.complaints, [])
    })
  })
}
