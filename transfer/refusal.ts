import type { Dispatcher } from 'undici'
import type { ErrorBody } from '../client/index.js'
import { describeRefusal } from './connection.js'
import { TransferError } from './failures.js'
import { shown } from './local-files.js'
import { TransientError, isTransientStatus, retryAfterOf } from './requests.js'

/** Longer than any error of the service. */
const MAX_BYTES = 64 * 1024

/** Why the service sends nothing, in its own words; reads the answer's body. */
export async function refusalOf (answer: Dispatcher.ResponseData): Promise<TransferError> {
  const { statusCode: status } = answer
  const message = shown(describeRefusal(await readError(answer), { status }))
  return isTransientStatus(status) ? new TransientError(message, retryAfterOf(answer)) : new TransferError(message)
}

async function readError ({ body }: Dispatcher.ResponseData): Promise<ErrorBody | undefined> {
  try {
    let text = ''
    for await (const chunk of body.setEncoding('utf8')) {
      text += chunk
      if (text.length > MAX_BYTES) return undefined
    }
    return JSON.parse(text)
  } catch {
    // Something in between has answered.
    return undefined
  }
}
