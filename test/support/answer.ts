const ASK_INTERVAL_MS = 50

/**
 * Waits until a server answers, whatever the answer is.
 *
 * @throws if it has not answered by then
 */
export async function untilAnswered (url: string, name: string, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!await fetch(url, { method: 'HEAD' }).then(() => true, () => false)) {
    if (performance.now() > deadline) throw new Error(`${name} did not start.`)
    await new Promise((resolve) => { setTimeout(resolve, ASK_INTERVAL_MS) })
  }
}
