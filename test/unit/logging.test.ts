import { Writable } from 'node:stream'
import fastify from 'fastify'
import pino from 'pino'
import t, { type Test } from 'tap'
import { RequestLines, loggerOptions } from '../../logging.js'

/** What is logged on a terminal for requests to a few routes. */
async function linesOf (t: Test, level: 'info' | 'debug', paths: string[]): Promise<string[]> {
  const lines: string[] = []
  const stream = new Writable({
    write (chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)).msg)
      done()
    },
  })
  const app = fastify({ loggerInstance: pino(loggerOptions(level), stream), logController: new RequestLines() })
  t.teardown(() => app.close())
  for (const path of ['/app', '/app/links', '/app/assets/page.js', '/api/v1/objects/download']) app.get(path, async () => '')
  app.get('/app/assets/broken.js', async () => { throw new Error('broken') })
  app.setErrorHandler((_error, _request, reply) => reply.status(500).send(''))
  app.setNotFoundHandler((_request, reply) => reply.status(404).send(''))
  for (const path of paths) await app.inject(path)
  return lines
}

t.test('on a terminal, a request is one line, by its route and never by its URL', async (t) => {
  const lines = await linesOf(t, 'info', ['/api/v1/objects/download?objectKey=secret', '/no/such/secret'])
  t.equal(lines.length, 2)
  t.match(lines[0], /^GET \/api\/v1\/objects\/download 200, \d+ ms$/)
  t.match(lines[1], /^GET \(no route\) 404, \d+ ms$/)
})

t.test('the files of a page are lines for those who debug, unless they fail', async (t) => {
  const paths = ['/app', '/app/links', '/app/assets/page.js', '/app/assets/broken.js']
  t.match(await linesOf(t, 'info', paths), [/^GET \/app 200,/, /^GET \/app\/links 200,/, /^GET \/app\/assets\/broken\.js 500,/])
  t.equal((await linesOf(t, 'debug', paths)).length, 4)
})
