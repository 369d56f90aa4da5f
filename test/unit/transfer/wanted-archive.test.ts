import t from 'tap'
import { archiveOfLink, archiveOfRun } from '../../../transfer/wanted-archive.js'

t.test('a share link leads to the archive of the same address', async (t) => {
  const link = 'https://files.example.com/below/api/v1/objects/shared/a-Z_9'
  for (const given of [link, `${link}/`, `${link}/archive`, `${link}?as=json#top`, `${link}/archive?format=tar`]) {
    t.equal(archiveOfLink(given, 'zip').url, `${link}/archive?format=zip`)
  }
  t.strictSame(await archiveOfLink(link, 'zip').authorise(), {})
  for (const other of ['', 'a', 'file:///api/v1/objects/shared/a', 'https://x/api/v1/objects/download?objectKey=k', 'https://x/api/v1/objects/shared/a/b']) {
    t.throws(() => archiveOfLink(other, 'zip'), { message: /Only a share link/ })
  }
})

t.test('a run\'s archive is asked for with the token as it is then', async (t) => {
  let token = 'first'
  const connection = { address: 'http://x', readToken: async () => token, createClient: () => { throw new Error('needs none') } }
  const { url, authorise } = archiveOfRun(connection, { workflowId: 'w', runId: 'r', direction: 'inputs' }, 'tar')
  t.equal(url, 'http://x/api/v1/objects/archive?workflowId=w&runId=r&direction=inputs&format=tar')
  token = 'second'
  t.strictSame(await authorise(), { authorization: 'Bearer second' })
})
