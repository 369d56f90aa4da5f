import t from 'tap'
import { DownloadPolicy } from '../../../downloads/decision.js'

/** Every combination of mode, setting, what is wanted, disposition and stored type; and how such a download is answered. */
const table = `
redirect sandbox    file attachment text/plain -> redirect attachment
redirect sandbox    file attachment text/html  -> redirect attachment
redirect sandbox    file attachment -          -> redirect attachment
redirect sandbox    file inline     text/plain -> redirect inline
redirect sandbox    file inline     text/html  -> stream   inline
redirect sandbox    file inline     -          -> stream   inline
redirect sandbox    json attachment text/plain -> json     attachment
redirect sandbox    json attachment text/html  -> json     attachment
redirect sandbox    json attachment -          -> json     attachment
redirect sandbox    json inline     text/plain -> json     inline
redirect sandbox    json inline     text/html  -> json     attachment
redirect sandbox    json inline     -          -> json     attachment
redirect scripts    file attachment text/plain -> redirect attachment
redirect scripts    file attachment text/html  -> redirect attachment
redirect scripts    file attachment -          -> redirect attachment
redirect scripts    file inline     text/plain -> redirect inline
redirect scripts    file inline     text/html  -> stream   inline
redirect scripts    file inline     -          -> stream   inline
redirect scripts    json attachment text/plain -> json     attachment
redirect scripts    json attachment text/html  -> json     attachment
redirect scripts    json attachment -          -> json     attachment
redirect scripts    json inline     text/plain -> json     inline
redirect scripts    json inline     text/html  -> json     attachment
redirect scripts    json inline     -          -> json     attachment
redirect attachment file attachment text/plain -> redirect attachment
redirect attachment file attachment text/html  -> redirect attachment
redirect attachment file attachment -          -> redirect attachment
redirect attachment file inline     text/plain -> redirect inline
redirect attachment file inline     text/html  -> redirect attachment
redirect attachment file inline     -          -> redirect attachment
redirect attachment json attachment text/plain -> json     attachment
redirect attachment json attachment text/html  -> json     attachment
redirect attachment json attachment -          -> json     attachment
redirect attachment json inline     text/plain -> json     inline
redirect attachment json inline     text/html  -> json     attachment
redirect attachment json inline     -          -> json     attachment
stream   sandbox    file attachment text/plain -> stream   attachment
stream   sandbox    file attachment text/html  -> stream   attachment
stream   sandbox    file attachment -          -> stream   attachment
stream   sandbox    file inline     text/plain -> stream   inline
stream   sandbox    file inline     text/html  -> stream   inline
stream   sandbox    file inline     -          -> stream   inline
stream   sandbox    json attachment text/plain -> json     attachment
stream   sandbox    json attachment text/html  -> json     attachment
stream   sandbox    json attachment -          -> json     attachment
stream   sandbox    json inline     text/plain -> json     inline
stream   sandbox    json inline     text/html  -> json     attachment
stream   sandbox    json inline     -          -> json     attachment
stream   scripts    file attachment text/plain -> stream   attachment
stream   scripts    file attachment text/html  -> stream   attachment
stream   scripts    file attachment -          -> stream   attachment
stream   scripts    file inline     text/plain -> stream   inline
stream   scripts    file inline     text/html  -> stream   inline
stream   scripts    file inline     -          -> stream   inline
stream   scripts    json attachment text/plain -> json     attachment
stream   scripts    json attachment text/html  -> json     attachment
stream   scripts    json attachment -          -> json     attachment
stream   scripts    json inline     text/plain -> json     inline
stream   scripts    json inline     text/html  -> json     attachment
stream   scripts    json inline     -          -> json     attachment
stream   attachment file attachment text/plain -> stream   attachment
stream   attachment file attachment text/html  -> stream   attachment
stream   attachment file attachment -          -> stream   attachment
stream   attachment file inline     text/plain -> stream   inline
stream   attachment file inline     text/html  -> stream   attachment
stream   attachment file inline     -          -> stream   attachment
stream   attachment json attachment text/plain -> json     attachment
stream   attachment json attachment text/html  -> json     attachment
stream   attachment json attachment -          -> json     attachment
stream   attachment json inline     text/plain -> json     inline
stream   attachment json inline     text/html  -> json     attachment
stream   attachment json inline     -          -> json     attachment
`.trim().split('\n').map((line) => line.replaceAll(/ +/g, ' '))

t.test('how a download is answered depends on the settings, on what is asked, and on the type stored', async (t) => {
  const decided = []
  for (const mode of ['redirect', 'stream'] as const) {
    for (const setting of ['sandbox', 'scripts', 'attachment'] as const) {
      const policy = new DownloadPolicy(mode, setting)
      for (const wanted of ['file', 'json'] as const) {
        for (const asked of ['attachment', 'inline'] as const) {
          for (const storedType of ['text/plain', 'text/html', undefined]) {
            const { kind, disposition } = policy.decide(wanted, asked, storedType)
            decided.push(`${mode} ${setting} ${wanted} ${asked} ${storedType ?? '-'} -> ${kind} ${disposition}`)
          }
        }
      }
    }
  }
  t.strictSame(decided, table)
})

t.test('a file need not be looked up exactly where every one is streamed', async (t) => {
  for (const [mode, wanted, expected] of [
    ['redirect', 'file', false], ['redirect', 'json', false], ['stream', 'file', true], ['stream', 'json', false],
  ] as const) {
    const policy = new DownloadPolicy(mode, 'sandbox')
    t.equal(policy.streamsAnyFile(wanted), expected, `${mode} ${wanted}`)
    const kinds = [undefined, 'text/plain', 'text/html'].flatMap((storedType) =>
      (['attachment', 'inline'] as const).map((asked) => policy.decide(wanted, asked, storedType).kind))
    t.equal(kinds.every((kind) => kind === 'stream'), expected)
  }
})
