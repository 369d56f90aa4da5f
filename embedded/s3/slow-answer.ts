import type { ServerResponse } from 'node:http'
import { S3Error } from './s3-error.js'
import { element } from './xml.js'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
const EVERY_MS = 1_000

/**
 * Answers with a document that may take long to make. After a second it sends the status 200, and then white space until the
 * document is ready, so that clients do not time out, as S3 does (Amazon S3 API Reference, "CompleteMultipartUpload"). A later
 * error appears only in the body.
 *
 * @throws what `work` does, as long as nothing has been sent
 */
export async function answerSlowly (response: ServerResponse, work: Promise<string>): Promise<void> {
  const timer = setInterval(() => {
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/xml' }).write(DECLARATION)
    response.write(' ')
  }, EVERY_MS)
  try {
    const xml = await work
    if (response.headersSent) response.end(xml.slice(DECLARATION.length))
    else response.writeHead(200, { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(xml) }).end(xml)
  } catch (error) {
    if (!response.headersSent || !(error instanceof S3Error)) throw error
    response.end(element('Error', [element('Code', error.code), element('Message', error.message)]).text)
  } finally {
    clearInterval(timer)
  }
}
