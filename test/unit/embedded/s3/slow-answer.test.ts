import { createServer } from 'node:http'
import t from 'tap'
import { S3Error } from '../../../../embedded/s3/s3-error.js'
import { answerSlowly } from '../../../../embedded/s3/slow-answer.js'
import { document } from '../../../../embedded/s3/xml.js'
import { listenLocally } from '../../../support/listen.js'

t.test('an answer that takes long begins at once, and says in its body how it ended', async (t) => {
  const xml = document('Result', 'done')
  let work = async (): Promise<string> => xml
  const origin = await listenLocally(t, createServer((_request, response) => {
    answerSlowly(response, work()).catch((error: unknown) => {
      response.writeHead(error instanceof S3Error ? error.statusCode : 500).end()
    })
  }))
  const quick = await fetch(origin)
  t.strictSame([quick.status, await quick.text()], [200, xml])
  work = async () => { throw new S3Error('InvalidPart') }
  t.equal((await fetch(origin)).status, 400, 'a quick refusal has its own status')

  for (const [settle, body] of [
    [(resolve: (xml: string) => void) => { resolve(xml) }, new RegExp(`^<\\?xml [^>]+>\\n +${xml.split('\n')[1]}$`)],
    [(_resolve: unknown, reject: (error: Error) => void) => { reject(new S3Error('InvalidPart')) }, /^<\?xml [^>]+>\n +<Error><Code>InvalidPart<\/Code>/],
  ] as const) {
    let end = () => {}
    work = () => new Promise((resolve, reject) => { end = () => { settle(resolve, reject) } })
    const response = await fetch(origin)
    t.equal(response.status, 200, 'the status comes before the work is done')
    end()
    t.match(await response.text(), body)
  }
})
