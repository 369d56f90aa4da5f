import t from 'tap'
import { escapeXml, withRule } from '../../../bucket/setting-document.js'

const document = { root: 'LifecycleConfiguration', rules: ['Rule'] }
const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const ours = '<Rule><ID>ours</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status></Rule>'
const isOurs = (rule: string) => rule.includes('<ID>ours</ID>')

t.test('a rule comes into a document that is missing, empty or has rules of others', async (t) => {
  const alone = `<LifecycleConfiguration ${namespace}>${ours}</LifecycleConfiguration>`
  for (const text of [undefined, '', '<LifecycleConfiguration/>', `<?xml version="1.0"?><LifecycleConfiguration ${namespace}></LifecycleConfiguration>`]) {
    t.equal(withRule(document, text, ours, isOurs), alone)
  }
  const theirs = '<Rule><ID>theirs</ID><Expiration><Days>1</Days></Expiration></Rule>\n<Other/>'
  t.equal(withRule(document, `<LifecycleConfiguration>${theirs}</LifecycleConfiguration>`, ours, isOurs),
    `<LifecycleConfiguration ${namespace}>${theirs}${ours}</LifecycleConfiguration>`)
})

t.test('a rule that says the same stays, however the store writes it', async (t) => {
  for (const rule of [ours, '<Rule><Status>Enabled</Status><ID>ours</ID><Prefix></Prefix></Rule>', '<Rule>\n <ID> ours </ID>\n<Status>Enabled</Status></Rule>']) {
    t.equal(withRule(document, `<LifecycleConfiguration>${rule}</LifecycleConfiguration>`, ours, (text) => /ID>\s*ours/.test(text)), undefined)
  }
})

t.test('a rule that says something else, or is there twice, is replaced', async (t) => {
  const alone = `<LifecycleConfiguration ${namespace}>${ours}</LifecycleConfiguration>`
  for (const rules of ['<Rule><ID>ours</ID><Status>Disabled</Status></Rule>', `${ours}${ours}`, '<Rule><ID>ours</ID><Status>Enabled</Status><Prefix>a</Prefix></Rule>']) {
    t.equal(withRule(document, `<LifecycleConfiguration>${rules}</LifecycleConfiguration>`, ours, isOurs), alone)
  }
})

t.test('text of settings cannot become elements', async (t) => {
  t.equal(escapeXml('a<b>&c'), 'a&#60;b&#62;&#38;c')
})
