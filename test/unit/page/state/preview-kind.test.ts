import t from 'tap'
import { extensionOf, previewKind } from '../../../../page/state/preview-kind.js'

t.test('a file is shown as its media type says', async (t) => {
  for (const [contentType, kind] of [
    ['text/plain; charset=utf-8', 'text'], ['TEXT/CSV', 'table'], ['application/geo+json', 'json'], ['image/png', 'image'],
    ['application/pdf', 'pdf'], ['text/html', 'document'], ['image/svg+xml', 'document'], ['audio/wav', 'audio'], ['video/mp4', 'video'],
    ['application/zip', 'none'], ['image/tiff', 'none'], ['application/x-msdownload', 'none'],
  ] as const) t.equal(previewKind(contentType, 'file.txt'), kind, contentType)
})

t.test('where the type says nothing, the name decides; it never makes a document of a file', async (t) => {
  for (const [name, kind] of [
    ['a.csv', 'table'], ['a.JSON', 'json'], ['run.log', 'text'], ['README', 'none'], ['a.html', 'none'], ['a.svg', 'none'], ['a.pdf', 'none'],
  ] as const) for (const contentType of ['application/octet-stream', '']) t.equal(previewKind(contentType, name), kind, name)
})

t.test('an extension is what stands after the last dot', async (t) => {
  for (const [name, extension] of [['a.tar.GZ', 'gz'], ['.profile', ''], ['none', ''], ['dot.', ''], ['a.much-too-long-for-one', '']] as const) {
    t.equal(extensionOf(name), extension, name)
  }
})
