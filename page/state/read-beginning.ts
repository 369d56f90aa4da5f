import { base } from './router.js'

/** How much of a text is shown, in bytes. */
export const PREVIEW_BYTES = 262_144

/** The address at which the page's own service shows a file. */
export function inlineAddress (objectKey: string): string {
  const address = new URL('api/v1/objects/download', base)
  address.search = new URLSearchParams({ objectKey, type: 'inline' }).toString()
  return address.href
}

/**
 * Reads the beginning of a file as text, wherever its download leads, and without the token: its key is the permission.
 *
 * @throws TypeError if there is no answer, for example because the storage does not allow this page (CORS)
 */
export async function readBeginning (objectKey: string, signal: AbortSignal): Promise<{ text: string, isWhole: boolean }> {
  const response = await fetch(inlineAddress(objectKey), {
    headers: { range: `bytes=0-${PREVIEW_BYTES - 1}` }, credentials: 'omit', signal,
  })
  // An empty file has no range (RFC 9110, 15.5.17).
  if (response.status === 416) return { text: '', isWhole: true }
  if (!response.ok || response.body === null) throw new TypeError(`The file is answered with status ${response.status}.`)
  const decoder = new TextDecoder()
  const reader = response.body.getReader()
  let text = ''
  let readBytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { text: text + decoder.decode(), isWhole: response.status === 200 || readBytes < PREVIEW_BYTES }
    readBytes += value.length
    text += decoder.decode(value, { stream: true })
    // A server that ignores ranges sends everything.
    if (readBytes >= PREVIEW_BYTES) {
      await reader.cancel()
      return { text, isWhole: false }
    }
  }
}

/**
 * Reads a whole file, as `readBeginning` does.
 *
 * @returns undefined if it has more than `mostBytes`
 * @throws TypeError without an answer, as from a storage that does not allow this page (CORS)
 */
export async function readWhole (objectKey: string, mostBytes: number, signal: AbortSignal): Promise<ArrayBuffer | undefined> {
  const response = await fetch(inlineAddress(objectKey), { credentials: 'omit', signal })
  if (!response.ok) throw new TypeError(`The file is answered with status ${response.status}.`)
  if (Number(response.headers.get('content-length')) <= mostBytes) return await response.arrayBuffer()
  await response.body?.cancel()
  return undefined
}
