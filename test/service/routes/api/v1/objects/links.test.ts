import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { request } from 'undici'
import { startDownloadService } from '../../../../../support/download-service.js'
import { storeKinds } from '../../../../../support/stores.js'

interface Results {
  results: Array<{
    link?: { url: string, fileName: string, bytes: number, contentType: string }
    error?: { code: string, statusCode: number }
  }>
}

for (const kind of storeKinds) {
  t.test(`links to many files of the ${kind.name}`, { skip: kind.skip }, async (t) => {
    const service = await startDownloadService(t, kind, { EXISTENCE_TTL: '0', DOWNLOAD_MISS_LIMIT: '150' })
    const { app, ask, putFile, downloadPath, proxy } = service
    const post = async (payload: object, remoteAddress = '192.0.2.1') =>
      await app.inject({ method: 'POST', url: '/api/v1/objects/links', payload, remoteAddress })
    const links = async (objectKeys: string[], type?: string): Promise<Results> =>
      (await post({ objectKeys, ...type === undefined ? {} : { type } })).json()
    const picture = await putFile('picture', { fileName: 'a.png', contentType: 'image/png' })
    const page = await putFile('<p>', { fileName: 'b.html', contentType: 'text/html' })
    const missing = picture.replace(/[^/]+$/, 'missing.png')

    t.test('each key has a result, in order; one that is missing does not fail the others', async (t) => {
      const answer = await post({ objectKeys: [missing, picture, '../etc/passwd', page, picture] })
      t.equal(answer.statusCode, 200)
      t.match(answer.headers, { 'cache-control': 'private, no-store', 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex' })
      const { results }: Results = answer.json()
      const notFound = { error: { statusCode: 404, code: 'OBJECT_NOT_FOUND', error: 'Not Found', message: 'There is no file with this object key.' } }
      t.equal(results.length, 5)
      t.strictSame([results[0], results[2]], [notFound, notFound])
      t.match(results, [
        {}, { link: { fileName: 'a.png', bytes: 7, contentType: 'image/png' } }, {}, { link: { fileName: 'b.html', bytes: 3 } }, { link: { fileName: 'a.png' } },
      ])
      const file = await request(results[1]?.link?.url ?? '')
      t.equal(await file.body.text(), 'picture')
    })

    t.test('a link is the one that a download gives as JSON', async (t) => {
      for (const type of ['attachment', 'inline'] as const) {
        for (const objectKey of [picture, page]) {
          const single = JSON.parse((await ask(downloadPath(objectKey, type), { headers: { accept: 'application/json' } })).body.toString())
          const { results: [result] } = await links([objectKey], type)
          t.strictSame(Object.keys(result ?? {}), ['link'])
          t.strictSame({ ...result?.link, url: '', expiresAt: '' }, { ...single, url: '', expiresAt: '' })
          t.equal(/response-content-disposition=(\w+)/.exec(result?.link?.url ?? '')?.[1], type === 'inline' && objectKey === picture ? 'inline' : 'attachment')
        }
      }
    })

    t.test('100 keys are answered, none and 101 are not', async (t) => {
      const { results } = await links(Array.from({ length: 100 }, (_, index) => index % 2 === 0 ? picture : missing))
      t.equal(results.filter(({ link }) => link !== undefined).length, 50)
      for (const objectKeys of [[], Array(101).fill(picture), [''], ['x'.repeat(1025)], ['ü'.repeat(513)], [7], 'x', null]) {
        t.equal((await post({ objectKeys })).statusCode, 400)
      }
      t.equal((await post({ objectKeys: [picture], type: 'show' })).statusCode, 400)
      t.equal((await post({ objectKeys: [picture], more: 1 })).statusCode, 400)
    })

    t.test('the store is asked about few keys at once', async (t) => {
      const gate = new EventEmitter()
      proxy.inject({ kind: 'hold', until: once(gate, 'open') }, { method: 'HEAD', times: 16 })
      proxy.forgetRequests()
      const asked = links(Array.from({ length: 40 }, (_, index) => `${missing}${index}`))
      while (proxy.count('HEAD') < 16) await proxy.arrival('HEAD')
      // Anything else in transit would arrive before this request.
      t.match(await ask(downloadPath(picture), { method: 'HEAD' }), { status: 200 })
      t.equal(proxy.count('HEAD'), 17)
      gate.emit('open')
      t.equal((await asked).results.length, 40)
    })

    t.test('an object key is not logged', async (t) => {
      service.log.length = 0
      await links([picture, missing])
      t.notMatch(service.log.join(''), /missing\.png|a\.png/)
    })

    t.test('keys that are guessed wrong are counted, and too many end the answers', async (t) => {
      const guesses = Array.from({ length: 100 }, (_, index) => `${missing}${index}`)
      const codes = async (objectKeys: string[]) => {
        const answer = await post({ objectKeys }, '192.0.2.2')
        t.equal(answer.statusCode, 200)
        const { results }: Results = answer.json()
        return { codes: results.map(({ error }) => error?.code), retryAfter: answer.headers['retry-after'] }
      }
      t.strictSame(await codes([...guesses]), { codes: Array(100).fill('OBJECT_NOT_FOUND'), retryAfter: undefined })
      const { codes: latter, retryAfter } = await codes(guesses)
      const found = latter.filter((code) => code === 'OBJECT_NOT_FOUND').length
      t.ok(found >= 50 && found < 50 + 16, 'a slice is looked up at once')
      t.strictSame(latter, latter.map((_, index) => index < found ? 'OBJECT_NOT_FOUND' : 'TOO_MANY_REQUESTS'))
      t.ok(Number(retryAfter) > 0)
      const answer = await post({ objectKeys: [picture] }, '192.0.2.2')
      t.strictSame([answer.statusCode, answer.json().code], [429, 'TOO_MANY_REQUESTS'])
      t.ok(Number(answer.headers['retry-after']) > 0)
    })

    t.test('a store that does not answer is the error of each key that it was to be asked about', async (t) => {
      await proxy.refuse()
      const { results } = await links([picture, 'no key of ours', page])
      t.match(results, [
        { error: { code: 'STORE_UNAVAILABLE', statusCode: 503 } }, { error: { code: 'OBJECT_NOT_FOUND' } }, { error: { code: 'STORE_UNAVAILABLE' } },
      ])
    })
  })
}
