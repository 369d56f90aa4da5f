import { randomUUID } from 'node:crypto'
import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import { filesOfLinks } from '../../../transfer/wanted-files.js'

const keyWith = (path: string) => mintObjectKey({
  orgKey: 'acme', workflowId: randomUUID(), runId: randomUUID(), createdBy: randomUUID(), direction: 'outputs', path,
})
const linkTo = (objectKey: string, start = 'https://files.example/api/v1/objects/download') => `${start}?objectKey=${encodeURIComponent(objectKey)}`

t.test('a link leads to a file by its name alone, over either scheme', async (t) => {
  const links = [linkTo(keyWith('plots/größe 1.png')), linkTo(keyWith('a.txt'), 'http://127.0.0.1:3000/any/path')]
  t.strictSame(filesOfLinks(links), [
    { link: links[0], path: 'größe 1.png', sizeBytes: undefined }, { link: links[1], path: 'a.txt', sizeBytes: undefined },
  ])
  t.strictSame(filesOfLinks([]), [])
})

t.test('what is no download link is named by its place, and not repeated', async (t) => {
  const good = linkTo(keyWith('a.txt'))
  for (const wrong of [
    '', 'secret', 'https://files.example/', linkTo('secret'), linkTo('acme/secret'), linkTo(keyWith('b.txt'), 'ftp://files.example/'),
    linkTo(keyWith('b.txt'), 'xhttp://files.example/'), linkTo(keyWith('b.txt'), 'httpsx://files.example/'), keyWith('b.txt'),
  ]) {
    t.throws(() => filesOfLinks([good, wrong]), {
      name: 'TransferError', message: 'Link 2 is no download link, such as put --json and lists of files have.',
    }, JSON.stringify(wrong))
  }
})

t.test('two files of one name are refused, whatever their folders', async (t) => {
  t.throws(() => filesOfLinks([linkTo(keyWith('x/a.txt')), linkTo(keyWith('b.txt')), linkTo(keyWith('y/a.txt'))]), {
    name: 'TransferError', message: 'Two of the links lead to files of the same name: fetch them into different folders.',
  })
})
