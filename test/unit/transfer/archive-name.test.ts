import t from 'tap'
import { contentDisposition } from '../../../http/content-disposition.js'
import { archiveNameOf } from '../../../transfer/archive-name.js'

t.test('an archive is named as the service names it', async (t) => {
  for (const name of ['Wörkflow 秘密 1.zip', 'a.b.zip', '-.zip']) t.equal(archiveNameOf(contentDisposition('attachment', name), 'zip'), name)
})

t.test('a name that leads elsewhere, hides or misleads is not taken', async (t) => {
  for (const name of [
    '', '../a.zip', '/a.zip', 'a/b.zip', 'a\\b.zip', 'C:a.zip', '.a.zip', ' a.zip', 'nul.zip', 'a.exe', 'a.tar', 'a.zip ', 'a\0.zip', 'a\n.zip',
    'a\u202epiz.exe.zip', `${'x'.repeat(252)}.zip`,
  ]) t.equal(archiveNameOf(`attachment; filename*=UTF-8''${encodeURIComponent(name)}`, 'zip'), 'files.zip', JSON.stringify(name))
  for (const broken of ['', 'attachment', 'attachment; filename="unended.zip', ';;;=']) t.equal(archiveNameOf(broken, 'tar'), 'files.tar')
})
